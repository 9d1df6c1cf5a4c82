"""A connection to a table, against a node that follows a script."""

from collections.abc import AsyncIterator

import pytest
import trio
from attrs import evolve

from cardroom.client import (
    ClientLimits,
    ConnectionLost,
    ProtocolBroken,
    RequestRefused,
    SequenceGap,
    StateDrift,
    connect_table,
)
from cardroom.ids import SeatIndex
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.codec import Encoding
from cardroom.wire.place import PlaceChanged
from cardroom.wire.player import (
    Act,
    ActionKind,
    AutoTopUp,
    JoinWaitingList,
    Leave,
    LeaveWaitingList,
    Ping,
    PlayerMessage,
    Resync,
    RunItTwice,
    ShowCards,
    SitDown,
    SitIn,
    SitOut,
    Straddle,
    TopUp,
)
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import (
    ClockPhase,
    Done,
    LegalActions,
    Pong,
    Refused,
    SeatStatus,
    SeatTaken,
    StateChanged,
    TableState,
    TurnView,
    Welcome,
)
from tests.fakes.node import (
    EMPTY,
    ME,
    MY_SEAT,
    OTHER_SEAT,
    SEATED,
    STRANGER,
    TABLE,
    WELCOME,
    Stage,
    scripted_node,
)

BRIEF = ClientLimits(connect_seconds=2.0, answer_seconds=0.2, close_seconds=0.2)
TURN = TurnView(MY_SEAT, 9, ClockPhase.TURN, 15_000, 30_000, LegalActions(True, Krw(0), None, None, None))
HALTED = StateChanged(TABLE, 11, 3, TableState.HALTED)


@pytest.fixture(autouse=True)
async def limit() -> AsyncIterator[None]:
    with trio.fail_after(10):
        yield


@pytest.mark.parametrize("encoding", list(Encoding))
async def test_a_visit_in_both_encodings(encoding: Encoding) -> None:
    heard: list[object] = []

    async def node(stage: Stage) -> None:
        await stage.welcome()
        for _ in range(8):
            message = await stage.hear()
            heard.append(message)
            number = message.action_id if isinstance(message, Act) else message.request_id  # type: ignore[union-attr]
            await stage.tell(Done(number))

    async with scripted_node(node) as ticket, connect_table(ticket, encoding) as table:
        assert table.view.name == "Han"
        assert table.welcome == WELCOME
        await table.sit_down(Krw(80_000), SeatIndex(2), posts_blind=True)
        await table.sit_out()
        await table.sit_in(posts_blind=True)
        await table.act(TURN, ActionKind.RAISE_TO, Krw(6_000))
        await table.straddle(straddles=True)
        await table.run_it_twice(agrees=True)
        await table.show_cards((CardCode(51),))
        await table.leave()
    kinds = [type(message) for message in heard]
    assert kinds == [SitDown, SitOut, SitIn, Act, Straddle, RunItTwice, ShowCards, Leave]
    act = heard[3]
    assert isinstance(act, Act)
    assert (act.hand_no, act.turn, act.amount) == (3, 9, 6_000)
    shown = heard[6]
    assert isinstance(shown, ShowCards)
    assert (shown.hand_no, shown.cards) == (3, (CardCode(51),))


@pytest.mark.parametrize("encoding", list(Encoding))
async def test_all_that_is_asked_besides_playing(encoding: Encoding) -> None:
    heard: list[PlayerMessage] = []

    async def node(stage: Stage) -> None:
        await stage.welcome()
        for _ in range(8):
            message = await stage.hear()
            heard.append(message)
            await stage.tell(Done(message.request_id))  # type: ignore[union-attr]

    async with scripted_node(node) as ticket, connect_table(ticket, encoding) as table:
        await table.join_waiting_list()
        await table.leave_waiting_list()
        await table.top_up(Krw(50_000))
        await table.auto_top_up(Krw(200_000))
        await table.sit_out(at_big_blind=True)
        await table.sit_out()
        await table.leave(after_hand=True)
        await table.leave()
    numbers = [message.request_id for message in heard]  # type: ignore[union-attr]
    assert heard == [
        JoinWaitingList(numbers[0], TABLE),
        LeaveWaitingList(numbers[1], TABLE),
        TopUp(numbers[2], TABLE, Krw(50_000)),
        AutoTopUp(numbers[3], TABLE, Krw(200_000)),
        SitOut(numbers[4], TABLE, at_big_blind=True),
        SitOut(numbers[5], TABLE, at_big_blind=False),
        Leave(numbers[6], TABLE, after_hand=True),
        Leave(numbers[7], TABLE, after_hand=False),
    ]
    assert len(set(numbers)) == len(numbers)


