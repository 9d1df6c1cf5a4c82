"""A deck is promised before its first card, and each viewer can prove the cards that are theirs to see."""

import attrs
import pytest
import trio
from trio.testing import MockClock

from cardroom.handrecord.deck_proof import Opening, is_proved
from cardroom.handrecord.reading import read_phh
from cardroom.ids import TableId, UserId
from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding
from cardroom.wire.proof import Openings
from cardroom.wire.refusals import Refusal
from node.settings import TableLimits
from tests.node.tables.house import CODECS, NO_COMMAND, STAKE, TABLE, Guest, House, open_house, settle

KIND = asks.ActionKind
TWICE = attrs.evolve(STAKE, run_it_twice=True)
LONG_PAUSE = TableLimits(between_hands_seconds=10.0, provable_hands=2)


async def _dealt(house: House, players: int = 2, pause: float = 1.01) -> list[Guest]:
    """Deal a first hand to so many players."""
    guests = [house.guest(user) for user in range(1, players + 1)]
    for guest in guests:
        guest.sit()
    await settle()
    await trio.sleep(pause)
    return guests


async def _proved(guest: Guest, hand_no: int = 1) -> set[int]:
    """Ask for the openings of a hand; give the cards that they prove, all of them."""
    guest.prove(hand_no)
    await settle()
    answer = guest.heard[-1]
    assert isinstance(answer, Openings)
    assert (answer.request_id, answer.table_id, answer.hand_no) == (guest._requests, TABLE, hand_no)
    started = next(one for one in guest.all(wire.HandStarted) if one.hand_no == hand_no)
    assert (answer.hand_id, answer.commitment) == (started.hand_id, started.commitment)
    positions = [one.position for one in answer.openings]
    assert positions == sorted(set(positions))
    for one in answer.openings:
        opening = Opening(one.position, one.card, one.salt, one.path)
        assert is_proved(started.hand_id, started.commitment, opening)
    return {int(one.card) for one in answer.openings}


def _own(guest: Guest) -> set[int]:
    return set(guest.last(wire.CardsDealt).cards)


def _board(guest: Guest) -> set[int]:
    return {card for street in guest.all(wire.StreetDealt) for card in street.cards}


def _shown(guest: Guest) -> set[int]:
    return {card for shown in guest.all(wire.HandShown) for card in shown.cards}


