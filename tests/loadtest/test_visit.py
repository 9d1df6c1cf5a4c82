"""One visit to a table, against a node that follows a script."""

from collections.abc import AsyncIterator
from random import Random
from uuid import UUID

import pytest
import trio
from attrs import evolve

from cardroom.client import connect
from cardroom.ids import HandId
from cardroom.money import Krw
from cardroom.wire.moved import Moved
from cardroom.wire.place import PlaceChanged
from cardroom.wire.player import Act, AutoTopUp, Leave, Resume, RunItTwice, SitDown, SitIn, Straddle
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import (
    ClockPhase,
    Done,
    HandEnded,
    LeaveReason,
    LegalActions,
    Refused,
    RunItTwiceView,
    SeatChanged,
    SeatLeft,
    SeatNet,
    SeatStatus,
    SeatTaken,
    Snapshot,
    TablePaused,
    TurnView,
)
from loadtest.profile import Pace
from loadtest.stop import Stop
from loadtest.tally import Tally
from loadtest.think import QuickThought
from loadtest.visit import Visit
from tests.fakes.node import EMPTY, ME, MY_SEAT, SEATED, TABLE, WELCOME, Script, Stage, scripted_node
from tests.loadtest.table import seat_view

PACE = Pace(thought=QuickThought(0.0, 0.001), hands_per_visit=1e9, leave_seconds=2.0)
CHECK = LegalActions(True, Krw(0), None, None, None)
TURN = TurnView(MY_SEAT, 5, ClockPhase.TURN, 15_000, 30_000, CHECK)
AT_SEAT = evolve(EMPTY, seats=(seat_view(),), you=SEATED)


@pytest.fixture(autouse=True)
async def limit() -> AsyncIterator[None]:
    with trio.fail_after(10):
        yield


async def visit(script: Script, pace: Pace = PACE, stop: Stop | None = None) -> Tally:
    tally = Tally()
    async with scripted_node(script) as ticket, connect(ticket) as table:
        await Visit(table, pace, Random(1), tally, stop or Stop()).run()
    return tally


def counted(tally: Tally) -> dict[str, int]:
    return dict(tally.numbers.counts)


async def pay_out(stage: Stage, seq: int) -> None:
    message = await stage.hear()
    assert isinstance(message, Leave)
    await stage.tell(Done(message.request_id), paid_out(seq))


def paid_out(table_seq: int) -> SeatLeft:
    return SeatLeft(TABLE, table_seq, 3, MY_SEAT, ME, Krw(100_000), LeaveReason.LEFT)


def turn_at(turn: TurnView, snapshot: Snapshot = AT_SEAT) -> Snapshot:
    return evolve(snapshot, turn=turn)


async def test_sits_down_and_leaves_at_the_order() -> None:
    stop = Stop()

    async def node(stage: Stage) -> None:
        await stage.welcome()
        message = await stage.hear()
        assert isinstance(message, SitDown)
        assert message.posts_blind
        await stage.tell(
            SeatTaken(TABLE, 11, 3, MY_SEAT, ME, "me", SeatStatus.RESERVED, Krw(0)),
            SeatChanged(TABLE, 12, 3, MY_SEAT, SeatStatus.PLAYING, message.buy_in),
            Done(message.request_id),
        )
        stop.order()
        await pay_out(stage, 13)

    tally = await visit(node, stop=stop)
    assert (counted(tally), tally.seated, tally.connected) == ({"buy_ins": 1, "cash_outs": 1}, 0, 0)


async def test_uses_its_turn_once_and_measures_the_answer() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome(snapshot=turn_at(TURN))
        act = await stage.hear()
        assert isinstance(act, Act)
        assert (act.hand_no, act.turn) == (3, 5)
        await stage.tell(Done(act.action_id))
        result = SeatNet(MY_SEAT, Krw(-100_000), Krw(0))
        await stage.tell(HandEnded(TABLE, 11, 3, HandId(UUID(int=1)), Krw(0), (result,)))
        await pay_out(stage, 12)

    tally = await visit(node)
    assert len(tally.numbers.own_ack) == 1
    assert counted(tally)["hands_seen"] == 1
    assert tally.numbers.protocol_errors == {}


async def test_leaves_after_its_hands() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome(snapshot=AT_SEAT)
        result = SeatNet(MY_SEAT, Krw(10), Krw(100_010))
        for seq in range(11, 16):
            await stage.tell(HandEnded(TABLE, seq, 3, HandId(UUID(int=1)), Krw(0), (result,)))
        await pay_out(stage, 16)

    assert counted(await visit(node, evolve(PACE, hands_per_visit=0.01)))["cash_outs"] == 1


