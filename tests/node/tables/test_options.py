"""Options of a stake at the table: antes, straddles, running it twice, lost seats (rules 16, 17, 22, 30)."""

from random import Random

import attrs
import pytest
import trio
from trio.testing import MockClock

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.cards import CardCode
from cardroom.wire.refusals import Refusal
from node.rules.cards import FULL_DECK, parse_cards
from node.settings import AnteSettings
from tests.node.tables.house import BUY_IN, STAKE, TABLE, Guest, House, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle

KIND = asks.ActionKind
TWICE = attrs.evolve(STAKE, run_it_twice=True)
STRADDLES = attrs.evolve(STAKE, straddle=True)
_TOP = parse_cards("KsAsKhAh2c7d9h3s4sKcQc8c6d2d")
ACES_AND_KINGS = (*_TOP, *(card for card in FULL_DECK if card not in _TOP))
"""Heads-up the big blind, who holds kings, is dealt first; kings win the second board."""


async def _all_in(house: House) -> tuple[Guest, Guest]:
    """Two players, all their chips in before the flop; the first one is the button, with aces."""
    one, two = house.guest(1), house.guest(2)
    one.sit(0)
    two.sit(3)
    await settle()
    await trio.sleep(1.01)
    house.to_act().act(KIND.ALL_IN)
    await settle()
    house.to_act().act(KIND.ALL_IN)
    await settle()
    return one, two


def _boards(guest: Guest) -> list[tuple[int, tuple[CardCode, ...]]]:
    return [(street.board, street.cards) for street in guest.all(wire.StreetDealt)]


async def test_all_agree_and_the_board_is_dealt_twice(autojump_clock: MockClock) -> None:
    async with open_house(stake=TWICE, shuffle=lambda: ACES_AND_KINGS) as house:
        one, two = await _all_in(house)
        offer = one.last(wire.RunItTwiceOffered).offer
        assert (set(offer.seats), offer.left_ms) == ({SeatIndex(0), SeatIndex(3)}, 5_000)
        assert _boards(one) == [], "no card before the decision"
        one.run_it_twice()
        await settle()
        assert one.all(wire.RunItTwiceDecided) == []
        two.run_it_twice()
        await settle()
        assert two.last(wire.RunItTwiceDecided).twice
        assert [board for board, _ in _boards(one)] == [1, 1, 1, 2, 2, 2]
        winners = [
            (award.board, award.wins[0].seat, award.wins[0].hand) for award in two.all(wire.PotAwarded)
        ]
        assert [(board, seat) for board, seat, _ in winners] == [(1, SeatIndex(0)), (2, SeatIndex(3))]
        hands = [hand.english for _, _, hand in winners if hand is not None]
        assert hands == ["pair of aces", "three of a kind, kings"]
        assert house.ledger.settled[0].rake == one.last(wire.HandEnded).rake == 2_000
        house.table.seats.check_balance()


@pytest.mark.parametrize("first_says_yes", [True, False])
async def test_one_no_and_the_board_is_dealt_once(autojump_clock: MockClock, *, first_says_yes: bool) -> None:
    async with open_house(stake=TWICE) as house:
        one, two = await _all_in(house)
        if first_says_yes:
            one.run_it_twice()
        two.run_it_twice(agrees=False)
        await settle()
        assert not one.last(wire.RunItTwiceDecided).twice
        assert {board for board, _ in _boards(one)} == {1}
        assert two.last(wire.Done).request_id == two.next_id() - 1


async def test_no_answer_in_five_seconds_means_once(autojump_clock: MockClock) -> None:
    async with open_house(stake=TWICE) as house:
        one, _ = await _all_in(house)
        one.run_it_twice()
        await trio.sleep(4.9)
        one.run_it_twice()  # again, which buys no time
        await settle()
        assert one.all(wire.RunItTwiceDecided) == []
        await trio.sleep(0.2)
        assert not one.last(wire.RunItTwiceDecided).twice
        assert len(one.all(wire.HandEnded)) == 1


async def test_who_leaves_while_asked_has_answered(autojump_clock: MockClock) -> None:
    async with open_house(stake=TWICE) as house:
        one, two = await _all_in(house)
        two.leave()
        await settle()
        assert not one.last(wire.RunItTwiceDecided).twice
        assert len(one.all(wire.HandEnded)) == 1


async def test_answers_out_of_place_are_refused(autojump_clock: MockClock) -> None:
    async with open_house(stake=TWICE) as house:
        one, _ = await _all_in(house)
        watcher = house.guest(9)
        bystander = house.guest(8)
        bystander.sit(5)
        await settle()
        hand_no = one.last(wire.RunItTwiceOffered).hand_no
        assert watcher.last(wire.Snapshot).run_it_twice == one.last(wire.RunItTwiceOffered).offer
        for guest, number in ((watcher, hand_no), (bystander, hand_no), (one, hand_no + 1)):
            guest.ask(asks.RunItTwice(50, TABLE, number, agrees=True))
        await settle()
        assert watcher.last(wire.Refused) == wire.Refused(50, Refusal.NOT_SEATED)
        assert bystander.last(wire.Refused) == wire.Refused(50, Refusal.NOT_OFFERED)
        assert one.last(wire.Refused) == wire.Refused(50, Refusal.STALE_HAND)
        one.ask(asks.Act(51, TABLE, hand_no, 3, KIND.FOLD, Krw(0)))
        await trio.sleep(5.1)
        assert one.last(wire.Refused) == wire.Refused(51, Refusal.OUT_OF_TURN)
        one.ask(asks.RunItTwice(52, TABLE, hand_no, agrees=True))
        await settle()
        assert one.last(wire.Refused) == wire.Refused(52, Refusal.NO_HAND)