async def test_the_promise_comes_before_the_first_card_and_is_another_each_time(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        one, two = await _dealt(house)
        for _ in range(2):
            await house.play_passively()
            await trio.sleep(1.01)
        promises = one.all(wire.HandStarted)
        assert len({started.commitment for started in promises}) == 3
        assert [len(started.commitment) for started in promises] == [32] * 3
        for guest in (one, two):
            kinds = [type(message) for message in guest.heard]
            assert kinds.index(wire.HandStarted) < kinds.index(wire.CardsDealt)
            assert guest.all(wire.HandStarted) == promises, "the same promise to everybody"


async def test_in_the_hand_each_proves_the_own_cards_and_the_board(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        watcher = house.guest(9)
        one, two = await _dealt(house)
        assert await _proved(one) == _own(one)
        assert await _proved(two) == _own(two)
        assert await _proved(watcher) == set()
        house.to_act().act(KIND.CALL)
        await settle()
        house.to_act().act(KIND.CHECK)
        await settle()
        assert len(_board(watcher)) == 3
        assert await _proved(watcher) == _board(watcher)
        second_device = house.guest(1)
        await settle()
        assert await _proved(one) == _own(one) | _board(one)
        assert second_device.all(Openings) == [], "answered to the connection that asked"
        assert two.all(Openings) == [two.last(Openings)]


async def test_after_the_hand_what_was_shown_is_proved_and_what_was_mucked_is_not(
    autojump_clock: MockClock,
) -> None:
    async with open_house(limits=LONG_PAUSE) as house:
        watcher = house.guest(9)
        guests = await _dealt(house, 3, 10.01)
        folded = house.to_act()
        folded.act(KIND.FOLD)
        await settle()
        await house.play_passively()
        open_to_all = _board(watcher) | _shown(watcher)
        for guest in guests:
            assert await _proved(guest) == open_to_all | _own(guest)
        assert await _proved(watcher) == open_to_all
        first, second = sorted(_own(folded))
        folded.show(first)
        await settle()
        assert await _proved(watcher) == open_to_all | {first}
        folded.show(first, second)
        await settle()
        assert await _proved(watcher) == open_to_all | {first, second}


async def test_who_left_the_seat_still_proves_the_own_hand(autojump_clock: MockClock) -> None:
    async with open_house(limits=LONG_PAUSE) as house:
        one, two = await _dealt(house, 2, 10.01)
        loser = house.to_act()
        loser.act(KIND.FOLD)
        await settle()
        loser.leave()
        await settle()
        winner = two if loser is one else one
        assert winner.last(wire.SeatLeft).user_id == loser.user_id
        assert await _proved(loser) == _own(loser)
        assert await _proved(winner) == _own(winner)


async def test_both_boards_are_proved(autojump_clock: MockClock) -> None:
    async with open_house(stake=TWICE) as house:
        watcher = house.guest(9)
        one, two = await _dealt(house)
        for _ in range(2):
            house.to_act().act(KIND.ALL_IN)
            await settle()
        assert await _proved(watcher) == _own(one) | _own(two), "open before the board is dealt"
        one.run_it_twice()
        two.run_it_twice()
        await settle()
        assert len(_board(watcher)) == 10
        assert await _proved(watcher) == _own(one) | _own(two) | _board(watcher)


async def test_the_promise_stays_with_the_record_of_the_hand(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await _dealt(house)
        await house.play_passively()
        (recorded,) = read_phh(house.ledger.settled[0].record.decode())
        assert recorded.own is not None
        assert recorded.own.commitment == one.last(wire.HandStarted).commitment
        assert recorded.own.is_intact


async def test_the_last_hands_can_be_proved_and_no_others(autojump_clock: MockClock) -> None:
    async with open_house(limits=LONG_PAUSE) as house:
        one, _ = await _dealt(house, 2, 10.01)
        for _ in range(3):
            await house.play_passively()
            await trio.sleep(10.01)
        for hand_no in (2, 3, 4):
            await _proved(one, hand_no)
        for hand_no in (1, 5, 0, -1, 2**40):
            one.prove(hand_no)
        await settle()
        codes = [refused.code for refused in one.all(wire.Refused)]
        assert codes == [Refusal.STALE_HAND, *[Refusal.NO_HAND] * 4]


async def test_proofs_outlive_a_crash_but_a_void_hand_has_none(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await _dealt(house)
        await house.play_passively()
        await trio.sleep(1.01)
        assert one.last(wire.HandStarted).hand_no == 2
        house.table.entry.inbox.deliver(NO_COMMAND)
        await trio.sleep(0.6)
        assert one.last(wire.HandVoided).hand_no == 2
        await _proved(one, 1)
        one.prove(2)
        await settle()
        assert one.last(wire.Refused).code is Refusal.NO_HAND


@pytest.mark.parametrize("encoding", list(Encoding))
async def test_the_longest_answer_fits_into_a_message(autojump_clock: MockClock, encoding: Encoding) -> None:
    """Nine players all-in before the flop, the board dealt twice: 28 cards."""
    async with open_house(seats=9, stake=TWICE) as house:
        guests = await _dealt(house, 9)
        for _ in range(9):
            house.to_act().act(KIND.ALL_IN)
            await settle()
        for guest in guests:
            guest.run_it_twice()
        await settle()
        assert len(await _proved(guests[0])) == 28
        longest = attrs.evolve(guests[0].last(Openings), request_id=2**63 - 1, table_id=TableId(2**63 - 1))
        data = CODECS[encoding].encode(attrs.evolve(longest, hand_no=2**53))
        assert len(data) < wire.MAX_TABLE_MESSAGE_BYTES * 0.95
        assert len(house.ledger.settled) == 1
        assert house.ledger.wallets[UserId(1)] == Krw(800_000)
