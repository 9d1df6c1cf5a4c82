"""Cards shown of one's own will: whose, when, and for how long (rule 29)."""

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock

from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.refusals import Refusal
from node.settings import TableLimits
from tests.node.tables.house import Guest, House, open_house, settle

LONG_PAUSE = TableLimits(between_hands_seconds=10.0)


async def _folded(house: House) -> tuple[Guest, Guest]:
    """A hand that the first player has folded; give the winner and who folded."""
    one, two = house.guest(1), house.guest(2)
    one.sit(0)
    two.sit(3)
    await settle()
    await trio.sleep(10.01)
    loser = house.to_act()
    loser.act(asks.ActionKind.FOLD)
    await settle()
    return (two, one) if loser is one else (one, two)


async def test_the_winner_need_not_show_and_may(autojump_clock: MockClock) -> None:
    async with open_house(limits=LONG_PAUSE) as house:
        winner, loser = await _folded(house)
        assert loser.all(wire.HandShown) == []
        first, _ = winner.last(wire.CardsDealt).cards
        winner.show(first)
        await settle()
        shown = loser.last(wire.HandShown)
        assert (shown.cards, shown.hand) == ((first,), None)
        assert len(winner.all(wire.Done)) == 2


async def test_who_folded_may_show_both(autojump_clock: MockClock) -> None:
    async with open_house(limits=LONG_PAUSE) as house:
        winner, loser = await _folded(house)
        cards = loser.last(wire.CardsDealt).cards
        loser.show(cards[0])
        for _ in range(3):
            loser.show(*cards)
        await settle()
        assert [shown.cards for shown in winner.all(wire.HandShown)] == [cards[:1], cards]
        assert len(loser.all(wire.Done)) == 6, "what all have seen is not told again"


async def _too_late(house: House, _: Guest) -> None:
    await trio.sleep(3.1)


async def _left(house: House, winner: Guest) -> None:
    winner.leave()
    await settle()


async def _at_once(house: House, _: Guest) -> None:
    await settle()


@pytest.mark.parametrize(
    ("before", "cards", "hand_no", "code"),
    [
        (_too_late, "own", None, Refusal.NOT_OFFERED),
        (_left, "own", None, Refusal.NOT_SEATED),
        (_at_once, "own", 7, Refusal.STALE_HAND),
        (_at_once, "none", None, Refusal.ACTION_NOT_ALLOWED),
        (_at_once, "twice", None, Refusal.ACTION_NOT_ALLOWED),
        (_at_once, "foreign", None, Refusal.ACTION_NOT_ALLOWED),
        (_at_once, "no card", None, Refusal.ACTION_NOT_ALLOWED),
    ],
)
async def test_anything_else_is_refused_and_shows_nothing(
    autojump_clock: MockClock,
    before: Callable[[House, Guest], Awaitable[None]],
    cards: str,
    hand_no: int | None,
    code: Refusal,
) -> None:
    async with open_house(limits=LONG_PAUSE) as house:
        winner, loser = await _folded(house)
        own, foreign = winner.last(wire.CardsDealt).cards, loser.last(wire.CardsDealt).cards
        await before(house, winner)
        chosen = {"own": own, "none": (), "twice": own[:1] * 2, "foreign": foreign, "no card": (99,)}[cards]
        winner.show(*chosen, hand_no=hand_no)
        await settle()
        assert winner.last(wire.Refused).code is code
        assert loser.all(wire.HandShown) == []


async def test_not_during_the_hand_and_not_when_the_next_is_dealt(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = house.guest(1), house.guest(2)
        one.sit(0)
        house.guests[2].sit(3)
        await settle()
        one.show(1, hand_no=0)
        await settle()
        assert one.last(wire.Refused).code is Refusal.NOT_OFFERED
        await trio.sleep(1.01)
        one.show(*one.last(wire.CardsDealt).cards)
        await settle()
        assert len(one.all(wire.Refused)) == 2
        await house.play_passively()
        last = one.last(wire.CardsDealt)
        await trio.sleep(1.01)
        one.show(*last.cards, hand_no=last.hand_no)
        await settle()
        assert [refused.code for refused in one.all(wire.Refused)] == [Refusal.NOT_OFFERED] * 3


async def test_a_showdown_says_the_hands_in_words_and_as_data(autojump_clock: MockClock) -> None:
    async with open_house(limits=LONG_PAUSE) as house:
        one, two = house.guest(1), house.guest(2)
        one.sit(0)
        two.sit(3)
        await settle()
        await trio.sleep(10.01)
        await house.play_passively()
        board = {card for street in one.all(wire.StreetDealt) for card in street.cards}
        for shown in two.all(wire.HandShown):
            assert shown.hand is not None
            assert len(shown.hand.cards) == 5
            assert set(shown.hand.cards) <= board | set(shown.cards)
            assert shown.hand.english
            assert shown.hand.korean
        (award,) = two.all(wire.PotAwarded)
        by_seat = {shown.seat: shown.hand for shown in two.all(wire.HandShown)}
        assert [win.hand for win in award.wins] == [by_seat[win.seat] for win in award.wins]
