"""Who plays the next hand: standing wishes, lost seats, when the game begins and rests (rules 20-23, 33)."""

import pytest
import trio
from trio.testing import MockClock

from cardroom.ids import SeatIndex
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.refusals import Refusal
from node.settings import TableLimits
from tests.node.tables.house import (
    BUY_IN,
    FIRST_SEAT_WINS,
    HALF,
    PURSE,
    Guest,
    House,
    open_house,
    settle,
)

KIND = asks.ActionKind


async def _seat(house: House, players: int) -> list[Guest]:
    """Seat players 1, 2, ... on seats 0, 1, ...; in the first hand seat 0 has the button."""
    guests = [house.guest(user + 1) for user in range(players)]
    for seat, guest in enumerate(guests):
        guest.sit(seat)
    await settle()
    return guests


async def _play(house: House, hands: int = 1) -> wire.HandStarted:
    """Play so many hands passively; give the start of the last one."""
    anybody = next(iter(house.guests.values()))
    for _ in range(hands):
        await trio.sleep(1.01)
        await house.play_passively()
        house.check_money()
    return anybody.last(wire.HandStarted)


def _dealt_in(started: wire.HandStarted) -> set[int]:
    return {int(seat.seat) for seat in started.seats}


def _posted(started: wire.HandStarted) -> dict[int, wire.PostKind]:
    return {int(post.seat): post.kind for post in started.posts}


