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
    TableMoved,
    connect,
)
from cardroom.money import Krw
from cardroom.wire.codec import Encoding
from cardroom.wire.moved import Moved
from cardroom.wire.place import PlaceChanged
from cardroom.wire.player import (
    Hello,
    Leave,
    Ping,
    Resume,
)
from cardroom.wire.protection import RealityCheck
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import (
    ClockPhase,
    Done,
    LegalActions,
    Pong,
    Refused,
    SeatStatus,
    SeatTaken,
    Snapshot,
    StateChanged,
    TablePaused,
    TableState,
    TurnView,
    Welcome,
)
from tests.fakes.node import EMPTY, ME, MY_SEAT, SEATED, TABLE, WELCOME, Stage, scripted_node

BRIEF = ClientLimits(connect_seconds=2.0, answer_seconds=0.2, close_seconds=0.2)
TURN = TurnView(MY_SEAT, 9, ClockPhase.TURN, 15_000, 30_000, LegalActions(True, Krw(0), None, None, None))
HALTED = StateChanged(TABLE, 11, 3, TableState.HALTED)


@pytest.fixture(autouse=True)
async def limit() -> AsyncIterator[None]:
    with trio.fail_after(10):
        yield


async def test_a_refusal_is_raised_and_the_connection_goes_on() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        for code in (Refusal.NOT_SEATED, None):
            message = await stage.hear()
            assert isinstance(message, Leave)
            number = message.request_id
            await stage.tell(Refused(number, code) if code else Done(number))

    async with scripted_node(node) as ticket, connect(ticket) as table:
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
            async with connect(ticket):
                pass


async def test_the_code_of_a_private_table_goes_into_the_hello_and_may_be_refused() -> None:
    async def node(stage: Stage) -> None:
        hello = await stage.hear()
        assert isinstance(hello, Hello)
        await stage.tell(WELCOME)
        if hello.invitation == "ABCDEFGH23":
            await stage.tell(evolve(EMPTY, is_private=True))
        else:
            await stage.tell(Refused(None, Refusal.INVITATION_NEEDED))
            await stage.connection.aclose(4401)

    async with scripted_node(node) as ticket:
        async with connect(ticket, invitation="ABCDEFGH23") as table:
            assert table.view.is_private
        for wrong in ("", "ABCDEFGH24"):
            with pytest.raises(RequestRefused) as refused:
                async with connect(ticket, invitation=wrong):
                    pass
            assert refused.value.code is Refusal.INVITATION_NEEDED


async def test_events_come_in_order_and_the_view_is_at_the_newest() -> None:
    taken = SeatTaken(TABLE, 11, 3, MY_SEAT, ME, "me", SeatStatus.RESERVED, Krw(0))
    state = StateChanged(TABLE, 12, 3, TableState.HALTED)

    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.tell(taken, state)

    async with scripted_node(node) as ticket, connect(ticket) as table:
        assert [await anext(table), await anext(table)] == [taken, state]
        assert table.view.my_seat == MY_SEAT
        assert table.view.table_seq == 12


async def test_a_new_snapshot_replaces_the_view() -> None:
    fresh = evolve(EMPTY, table_seq=50)

    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.tell(fresh)

    async with scripted_node(node) as ticket, connect(ticket) as table:
        assert await anext(table) == fresh
        assert table.view.table_seq == 50


async def test_a_gap_ends_the_connection_for_all_who_wait() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.hear()
        await stage.tell(StateChanged(TABLE, 13, 3, TableState.HALTED))

    async with scripted_node(node) as ticket, connect(ticket) as table:
        with pytest.raises(SequenceGap):
            await table.leave()
        with pytest.raises(SequenceGap):
            await anext(table)


