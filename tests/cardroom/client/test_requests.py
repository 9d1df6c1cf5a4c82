"""Requests of a player: what goes out, and what comes back."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import trio
from attrs import evolve

from cardroom.client import (
    ClientLimits,
    ProtocolBroken,
    RequestRefused,
    connect,
)
from cardroom.ids import HandId, SeatIndex
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.chat import Emote, Emoted, Said
from cardroom.wire.codec import Encoding
from cardroom.wire.place import PlaceChanged
from cardroom.wire.player import (
    Act,
    ActionKind,
    AutoTopUp,
    Chat,
    JoinWaitingList,
    Leave,
    LeaveWaitingList,
    Mute,
    PlayerMessage,
    Prove,
    Resync,
    RunItTwice,
    ShowCards,
    ShowEmote,
    SitDown,
    SitIn,
    SitOut,
    Straddle,
    TopUp,
)
from cardroom.wire.proof import Openings
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import (
    Announced,
    ClockPhase,
    Done,
    LegalActions,
    Refused,
    StateChanged,
    TableState,
    TurnView,
)
from tests.fakes.node import (
    EMPTY,
    MY_SEAT,
    OTHER,
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

    async with scripted_node(node) as ticket, connect(ticket, encoding) as table:
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


async def test_talk_and_proof_in_both_encodings() -> None:
    heard: list[object] = []
    said = Said(TABLE, OTHER, "other", "안녕하세요", 1_700_000_000_000)
    emoted = Emoted(TABLE, OTHER, Emote.CLAP)
    announced = Announced(TABLE, 11, 3, text="closing at six")
    openings = Openings(0, TABLE, 2, HandId(UUID(int=5)), bytes(32), ())

    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.tell(said, emoted, announced)
        for _ in range(5):
            message = await stage.hear()
            assert isinstance(message, Chat | ShowEmote | Mute | Prove)
            heard.append(evolve(message, request_id=0))
            is_proof = isinstance(message, Prove)
            number = message.request_id
            await stage.tell(evolve(openings, request_id=number) if is_proof else Done(number))

    for encoding in Encoding:
        heard.clear()
        async with scripted_node(node) as ticket, connect(ticket, encoding) as table:
            assert [await anext(table) for _ in range(3)] == [said, emoted, announced]
            assert table.view.table_seq == 11, "what is said has no number"
            await table.say("gg")
            await table.show_emote(Emote.NICE_HAND)
            await table.mute(OTHER)
            await table.mute(OTHER, muted=False)
            proof = await table.prove(2)
            assert evolve(proof, request_id=0) == openings
        assert heard == [
            Chat(0, TABLE, "gg"),
            ShowEmote(0, TABLE, Emote.NICE_HAND),
            Mute(0, TABLE, OTHER, True),
            Mute(0, TABLE, OTHER, False),
            Prove(0, TABLE, 2),
        ]


async def test_no_openings_for_a_proof_breaks_the_protocol() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        message = await stage.hear()
        assert isinstance(message, Prove)
        await stage.tell(Done(message.request_id))

    async with scripted_node(node) as ticket, connect(ticket) as table:
        with pytest.raises(ProtocolBroken, match="no openings"):
            await table.prove(2)


async def test_a_refused_proof_is_raised() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        message = await stage.hear()
        assert isinstance(message, Prove)
        await stage.tell(Refused(message.request_id, Refusal.STALE_HAND))

    async with scripted_node(node) as ticket, connect(ticket) as table:
        with pytest.raises(RequestRefused, match="stale_hand"):
            await table.prove(2)


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
            async with connect(ticket) as table:
                await table.leave()
    assert numbers[0] < numbers[1]


@pytest.mark.parametrize("encoding", list(Encoding))
async def test_all_that_is_asked_besides_playing(encoding: Encoding) -> None:
    heard: list[PlayerMessage] = []

    async def node(stage: Stage) -> None:
        await stage.welcome()
        for _ in range(8):
            message = await stage.hear()
            heard.append(message)
            await stage.tell(Done(message.request_id))  # type: ignore[union-attr]

    async with scripted_node(node) as ticket, connect(ticket, encoding) as table:
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

    async with scripted_node(node) as ticket, connect(ticket) as table:
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

    async with scripted_node(node) as ticket, connect(ticket) as table:
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

    async with scripted_node(node) as ticket, connect(ticket, limits=BRIEF) as table:
        assert table.view.place == STRANGER
        for one in told:
            assert await anext(table) == one
            assert table.view.place == one.place
            assert table.view.my_seat == one.place.seat
            await table.sit_in()