@pytest.mark.parametrize("code", [None, Refusal.NOT_OFFERED, Refusal.ACTION_NOT_ALLOWED])
async def test_answers_once_whether_to_run_it_twice(code: Refusal | None) -> None:
    stop = Stop()

    async def node(stage: Stage) -> None:
        await stage.welcome(snapshot=evolve(AT_SEAT, run_it_twice=RunItTwiceView((MY_SEAT,), 5_000)))
        answer = await stage.hear()
        assert isinstance(answer, RunItTwice)
        assert answer.hand_no == 3
        await stage.tell(
            SeatChanged(TABLE, 11, 3, MY_SEAT, SeatStatus.PLAYING, Krw(100_000)),
            Done(answer.request_id) if code is None else Refused(answer.request_id, code),
        )
        stop.order()
        await pay_out(stage, 12)

    tally = await visit(node, stop=stop)
    assert tally.numbers.protocol_errors.total() == (code is Refusal.ACTION_NOT_ALLOWED)


async def test_some_straddle_where_it_is_offered_and_some_fill_up() -> None:
    straddled, filled = [], []

    async def node(stage: Stage) -> None:
        await stage.welcome(snapshot=evolve(EMPTY, options=evolve(EMPTY.options, straddle=Krw(4_000))))
        message = await stage.hear()
        assert isinstance(message, SitDown)
        taken = SeatTaken(TABLE, 11, 3, MY_SEAT, ME, "me", SeatStatus.PLAYING, Krw(100_000))
        await stage.tell(taken, Done(message.request_id))
        while isinstance(message := await stage.hear(), Straddle | AutoTopUp):
            if isinstance(message, Straddle):
                straddled.append(message.straddles)
            else:
                filled.append(message.up_to)
            await stage.tell(Done(message.request_id))
        assert isinstance(message, Leave)
        await stage.tell(Done(message.request_id), paid_out(12))

    for seed in range(12):
        stop = Stop()
        async with scripted_node(node) as ticket, connect(ticket) as table:
            stop.order()
            await Visit(table, PACE, Random(seed), Tally(), stop).run()
    assert 0 < len(straddled) < 12
    assert 0 < len(filled) < 12
    assert all(straddled)
    assert set(filled) == {EMPTY.min_buy_in}


async def test_a_legal_action_that_is_refused_breaks_the_protocol() -> None:
    stop = Stop()

    async def node(stage: Stage) -> None:
        await stage.welcome(snapshot=turn_at(TURN))
        act = await stage.hear()
        assert isinstance(act, Act)
        await stage.tell(Refused(act.action_id, Refusal.AMOUNT_TOO_SMALL))
        stop.order()
        await pay_out(stage, 11)

    tally = await visit(node, stop=stop)
    assert tally.numbers.refusals == {"amount_too_small": 1}
    assert tally.numbers.protocol_errors.total() == 1


async def test_a_late_action_is_no_fault_and_a_crowded_node_is_asked_again() -> None:
    stop = Stop()

    async def node(stage: Stage) -> None:
        await stage.welcome(snapshot=turn_at(TURN))
        for code in (Refusal.BUSY, Refusal.STALE_TURN):
            act = await stage.hear()
            assert isinstance(act, Act)
            await stage.tell(Refused(act.action_id, code))
        stop.order()
        await pay_out(stage, 11)

    tally = await visit(node, stop=stop)
    assert tally.numbers.refusals == {"busy": 1, "stale_turn": 1}
    assert tally.numbers.protocol_errors == {}


async def test_sits_in_again() -> None:
    stop = Stop()
    idle = evolve(seat_view(), status=SeatStatus.SITTING_OUT)

    async def node(stage: Stage) -> None:
        await stage.welcome(snapshot=evolve(AT_SEAT, seats=(idle,)))
        message = await stage.hear()
        assert isinstance(message, SitIn)
        await stage.tell(
            Done(message.request_id), SeatChanged(TABLE, 11, 3, MY_SEAT, SeatStatus.PLAYING, Krw(9))
        )
        stop.order()
        await pay_out(stage, 12)

    assert counted(await visit(node, stop=stop))["cash_outs"] == 1


async def test_acts_again_when_a_table_that_rested_goes_on_and_when_it_moves_in_the_turn() -> None:
    stop = Stop()

    async def there(stage: Stage) -> None:
        assert isinstance(await stage.hear(), Resume)
        await stage.tell(WELCOME, PlaceChanged(TABLE, SEATED, None))
        act = await stage.hear()
        assert isinstance(act, Act)
        await stage.tell(Done(act.action_id))
        stop.order()
        await pay_out(stage, 11)

    async with scripted_node(there) as elsewhere:

        async def here(stage: Stage) -> None:
            await stage.welcome(snapshot=turn_at(TURN))
            act = await stage.hear()
            assert isinstance(act, Act)
            await stage.tell(TablePaused(TABLE, is_paused=True), Refused(act.action_id, Refusal.TABLE_PAUSED))
            again = await stage.hear()
            assert isinstance(again, Act)
            await stage.tell(Refused(again.action_id, Refusal.TABLE_PAUSED))
            await stage.tell(TablePaused(TABLE, is_paused=False))
            assert isinstance(await stage.hear(), Act)
            await stage.tell(Moved(TABLE, elsewhere.url, "a token"))

        tally = await visit(here, stop=stop)
    assert len(tally.numbers.own_ack) == 1
    assert tally.numbers.refusals["table_paused"] == 2
    assert (tally.numbers.protocol_errors, counted(tally)["cash_outs"]) == ({}, 1)