async def test_a_state_that_is_not_the_nodes_ends_the_connection_for_all_who_wait() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.hear()
        await stage.tell(evolve(HALTED, state_hash=bytes(8)))

    async with scripted_node(node) as ticket, connect(ticket) as table:
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

    async with scripted_node(node) as ticket, connect(ticket) as table:
        with pytest.raises(error):
            await anext(table)


async def test_a_close_says_its_code() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.connection.aclose(1012)

    async with scripted_node(node) as ticket, connect(ticket) as table:
        with pytest.raises(ConnectionLost) as lost:
            await anext(table)
        assert lost.value.close_code == 1012


async def test_an_answer_that_does_not_come_ends_the_connection() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.hear()

    async with scripted_node(node) as ticket, connect(ticket, limits=BRIEF) as table:
        with pytest.raises(ConnectionLost, match="no answer"):
            await table.leave()
        with pytest.raises(ConnectionLost, match="no answer"):
            await table.sit_out()


async def test_events_that_nobody_reads_end_the_connection() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.hear()
        await stage.tell(HALTED, evolve(HALTED, table_seq=12))

    async with scripted_node(node) as ticket, connect(ticket, limits=ClientLimits(events=1)) as table:
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

    async with scripted_node(node) as ticket, connect(ticket, limits=BRIEF) as table:
        with pytest.raises(ConnectionLost, match="no answer"):
            await anext(table)
    assert len(set(pings)) == 3


async def test_an_error_of_the_block_leaves_as_it_is() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()

    async with scripted_node(node) as ticket:
        with pytest.raises(ZeroDivisionError):
            async with connect(ticket):
                raise ZeroDivisionError


async def test_the_way_back_goes_on_where_it_broke_off() -> None:
    resumed: list[Resume] = []

    async def node(stage: Stage) -> None:
        first = await stage.hear()
        if isinstance(first, Resume):
            resumed.append(first)
            missed = StateChanged(TABLE, 12, 3, TableState.WAITING_FOR_PLAYERS)
            await stage.tell(
                evolve(WELCOME, resume="a later token"), missed, PlaceChanged(TABLE, SEATED, None)
            )
        else:
            await stage.tell(WELCOME, EMPTY, HALTED)

    async with scripted_node(node) as ticket:
        async with connect(ticket, Encoding.JSON) as table:
            assert await anext(table) == HALTED
            way_back = table.way_back
        async with connect(way_back) as table:
            assert (table.view.table_seq, table.view.state) == (12, TableState.WAITING_FOR_PLAYERS)
            assert table.view.my_seat == MY_SEAT
            assert table.way_back.token == "a later token"
            assert [await anext(table) for _ in range(2)] == [
                StateChanged(TABLE, 12, 3, TableState.WAITING_FOR_PLAYERS),
                PlaceChanged(TABLE, SEATED, None),
            ]
    assert resumed == [Resume("a token", 11)]


async def test_a_way_back_may_be_answered_with_a_snapshot_or_a_refusal() -> None:
    answers: list[Snapshot | Refused] = [
        evolve(EMPTY, table_seq=700),
        Refused(None, Refusal.TICKET_EXPIRED),
    ]

    async def node(stage: Stage) -> None:
        first = await stage.hear()
        if not isinstance(first, Resume):
            await stage.tell(WELCOME, EMPTY)
        elif isinstance(answer := answers.pop(0), Refused):
            await stage.tell(answer)
        else:
            await stage.tell(WELCOME, answer)

    async with scripted_node(node) as ticket:
        async with connect(ticket) as table:
            way_back = table.way_back
        async with connect(way_back) as table:
            assert table.view.table_seq == 700
        with pytest.raises(RequestRefused) as refused:
            async with connect(way_back):
                pass
    assert refused.value.code is Refusal.TICKET_EXPIRED


