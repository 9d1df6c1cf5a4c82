"""Rules 18 to 23: button, blinds, posting, sitting out."""

from collections.abc import Callable

import attrs
import pytest

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from node.rules.blinds import Deal, HandRules, PostKind
from node.rules.errors import IllegalAction, IllegalReason
from node.rules.events import HandSettlement, SeatSettlement
from node.rules.seating import (
    Seating,
    add_chips,
    after_hand,
    empty_table,
    next_deal,
    remove_player,
    seat_player,
    seats_to_give_up,
    set_stack,
    set_straddle,
    sit_in,
    sit_out,
)

RULES = HandRules(small_blind=Krw(1_000), big_blind=Krw(2_000))
STACK = Krw(200_000)


def table(seats: int, taken: str, *, button: int, small: int, big: int) -> Seating:
    """Seats count from 1 here, as players count them; all taken seats owe nothing."""
    seating = empty_table(seats)
    for number in taken:
        seating = seat_player(seating, SeatIndex(int(number) - 1), STACK)
    settled = tuple(seat and attrs.evolve(seat, owes_big_blind=False) for seat in seating.seats)
    return Seating(settled, SeatIndex(button - 1), SeatIndex(small - 1), SeatIndex(big - 1))


def at(number: int) -> SeatIndex:
    return SeatIndex(number - 1)


def deal_of(seating: Seating, rules: HandRules = RULES) -> Deal:
    deal = next_deal(seating, rules)
    assert deal is not None
    return deal


def places(deal: Deal) -> tuple[int, int | None, int]:
    """Button, small blind (None when dead), big blind."""
    small = None if deal.small_blind is None else deal.small_blind + 1
    return deal.button + 1, small, deal.big_blind + 1


def dealt(deal: Deal) -> list[int]:
    return [player.seat + 1 for player in deal.players]


def played(seating: Seating, deal: Deal) -> Seating:
    """Book a hand in which nobody won anything."""
    zero = Krw(0)
    seats = tuple(SeatSettlement(p.seat, p.stack, p.stack, zero, zero, zero) for p in deal.players)
    return after_hand(seating, deal, HandSettlement(seats, zero, zero, ()))


def posts(deal: Deal) -> list[tuple[int, str, int]]:
    return [(post.seat + 1, post.kind.value, post.amount) for post in deal.posts]


def test_rule_18_dead_button_and_dead_small_blind() -> None:
    seating = table(6, "123456", button=1, small=2, big=3)
    seating = remove_player(remove_player(seating, at(2)), at(3))
    seen = []
    for _ in range(3):
        deal = deal_of(seating)
        seen.append(places(deal))
        seating = played(seating, deal)
    assert seen == [(2, None, 4), (3, 4, 5), (4, 5, 6)]


def test_rule_18_dead_button_moves_on_from_a_dead_small_blind() -> None:
    seating = table(6, "123456", button=1, small=2, big=3)
    seating = remove_player(seating, at(3))
    first = deal_of(seating)
    second = deal_of(played(seating, first))
    assert (places(first), places(second)) == ((2, None, 4), (3, 4, 5))


def test_rule_18_two_dealt_in() -> None:
    seating = table(6, "14", button=1, small=2, big=3)
    deal = deal_of(seating)
    assert places(deal) == (1, 1, 4)
    assert dealt(deal) == [4, 1]
    assert places(deal_of(played(seating, deal))) == (4, 4, 1)


def test_rule_18_sitting_out_counts_as_empty() -> None:
    seating = table(6, "123456", button=1, small=2, big=3)
    seating = sit_out(sit_out(seating, at(3)), at(4))
    deal = deal_of(seating)
    assert places(deal) == (2, None, 5)
    assert 3 not in dealt(deal)
    assert 4 not in dealt(deal)