async def test_who_sits_out_at_the_big_blind_plays_until_it_comes(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        guests = await _seat(house, 3)
        guests[1].sit_out(at_big_blind=True)
        await settle()
        assert guests[1].place.sits_out_at_big_blind
        first = await _play(house)
        assert _posted(first) == {1: wire.PostKind.SMALL_BLIND, 2: wire.PostKind.BIG_BLIND}
        second = await _play(house)
        assert (_dealt_in(second), second.button) == ({0, 1, 2}, SeatIndex(1))
        third = await _play(house)
        assert _dealt_in(third) == {0, 2}
        assert third.big_blind_seat != SeatIndex(1)
        changed = [change for change in guests[0].all(wire.SeatChanged) if change.seat == SeatIndex(1)]
        assert changed[-1].status is wire.SeatStatus.SITTING_OUT
        assert not guests[1].place.sits_out_at_big_blind


async def test_who_comes_back_after_it_owes_the_blinds_that_were_missed(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        guests = await _seat(house, 4)
        guests[3].sit_out(at_big_blind=True)
        await _play(house)
        second = await _play(house)
        assert (_dealt_in(second), second.big_blind_seat) == ({0, 1, 2}, SeatIndex(0))
        guests[3].sit_in(posts_blind=True)
        third = await _play(house)
        assert (_dealt_in(third), third.button) == ({0, 1, 2}, SeatIndex(2)), "not beside the small blind"
        fourth = await _play(house)
        posts = {(post.kind, post.amount) for post in fourth.posts if post.seat == SeatIndex(3)}
        assert posts == {(wire.PostKind.LIVE_BLIND, 2_000), (wire.PostKind.DEAD_BLIND, 1_000)}


async def test_heads_up_the_game_rests_when_the_big_blind_comes(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        button, other = await house.heads_up(BUY_IN)
        button.sit_out(at_big_blind=True)
        await _play(house)
        await trio.sleep(30)
        assert len(other.all(wire.HandStarted)) == 1
        assert other.last(wire.StateChanged).state is wire.TableState.WAITING_FOR_PLAYERS
        stacks = [house.stack(button), house.stack(other)]
        assert sum(stacks) == 2 * BUY_IN - house.ledger.rake
        button.sit_in()
        await trio.sleep(1.01)
        assert len(other.all(wire.HandStarted)) == 2
        assert len(button.last(wire.HandStarted).posts) == 2, "a game that begins anew asks for no more"


async def test_the_big_blind_goes_on_past_all_who_do_not_want_it(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        guests = await _seat(house, 5)
        guests[3].sit_out(at_big_blind=True)
        guests[4].sit_out(at_big_blind=True)
        guests[1].sit_out(at_big_blind=True)
        await _play(house)
        second = await _play(house)
        assert (_dealt_in(second), second.big_blind_seat) == ({0, 1, 2}, SeatIndex(0))
        assert guests[1].place.sits_out_at_big_blind, "it has not come to this one"


async def test_with_a_dead_small_blind_nobody_posts_for_who_sits_out(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        guests = await _seat(house, 5)
        await _play(house)
        guests[2].leave()
        guests[3].sit_out(at_big_blind=True)
        second = await _play(house)
        assert _dealt_in(second) == {0, 1, 4}
        assert (second.small_blind_seat, second.button) == (None, SeatIndex(1))
        assert _posted(second) == {4: wire.PostKind.BIG_BLIND}
        third = await _play(house)
        assert (_dealt_in(third), third.button) == ({0, 1, 4}, SeatIndex(2))


@pytest.mark.parametrize("takes_back", [True, False])
async def test_sitting_in_takes_the_wish_to_sit_out_back(autojump_clock: MockClock, takes_back: bool) -> None:
    async with open_house() as house:
        guests = await _seat(house, 3)
        guests[0].sit_out(at_big_blind=True)
        await _play(house)
        if takes_back:
            guests[0].sit_in()
        second = await _play(house)
        assert (0 in _dealt_in(second)) == takes_back
        assert (_posted(second).get(0) is wire.PostKind.BIG_BLIND) == takes_back
        assert not guests[0].place.sits_out_at_big_blind


async def test_sitting_out_now_counts_from_the_next_hand(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        guests = await _seat(house, 3)
        await trio.sleep(1.01)
        guests[0].sit_out()
        await settle()
        assert guests[1].last(wire.SeatChanged).status is wire.SeatStatus.SITTING_OUT
        await house.play_passively()
        played = [act.cause for act in guests[1].all(wire.Acted) if act.seat == SeatIndex(0)]
        assert set(played) == {wire.MoveCause.PLAYER}, "the hand in play is played to its end"
        assert _dealt_in(await _play(house)) == {1, 2}


async def test_leaving_now_folds_when_the_turn_comes_and_cannot_be_taken_back(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        guests = await _seat(house, 3)
        await trio.sleep(1.01)
        guests[2].leave()
        guests[2].sit_in()
        await settle()
        assert guests[2].refusals == [Refusal.LEAVING]
        assert guests[0].all(wire.Acted) == []
        for _ in range(2):
            house.to_act().act(KIND.CALL)
            await settle()
        folded = guests[0].all(wire.Acted)[-1]
        assert (folded.seat, folded.kind, folded.cause) == (
            SeatIndex(2),
            wire.MoveKind.FOLD,
            wire.MoveCause.LEAVING,
        )
        await house.play_passively()
        left = guests[0].last(wire.SeatLeft)
        assert (left.paid, left.reason) == (BUY_IN - 2_000, wire.LeaveReason.LEFT)
        house.check_money()


async def test_rule_33_who_is_all_in_and_leaves_may_win(autojump_clock: MockClock) -> None:
    async with open_house(shuffle=lambda: FIRST_SEAT_WINS) as house:
        one, two = await house.dealt(HALF)
        one.act(KIND.ALL_IN)
        await settle()
        one.leave()
        await settle()
        assert one.all(wire.HandEnded) == []
        two.act(KIND.CALL)
        await settle()
        assert two.last(wire.PotAwarded).wins[0].seat == SeatIndex(0)
        assert two.last(wire.SeatLeft).paid == 198_000
        assert house.ledger.wallets[one.user_id] == PURSE - HALF + 198_000
        house.check_money()


async def test_who_leaves_after_the_hand_plays_it_to_its_end(autojump_clock: MockClock) -> None:
    async with open_house(shuffle=lambda: FIRST_SEAT_WINS) as house:
        one, two = await house.dealt(HALF)
        one.leave(after_hand=True)
        await settle()
        assert one.last(wire.Done).request_id == 2
        assert one.place.leaves_after_hand
        assert two.last(wire.SeatChanged).seat == SeatIndex(3), "what a player plans is nobody's business"
        await house.play_passively()
        assert {act.cause for act in one.all(wire.Acted)} == {wire.MoveCause.PLAYER}
        left = two.last(wire.SeatLeft)
        assert (left.seat, left.paid, left.reason) == (SeatIndex(0), HALF + 1_800, wire.LeaveReason.LEFT)
        assert one.place.seat is None
        await trio.sleep(10)
        assert len(two.all(wire.HandStarted)) == 1
        house.check_money()


async def test_who_is_all_in_leaves_after_the_hand_with_what_was_won(autojump_clock: MockClock) -> None:
    async with open_house(shuffle=lambda: FIRST_SEAT_WINS) as house:
        one, two = await house.dealt(HALF)
        one.act(KIND.ALL_IN)
        one.leave(after_hand=True)
        await settle()
        two.act(KIND.CALL)
        await settle()
        assert two.last(wire.SeatLeft).paid == 198_000
        house.check_money()


async def test_who_has_folded_leaves_when_the_hand_is_over(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        guests = await _seat(house, 3)
        await trio.sleep(1.01)
        await house.fold()
        guests[0].leave(after_hand=True)
        await settle()
        assert guests[1].all(wire.SeatLeft) == []
        await house.play_passively()
        assert guests[1].last(wire.SeatLeft).paid == BUY_IN
        house.check_money()


async def test_sitting_in_takes_leaving_after_the_hand_back(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt(HALF)
        one.leave(after_hand=True)
        one.sit_in()
        await settle()
        assert not one.place.leaves_after_hand
        await house.play_passively()
        await trio.sleep(1.01)
        assert two.all(wire.SeatLeft) == []
        assert _dealt_in(two.last(wire.HandStarted)) == {0, 3}


async def test_first_after_the_hand_and_then_at_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt(HALF)
        one.leave(after_hand=True)
        one.leave()
        await settle()
        assert two.last(wire.Acted).cause is wire.MoveCause.LEAVING
        assert two.last(wire.SeatLeft).paid == HALF - 1_000
        assert [done.request_id for done in one.all(wire.Done)] == [1, 2, 3]
        house.check_money()


async def test_who_is_leaving_cannot_put_it_off(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        guests = await _seat(house, 3)
        await trio.sleep(1.01)
        guests[2].leave()
        guests[2].leave(after_hand=True)
        await settle()
        assert guests[2].refusals == []
        await house.play_passively()
        assert guests[0].last(wire.SeatLeft).seat == SeatIndex(2)
        assert any(act.cause is wire.MoveCause.LEAVING for act in guests[0].all(wire.Acted))


async def test_between_hands_after_the_hand_is_now(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, watcher = house.guest(1), house.guest(9)
        one.sit(0)
        await settle()
        one.leave(after_hand=True)
        watcher.leave(after_hand=True)
        await settle()
        assert watcher.last(wire.SeatLeft).paid == BUY_IN
        assert watcher.refusals == [Refusal.NOT_SEATED]
        house.check_money()


async def test_who_wanted_to_leave_after_a_hand_that_is_void_leaves(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt(HALF)
        one.act(KIND.RAISE_TO, 50_000)
        one.leave(after_hand=True)
        await settle()
        await house.crash()
        assert two.last(wire.SeatLeft).paid == HALF
        house.check_money()


async def test_rule_22_the_third_big_blind_in_a_row_costs_the_seat(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        guests = await _seat(house, 3)
        guests[1].sit_out()
        await _play(house)
        passed = 0
        while not guests[0].all(wire.SeatLeft):
            last = guests[0].last(wire.HandStarted).big_blind_seat
            passed += (last, (await _play(house)).big_blind_seat) == (SeatIndex(0), SeatIndex(2))
        left = guests[0].last(wire.SeatLeft)
        assert (left.seat, left.paid, left.reason) == (SeatIndex(1), BUY_IN, wire.LeaveReason.MISSED_BLINDS)
        assert passed == 3
        assert house.ledger.wallets[guests[1].user_id] == PURSE
        assert guests[1].place.seat is None


async def test_who_plays_in_between_begins_to_count_anew(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        guests = await _seat(house, 3)
        guests[1].sit_out()
        await _play(house, hands=5)
        guests[1].sit_in(posts_blind=True)
        while 1 not in _dealt_in(await _play(house)):
            assert guests[0].all(wire.SeatLeft) == []
        guests[1].sit_out()
        await _play(house, hands=4)
        assert guests[0].all(wire.SeatLeft) == []


async def test_who_has_asked_to_leave_has_not_lost_the_seat(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up()
        one.leave()
        await settle()
        assert one.last(wire.SeatLeft).reason is wire.LeaveReason.LEFT


async def test_rule_23_two_ready_players_are_a_game_and_one_is_none(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two, three = (house.guest(user) for user in (1, 2, 3))
        one.sit(0)
        await trio.sleep(60)
        assert one.all(wire.HandStarted) == []
        assert one.last(wire.Snapshot).state is wire.TableState.WAITING_FOR_PLAYERS
        two.sit(1)
        await trio.sleep(1.01)
        assert len(one.all(wire.HandStarted)) == 1
        three.sit(2)
        two.sit_out()
        three.sit_out()
        await house.play_passively()
        await trio.sleep(60)
        assert len(one.all(wire.HandStarted)) == 1
        assert one.last(wire.StateChanged).state is wire.TableState.WAITING_FOR_PLAYERS
        three.sit_in()
        await trio.sleep(1.01)
        assert _dealt_in(one.last(wire.HandStarted)) == {0, 2}


async def test_the_pause_is_longer_when_there_are_cards_to_look_at(autojump_clock: MockClock) -> None:
    async with open_house(limits=TableLimits()) as house:
        one, _ = await house.heads_up(BUY_IN)
        await trio.sleep(3.01)
        await house.fold()
        assert one.all(wire.HandShown) == []
        await trio.sleep(2.98)
        assert len(one.all(wire.HandStarted)) == 1
        await trio.sleep(0.04)
        assert len(one.all(wire.HandStarted)) == 2
        await house.play_passively()
        assert one.all(wire.HandShown)
        one.sit_in()
        await trio.sleep(5.98)
        one.sit_in()
        assert len(one.all(wire.HandStarted)) == 2
        await trio.sleep(0.04)
        assert len(one.all(wire.HandStarted)) == 3