async def test_a_top_up_that_is_refused_is_raised() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        message = await stage.hear()
        assert isinstance(message, TopUp)
        await stage.tell(Refused(message.request_id, Refusal.INSUFFICIENT_FUNDS))

    async with scripted_node(node) as ticket, connect_table(ticket) as table:
        with pytest.raises(RequestRefused, match="insufficient_funds"):
            await table.top_up(Krw(50_000))


async def test_a_resync_begins_the_view_anew() -> None:
    fresh = evolve(EMPTY, table_seq=50, waiting=2)

    async def node(stage: Stage) -> None:
        await stage.welcome()
        message = await stage.hear()
        assert isinstance(message, Resync)
        assert message.last_seq is None
        await stage.tell(fresh, Done(message.request_id))

    async with scripted_node(node) as ticket, connect_table(ticket) as table:
        await table.resync()
        assert (table.view.table_seq, table.view.waiting) == (50, 2)
        assert await anext(table) == fresh


async def test_the_players_own_business_is_told_and_shown() -> None:
    offered = evolve(STRANGER, waiting_number=1, offered_seat=OTHER_SEAT, offer_left_ms=30_000)
    told = [
        PlaceChanged(TABLE, offered, None),
        PlaceChanged(TABLE, STRANGER, Refusal.OFFER_EXPIRED),
        PlaceChanged(TABLE, SEATED, None),
    ]

    async def node(stage: Stage) -> None:
        await stage.welcome()
        for one in told:
            await stage.tell(one)
            message = await stage.hear()
            assert isinstance(message, SitIn)
            await stage.tell(Done(message.request_id))

    async with scripted_node(node) as ticket, connect_table(ticket, limits=BRIEF) as table:
        assert table.view.place == STRANGER
        for one in told:
            assert await anext(table) == one
            assert table.view.place == one.place
            assert table.view.my_seat == one.place.seat
            await table.sit_in()


async def test_numbers_of_requests_go_on_after_a_reconnect() -> None:
    numbers: list[int] = []

    async def node(stage: Stage) -> None:
        await stage.welcome()
        message = await stage.hear()
        assert isinstance(message, Leave)
        numbers.append(message.request_id)
        await stage.tell(Done(message.request_id))

    async with scripted_node(node) as ticket:
        for _ in range(2):
            async with connect_table(ticket) as table:
                await table.leave()
    assert numbers[0] < numbers[1]


async def test_a_refusal_is_raised_and_the_connection_goes_on() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        for code in (Refusal.NOT_SEATED, None):
            message = await stage.hear()
            assert isinstance(message, Leave)
            number = message.request_id
            await stage.tell(Refused(number, code) if code else Done(number))

    async with scripted_node(node) as ticket, connect_table(ticket) as table:
        with pytest.raises(RequestRefused) as refused:
            await table.leave()
        assert refused.value.code is Refusal.NOT_SEATED
        await table.leave()


async def test_a_refused_ticket() -> None:
    async def node(stage: Stage) -> None:
        await stage.hear()
        await stage.tell(Refused(None, Refusal.TICKET_USED))
        await stage.connection.aclose(4401)

    async with scripted_node(node) as ticket:
        with pytest.raises(RequestRefused, match="ticket_used"):
            async with connect_table(ticket):
                pass