def test_rule_18_full_round_gives_everybody_each_place_once() -> None:
    seating = table(9, "123456789", button=9, small=1, big=2)
    seen = []
    for _ in range(9):
        deal = deal_of(seating)
        seen.append(places(deal))
        seating = played(seating, deal)
    assert sorted(seen) == [(number, number % 9 + 1, (number + 1) % 9 + 1) for number in range(1, 10)]


@pytest.mark.parametrize(
    ("leaves", "expected"), [(1, (3, 3, 2)), (2, (3, 3, 1)), (3, (2, 2, 1))], ids=["A", "B", "C"]
)
def test_rule_19_three_to_two(leaves: int, expected: tuple[int, int, int]) -> None:
    seating = remove_player(table(3, "123", button=1, small=2, big=3), at(leaves))
    assert places(deal_of(seating)) == expected


def test_rule_19_two_to_three_behind_the_big_blind() -> None:
    # A 1, B 2, D comes to 3.
    seating = seat_player(table(3, "12", button=1, small=1, big=2), at(3), STACK)
    assert places(deal_of(seating)) == (1, 2, 3)


@pytest.mark.parametrize("posting", [False, True])
def test_rule_19_two_to_three_between_waits_one_hand(posting: bool) -> None:
    # A 1, D comes to 2, B 3.
    seating = seat_player(table(3, "13", button=1, small=1, big=3), at(2), STACK, posts=posting)
    first = deal_of(seating)
    assert (places(first), dealt(first)) == ((3, 3, 1), [1, 3])
    second = deal_of(played(seating, first))
    assert (places(second), dealt(second)) == ((3, 1, 2), [1, 2, 3])


def test_rule_20_new_player_waits_for_the_big_blind() -> None:
    seating = seat_player(table(6, "1234", button=1, small=2, big=3), at(6), STACK)
    first = deal_of(seating)
    assert dealt(first) == [3, 4, 1, 2]
    second = played(seating, first)
    deal = deal_of(second)
    assert places(deal) == (3, 4, 6)
    assert posts(deal) == [(4, "small_blind", 1_000), (6, "big_blind", 2_000)]


def test_rule_20_new_player_posts_one_live_big_blind() -> None:
    seating = seat_player(table(6, "1234", button=1, small=2, big=3), at(6), STACK, posts=True)
    deal = deal_of(seating)
    assert dealt(deal) == [3, 4, 6, 1, 2]
    assert posts(deal)[2:] == [(6, "live_blind", 2_000)]
    occupant = played(seating, deal).occupant(at(6))
    assert not occupant.owes


@pytest.mark.parametrize("seat", [3, 5])
def test_rule_20_not_between_button_and_big_blind(seat: int) -> None:
    # Next hand: button 2, small blind 4, big blind 6; seats 3 and 5 lie on either side of the small blind.
    seating = table(7, "12467", button=1, small=2, big=4)
    seating = attrs.evolve(seating, seats=tuple(s if n != 4 else None for n, s in enumerate(seating.seats)))
    seating = seat_player(seating, at(seat), STACK, posts=True)
    if seat == 5:  # he is the next to get the big blind, so he plays it
        assert places(deal_of(seating)) == (2, 4, 5)
        return
    deal = deal_of(seating)
    assert seat not in dealt(deal)
    seating = played(seating, deal)
    deal = deal_of(seating)  # button 4: it has passed seat 3
    assert places(deal)[0] == 4
    assert seat in dealt(deal)
    assert (seat, "live_blind", 2_000) in posts(deal)


def test_rule_20_new_player_in_the_seat_of_the_small_blind_waits() -> None:
    seating = remove_player(table(6, "123456", button=1, small=2, big=3), at(3))
    seating = seat_player(seating, at(3), STACK, posts=True)
    first = deal_of(seating)
    assert places(first) == (2, None, 4)
    assert 3 not in dealt(first)
    second = deal_of(played(seating, first))
    assert places(second) == (3, 4, 5)
    assert 3 not in dealt(second)  # the button stands on his seat and has not passed
    third = deal_of(played(played(seating, first), second))
    assert places(third) == (4, 5, 6)
    assert (3, "live_blind", 2_000) in posts(third)