async def test_a_table_without_the_option_just_deals(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await _all_in(house)
        assert one.all(wire.RunItTwiceOffered) == []
        assert len(one.all(wire.HandEnded)) == 1


async def test_a_crash_while_players_are_asked_voids_the_hand(autojump_clock: MockClock) -> None:
    async with open_house(stake=TWICE) as house:
        one, two = await _all_in(house)
        total = house.ledger.total
        await house.crash()
        assert one.last(wire.HandVoided).hand_id == two.last(wire.HandStarted).hand_id
        assert {seat.stack for seat in two.last(wire.Snapshot).seats} == {BUY_IN}
        assert house.ledger.total == total


async def _four_at_the_table(house: House) -> list[Guest]:
    guests = [house.guest(user) for user in range(1, 5)]
    for seat, guest in enumerate(guests):
        guest.sit(seat)
    await settle()
    return guests


async def test_who_wants_to_straddles_under_the_gun_until_told_otherwise(autojump_clock: MockClock) -> None:
    async with open_house(stake=STRADDLES) as house:
        guests = await _four_at_the_table(house)
        for guest in guests:
            guest.straddle()
        await trio.sleep(1.01)
        posts = guests[0].last(wire.HandStarted).posts
        straddle = next(post for post in posts if post.kind is wire.PostKind.STRADDLE)
        assert (straddle.seat, straddle.amount) == (SeatIndex(3), 4_000)
        legal = guests[0].last(wire.TurnBegan).turn.legal
        assert (legal.call_amount, legal.min_raise_to) == (4_000, 8_000)
        again = house.guest(4)
        await settle()
        assert again.last(wire.Snapshot).you.straddles
        assert again.last(wire.Snapshot).options.straddle == 4_000
        for guest in guests:
            guest.straddle(straddles=False)
        await house.play_passively()
        await trio.sleep(1.01)
        kinds = {post.kind for post in guests[0].last(wire.HandStarted).posts}
        assert kinds == {wire.PostKind.SMALL_BLIND, wire.PostKind.BIG_BLIND}


async def test_a_choice_made_while_the_money_is_under_way_is_kept(autojump_clock: MockClock) -> None:
    async with open_house(stake=STRADDLES) as house:
        house.ledger.is_silent = True
        guests = await _four_at_the_table(house)
        for guest in guests:
            guest.straddle()
        await settle()
        house.ledger.speak()
        await trio.sleep(1.01)
        assert wire.PostKind.STRADDLE in {post.kind for post in guests[0].last(wire.HandStarted).posts}


async def test_no_straddle_where_none_is_offered(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, watcher = house.guest(1), house.guest(2)
        one.sit(0)
        await settle()
        one.straddle()
        watcher.straddle()
        await settle()
        assert one.last(wire.Refused).code is Refusal.NOT_OFFERED
        assert watcher.last(wire.Refused).code is Refusal.NOT_SEATED
        assert one.last(wire.Snapshot).options == wire.TableOptions(
            wire.AnteKind.NONE,
            Krw(0),
            straddle=Krw(0),
            runs_twice=False,
            turn_ms=15_000,
            same_address_seats=True,
        )


@pytest.mark.parametrize("kind", ["per_seat", "big_blind"])
async def test_antes_are_posted_as_the_stake_says(autojump_clock: MockClock, kind: str) -> None:
    stake = attrs.evolve(STAKE, ante=AnteSettings(kind, Krw(500)))  # type: ignore[arg-type]
    async with open_house(stake=stake) as house:
        guests = await _four_at_the_table(house)
        await trio.sleep(1.01)
        posts = guests[0].last(wire.HandStarted).posts
        wanted = wire.PostKind.ANTE if kind == "per_seat" else wire.PostKind.BIG_BLIND_ANTE
        antes = [post for post in posts if post.kind is wanted]
        assert [post.amount for post in antes] == [500] * (4 if kind == "per_seat" else 1)
        watcher = house.guest(9)
        await settle()
        told = watcher.last(wire.Snapshot).options
        assert (told.ante_kind, told.ante) == (wire.AnteKind(kind), 500)


async def test_the_number_of_missed_blinds_that_cost_the_seat_is_the_stakes(
    autojump_clock: MockClock,
) -> None:
    async with open_house(stake=attrs.evolve(STAKE, missed_blinds_limit=1)) as house:
        guests = await _four_at_the_table(house)
        guests[1].sit_out()
        for _ in range(4):
            await trio.sleep(1.01)
            await house.play_passively()
        await settle()
        assert guests[1].last(wire.SeatLeft).user_id == guests[1].user_id


async def test_random_hands_with_every_option_lose_no_won(autojump_clock: MockClock) -> None:
    draw = Random(5)
    stake = attrs.evolve(TWICE, straddle=True, ante=AnteSettings("big_blind", Krw(2_000)))
    async with open_house(stake=stake, shuffle=RecordingShuffle(Random(5))) as house:
        guests = [house.guest(user, DEEP_PURSE) for user in range(1, 6)]
        for guest in guests:
            guest.sit()
        await settle()
        for guest in guests:
            guest.straddle()
        total = house.ledger.total
        assert await RandomPlay(house, guests, draw).play(80) == 80
        assert house.ledger.total == total
        assert not house.table.has_crashed
        decided = {message.twice for message in guests[0].all(wire.RunItTwiceDecided)}
        assert decided == {True, False}
        straddled = [
            post.kind is wire.PostKind.STRADDLE
            for hand in guests[0].all(wire.HandStarted)
            for post in hand.posts
        ]
        assert any(straddled)
        house.table.seats.check_balance()