async def test_events_come_in_order_and_the_view_is_at_the_newest() -> None:
    taken = SeatTaken(TABLE, 11, 3, MY_SEAT, ME, "me", SeatStatus.RESERVED, Krw(0))
    state = StateChanged(TABLE, 12, 3, TableState.HALTED)

    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.tell(taken, state)

    async with scripted_node(node) as ticket, connect_table(ticket) as table:
        assert [await anext(table), await anext(table)] == [taken, state]
        assert table.view.my_seat == MY_SEAT
        assert table.view.table_seq == 12


async def test_a_new_snapshot_replaces_the_view() -> None:
    fresh = evolve(EMPTY, table_seq=50)

    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.tell(fresh)

    async with scripted_node(node) as ticket, connect_table(ticket) as table:
        assert await anext(table) == fresh
        assert table.view.table_seq == 50


async def test_a_gap_ends_the_connection_for_all_who_wait() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.hear()
        await stage.tell(StateChanged(TABLE, 13, 3, TableState.HALTED))

    async with scripted_node(node) as ticket, connect_table(ticket) as table:
        with pytest.raises(SequenceGap):
            await table.leave()
        with pytest.raises(SequenceGap):
            await anext(table)


async def test_a_state_that_is_not_the_nodes_ends_the_connection_for_all_who_wait() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.hear()
        await stage.tell(evolve(HALTED, state_hash=bytes(8)))

    async with scripted_node(node) as ticket, connect_table(ticket) as table:
        with pytest.raises(StateDrift) as drift:
            await table.leave()
        assert drift.value.table_seq == 11
        with pytest.raises(StateDrift):
            await table.resync()


@pytest.mark.parametrize(
    ("message", "error"),
    [(WELCOME, ProtocolBroken), (Refused(None, Refusal.MALFORMED), RequestRefused)],
)
async def test_what_no_request_asked_for_ends_the_connection(
    message: Welcome | Refused, error: type[Exception]
) -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.tell(message)

    async with scripted_node(node) as ticket, connect_table(ticket) as table:
        with pytest.raises(error):
            await anext(table)


async def test_a_close_says_its_code() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.connection.aclose(1012)

    async with scripted_node(node) as ticket, connect_table(ticket) as table:
        with pytest.raises(ConnectionLost) as lost:
            await anext(table)
        assert lost.value.close_code == 1012


async def test_an_answer_that_does_not_come_ends_the_connection() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.hear()

    async with scripted_node(node) as ticket, connect_table(ticket, limits=BRIEF) as table:
        with pytest.raises(ConnectionLost, match="no answer"):
            await table.leave()
        with pytest.raises(ConnectionLost, match="no answer"):
            await table.sit_out()


async def test_events_that_nobody_reads_end_the_connection() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.hear()
        await stage.tell(HALTED, evolve(HALTED, table_seq=12))

    async with scripted_node(node) as ticket, connect_table(ticket, limits=ClientLimits(events=1)) as table:
        with pytest.raises(ConnectionLost, match="not read"):
            await table.leave()


async def test_signs_of_life_are_sent_and_a_silent_node_is_noticed() -> None:
    pings: list[int] = []

    async def node(stage: Stage) -> None:
        await stage.welcome(evolve(WELCOME, heartbeat_seconds=0))
        for _ in range(3):
            ping = await stage.hear()
            assert isinstance(ping, Ping)
            pings.append(ping.number)
            if len(pings) < 3:
                await stage.tell(Pong(ping.number))

    async with scripted_node(node) as ticket, connect_table(ticket, limits=BRIEF) as table:
        with pytest.raises(ConnectionLost, match="no answer"):
            await anext(table)
    assert len(set(pings)) == 3


async def test_an_error_of_the_block_leaves_as_it_is() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()

    async with scripted_node(node) as ticket:
        with pytest.raises(ZeroDivisionError):
            async with connect_table(ticket):
                raise ZeroDivisionError