def missed_once(number: int) -> Seating:
    """Six players; the big blind has just passed a sitting-out one."""
    seating = sit_out(table(6, "123456", button=1, small=2, big=3), at(number))
    for _ in range((number - 4) % 6 + 1):
        seating = played(seating, deal_of(seating))
    return seating


def test_rule_21_missed_both_blinds_posts_live_and_dead() -> None:
    seating = missed_once(4)  # big blind went from 3 to 5
    occupant = seating.occupant(at(4))
    assert (occupant.owes_big_blind, occupant.owes_small_blind) == (True, True)
    seating = sit_in(seating, at(4), posts=True)
    first = deal_of(seating)  # button 3, small blind 5, big blind 6: he sits between
    assert (places(first), 4 in dealt(first)) == ((3, 5, 6), False)
    second = deal_of(played(seating, first))  # button 5 has passed
    assert places(second) == (5, 6, 1)
    assert [post for post in posts(second) if post[0] == 4] == [
        (4, "live_blind", 2_000),
        (4, "dead_blind", 1_000),
    ]


def test_rule_21_missed_only_the_small_blind_posts_the_dead_one() -> None:
    seating = sit_out(table(6, "123456", button=1, small=2, big=3), at(3))
    seating = played(seating, deal_of(seating))
    occupant = seating.occupant(at(3))
    assert (occupant.owes_big_blind, occupant.owes_small_blind) == (False, True)
    deal = deal_of(sit_in(seating, at(3), posts=True))
    assert [post for post in posts(deal) if post[0] == 3] == [(3, "dead_blind", 1_000)]


def test_rule_21_or_waits_for_the_big_blind_and_owes_nothing_then() -> None:
    seating = sit_in(missed_once(4), at(4))
    for _ in range(8):
        deal = deal_of(seating)
        if deal.big_blind == at(4):
            break
        assert 4 not in dealt(deal)
        seating = played(seating, deal)
    assert [post for post in posts(deal) if post[0] == 4] == [(4, "big_blind", 2_000)]
    assert not played(seating, deal).occupant(at(4)).owes


def test_rule_21_returning_before_a_blind_is_missed_owes_nothing() -> None:
    seating = sit_out(table(6, "123456", button=1, small=2, big=3), at(6))
    seating = played(seating, deal_of(seating))
    deal = deal_of(sit_in(seating, at(6)))
    assert 6 in dealt(deal)
    assert all(post[0] != 6 for post in posts(deal))


def test_rule_22_seat_is_lost_when_the_big_blind_passes_the_third_time() -> None:
    seating = sit_out(table(4, "1234", button=1, small=2, big=3), at(4))
    lost_after = []
    for hand in range(1, 8):
        seating = played(seating, deal_of(seating))
        if seats_to_give_up(seating):
            lost_after.append(hand)
    assert seats_to_give_up(seating) == (at(4),)
    assert lost_after[0] == 7  # the big blind passes seat 4 in hands 1, 4 and 7
    assert seats_to_give_up(seating, limit=4) == ()


def test_rule_22_playing_in_between_starts_the_count_again() -> None:
    seating = sit_out(table(4, "1234", button=1, small=2, big=3), at(4))
    for _ in range(5):
        seating = played(seating, deal_of(seating))
    seating = sit_in(seating, at(4), posts=True)
    for _ in range(3):
        seating = played(seating, deal_of(seating))
    assert seating.occupant(at(4)).missed_big_blinds == 0


def test_rule_23_fewer_than_two_ready_players() -> None:
    seating = table(6, "123", button=1, small=2, big=3)
    assert next_deal(seating, RULES) is not None
    seating = sit_out(sit_out(seating, at(1)), at(2))
    assert next_deal(seating, RULES) is None
    assert next_deal(empty_table(6), RULES) is None


