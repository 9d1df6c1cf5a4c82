"""What bots do after hands: they speak, show and check, and know a broken promise when they see one."""

from random import Random
from uuid import UUID

import pytest
from attrs import evolve

from cardroom.client import connect
from cardroom.handrecord.deck_proof import SALTS_BYTES, commit_deck
from cardroom.ids import HandId, SeatIndex
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.player import Chat, Prove, ShowCards, ShowEmote
from cardroom.wire.proof import CardOpening, Openings
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import CardsDealt, DealtSeat, Done, HandEnded, HandStarted, Refused
from loadtest.habits import Habits, are_proved
from loadtest.tally import Tally
from tests.fakes.node import EMPTY, MY_SEAT, OTHER_SEAT, SEATED, TABLE, Stage, scripted_node

HAND = HandId(UUID(int=5))
PROOF = commit_deck(HAND, tuple(range(52)), bytes(range(256)) * (SALTS_BYTES // 256))
STARTED = HandStarted(
    TABLE, 11, 4, HAND, MY_SEAT, None, OTHER_SEAT,
    tuple(DealtSeat(seat, Krw(1)) for seat in (OTHER_SEAT, MY_SEAT)), (), PROOF.commitment,
)  # fmt: skip
MINE = (CardCode(1), CardCode(3))
"""Two are dealt in and I am the second: positions 1 and 3."""
ENDED = HandEnded(TABLE, 13, 4, HAND, Krw(0), ())


def openings(*positions: int) -> Openings:
    opened = [PROOF.open(position) for position in positions]
    told = tuple(CardOpening(one.position, CardCode(one.card), one.salt, one.path) for one in opened)
    return Openings(1, TABLE, 4, HAND, PROOF.commitment, told)


FORGED = evolve(openings(1).openings[0], salt=bytes(16))


def test_a_promise_that_is_kept() -> None:
    assert are_proved(STARTED, openings(1, 3, 4, 5, 6), MY_SEAT, MINE)
    assert are_proved(STARTED, openings(4, 5, 6), None, ())


@pytest.mark.parametrize(
    "told",
    [
        openings(1, 4, 5),
        openings(0, 2),
        evolve(openings(1, 3), commitment=bytes(32)),
        evolve(openings(1, 3), hand_id=HandId(UUID(int=6))),
        evolve(
            openings(1, 3), openings=(evolve(openings(1).openings[0], salt=bytes(16)), *openings(3).openings)
        ),
    ],
    ids=["a card is missing", "another's cards", "another promise", "another hand", "a forged card"],
)
def test_a_promise_that_is_not(told: Openings) -> None:
    assert not are_proved(STARTED, told, MY_SEAT, MINE)


def test_ones_own_cards_lie_where_the_seat_says() -> None:
    assert not are_proved(STARTED, openings(1, 3), SeatIndex(OTHER_SEAT), MINE)


async def visit(refuses: Refusal | None) -> tuple[list[object], Tally]:
    """End many hands; give what the bot asked for."""
    heard: list[object] = []

    async def node(stage: Stage) -> None:
        await stage.welcome(snapshot=evolve(EMPTY, you=SEATED))
        while True:
            message = await stage.hear()
            heard.append(message)
            assert isinstance(message, Chat | ShowEmote | ShowCards | Prove)
            if refuses is not None:
                await stage.tell(Refused(message.request_id, refuses))
            elif isinstance(message, Prove):
                await stage.tell(evolve(openings(1, 3), request_id=message.request_id))
            else:
                await stage.tell(Done(message.request_id))

    tally = Tally()
    async with scripted_node(node) as ticket, connect(ticket) as table:
        habits = Habits(table, Random(3), tally)
        for _ in range(400):
            habits.note(STARTED)
            habits.note(CardsDealt(TABLE, 12, 4, MINE))
            await habits.after_hand(ENDED)
        habits.note(STARTED)
        before = len(heard)
        for _ in range(200):
            await habits.after_hand(ENDED)
        assert len(heard) == before, "who is not dealt in does nothing"
    return heard, tally


async def test_now_and_then_something_is_said_shown_and_checked() -> None:
    heard, tally = await visit(None)
    kinds = {type(message) for message in heard}
    assert kinds == {Chat, ShowEmote, ShowCards, Prove}
    assert tally.numbers.counts["proofs"] > 5
    assert tally.numbers.protocol_errors.total() == 0
    assert len(heard) < 100


@pytest.mark.parametrize(("refuses", "is_fault"), [(Refusal.CHAT_CLOSED, False), (Refusal.SILENCED, True)])
async def test_what_may_happen_is_no_fault(refuses: Refusal, is_fault: bool) -> None:
    heard, tally = await visit(refuses)
    assert tally.numbers.refusals == {refuses.value: len(heard)}
    assert (tally.numbers.protocol_errors.total() > 0) is is_fault