async def test_a_table_that_moves_is_followed_and_what_was_under_way_is_told_so() -> None:
    resumed: list[Resume] = []
    left = trio.Event()

    async def there(stage: Stage) -> None:
        first = await stage.hear()
        assert isinstance(first, Resume)
        resumed.append(first)
        await trio.sleep(0.05)
        await stage.tell(evolve(WELCOME, resume="a token there"), PlaceChanged(TABLE, SEATED, None))
        message = await stage.hear()
        assert isinstance(message, Leave)
        await stage.tell(Done(message.request_id), HALTED)

    async with scripted_node(there) as elsewhere:

        async def here(stage: Stage) -> None:
            await stage.welcome()
            await stage.hear()
            await stage.tell(Moved(TABLE, elsewhere.url, "a token on the way"))
            await stage.connection.aclose(4302)
            left.set()

        async with scripted_node(here) as ticket, connect(ticket) as table:
            with pytest.raises(TableMoved):
                await table.leave()
            assert (table.way_back.url, table.way_back.token) == (elsewhere.url, "a token on the way")
            await table.leave()
            assert [await anext(table) for _ in range(3)] == [
                Moved(TABLE, elsewhere.url, "a token on the way"),
                PlaceChanged(TABLE, SEATED, None),
                HALTED,
            ]
            assert (table.way_back.url, table.way_back.token) == (elsewhere.url, "a token there")
            assert table.welcome.resume == "a token there"
            await left.wait()
    assert resumed == [Resume("a token on the way", 10)]


async def test_a_table_that_cannot_be_followed_leaves_its_way_back() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.tell(Moved(TABLE, "ws://127.0.0.1:1", "a token"))

    async with scripted_node(node) as ticket, connect(ticket) as table:
        assert isinstance(await anext(table), Moved)
        with pytest.raises(ConnectionLost):
            await anext(table)
        with pytest.raises(ConnectionLost):
            await table.leave()
        assert table.way_back.url == "ws://127.0.0.1:1"


async def test_who_connects_to_a_table_that_waits_gets_in_when_it_goes_on() -> None:
    """However long that takes: the answer to a request need not come that late."""

    async def node(stage: Stage) -> None:
        assert isinstance(await stage.hear(), Hello)
        await stage.tell(WELCOME, TablePaused(TABLE, is_paused=True))
        await trio.sleep(2 * BRIEF.answer_seconds)
        await stage.tell(EMPTY, TablePaused(TABLE, is_paused=False))

    async with scripted_node(node) as ticket, connect(ticket, limits=BRIEF) as table:
        assert table.view.table_seq == EMPTY.table_seq
        assert await anext(table) == TablePaused(TABLE, is_paused=False)


async def test_who_comes_back_to_a_table_that_waits_gets_in_when_it_goes_on() -> None:
    connections = 0

    async def node(stage: Stage) -> None:
        nonlocal connections
        connections += 1
        if connections == 1:
            await stage.welcome()
            return
        assert isinstance(await stage.hear(), Resume)
        await stage.tell(WELCOME, TablePaused(TABLE, is_paused=True))
        await trio.sleep(2 * BRIEF.answer_seconds)
        await stage.tell(TablePaused(TABLE, is_paused=False), HALTED, PlaceChanged(TABLE, SEATED, None))

    async with scripted_node(node) as ticket:
        async with connect(ticket, limits=BRIEF) as table:
            way_back = table.way_back
        async with connect(way_back, limits=BRIEF) as table:
            assert table.view.table_seq == HALTED.table_seq
            kinds = [type(await anext(table)) for _ in range(4)]
            assert kinds == [TablePaused, TablePaused, StateChanged, PlaceChanged]


async def test_the_view_has_what_the_player_was_told_last_of_time_and_money() -> None:
    told = [RealityCheck(TABLE, seconds, Krw(-seconds)) for seconds in (1800, 3600)]

    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.tell(*told)
        await trio.sleep_forever()

    async with scripted_node(node) as ticket, connect(ticket) as table:
        assert table.view.reality is None
        assert [await anext(table), await anext(table)] == told
        assert table.view.reality == told[1]