def test_rule_23_a_player_without_chips_is_not_ready() -> None:
    seating = table(6, "12", button=1, small=1, big=2)
    assert next_deal(set_stack(seating, at(2), Krw(0)), RULES) is None
    rebought = add_chips(set_stack(seating, at(2), Krw(0)), at(2), Krw(5_000))
    assert deal_of(rebought).players[-1].stack == 5_000


@pytest.mark.parametrize(("players", "expected"), [("35", (3, 3, 5)), ("1357", (1, 3, 5))])
def test_first_hand_starts_with_everybody_and_no_extra_posts(
    players: str, expected: tuple[int, int, int]
) -> None:
    seating = empty_table(9)
    for number in players:
        seating = seat_player(seating, at(int(number)), STACK)
    deal = deal_of(seating)
    assert places(deal) == expected
    assert len(deal.players) == len(players)
    assert len(deal.posts) == 2
    assert not any(seat.owes for seat in played(seating, deal).seats if seat)


def test_game_starts_anew_when_all_who_are_ready_owe() -> None:
    seating = remove_player(remove_player(table(6, "12", button=1, small=1, big=2), at(1)), at(2))
    seating = seat_player(seat_player(seating, at(4), STACK), at(6), STACK)
    deal = deal_of(seating)
    assert (places(deal), len(deal.posts)) == ((4, 4, 6), 2)


def test_heads_up_the_one_who_owes_takes_the_big_blind() -> None:
    seating = seat_player(table(6, "4", button=1, small=2, big=3), at(6), STACK, posts=True)
    deal = deal_of(seating)
    assert (places(deal), len(deal.posts)) == ((4, 4, 6), 2)


def test_rule_17_straddle_is_posted_by_who_wants_to_under_the_gun() -> None:
    rules = attrs.evolve(RULES, straddle=True)
    seating = table(4, "1234", button=3, small=4, big=1)  # next: button 4, blinds 1 and 2, 3 under the gun
    assert all(post.kind is not PostKind.STRADDLE for post in deal_of(seating, rules).posts)
    seating = set_straddle(seating, at(3), straddles=True)
    assert posts(deal_of(seating, rules))[-1] == (3, "straddle", 4_000)
    assert len(deal_of(seating).posts) == 2  # the table does not allow it
    short = set_stack(seating, at(3), Krw(3_999))
    assert len(deal_of(short, rules).posts) == 2
    heads_up = remove_player(remove_player(seating, at(4)), at(1))
    assert len(deal_of(heads_up, rules).posts) == 2


def test_seats_are_refused_with_a_reason() -> None:
    seating = seat_player(empty_table(2), at(1), STACK)
    calls: list[tuple[Callable[[], Seating], IllegalReason]] = [
        (lambda: seat_player(seating, at(1), STACK), IllegalReason.SEAT_TAKEN),
        (lambda: seat_player(seating, at(3), STACK), IllegalReason.NO_SUCH_SEAT),
        (lambda: remove_player(seating, at(2)), IllegalReason.SEAT_EMPTY),
        (lambda: sit_out(seating, at(0)), IllegalReason.NO_SUCH_SEAT),
    ]
    for call, reason in calls:
        with pytest.raises(IllegalAction) as refused:
            call()
        assert refused.value.reason is reason


def test_who_left_during_the_hand_stays_away() -> None:
    seating = table(3, "123", button=1, small=2, big=3)
    deal = deal_of(seating)
    after = played(remove_player(seating, at(2)), deal)
    assert after.seats[1] is None
    assert (after.button, after.small_blind, after.big_blind) == (at(2), at(3), at(1))


def test_rule_20_a_new_player_whom_the_big_blind_passes_owes_no_dead_small_blind() -> None:
    seating = sit_out(seat_player(table(6, "1235", button=1, small=2, big=3), at(4), STACK), at(4))
    deal = deal_of(seating)
    assert deal.missed_big_blind == (at(4),)
    occupant = played(seating, deal).occupant(at(4))
    assert (occupant.owes_big_blind, occupant.owes_small_blind) == (True, False)
    assert occupant.missed_big_blinds == 1
