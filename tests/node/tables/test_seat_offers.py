"""A full table and those who wait for a seat: who is offered one, for how long, and what asking gains."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from attrs import evolve
from trio.testing import MockClock

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.place import PlaceChanged
from cardroom.wire.refusals import Refusal
from node.settings import TableLimits
from node.tables.commands import Drain
from tests.node.tables.house import PURSE, Guest, House, open_house, settle

FIRST, SECOND = SeatIndex(0), SeatIndex(1)
LIMITS = TableLimits(
    between_hands_seconds=1.0, after_showdown_seconds=1.0, waiting=3, offer_seconds=30.0, restart_seconds=0.1
)


@asynccontextmanager
async def _full_table(seats: int = 2, limits: TableLimits = LIMITS) -> AsyncIterator[House]:
    """All seats are taken by players 1, 2, ..., who sit out: nothing happens by itself."""
    async with open_house(seats=seats, limits=limits) as house:
        for seat in range(seats):
            house.guest(seat + 1).sit(seat)
            house.guests[seat + 1].sit_out()
        await settle()
        yield house
        house.check_money()


async def _deal(house: House) -> None:
    """Let players 1 and 2 begin a hand."""
    for user in (1, 2):
        house.guests[user].sit_in()
    await trio.sleep(1.01)
    assert house.guests[1].all(wire.HandStarted)


async def _wait_in_line(house: House, *users: int) -> list[Guest]:
    waiters = [house.guest(user) for user in users]
    for waiter in waiters:
        waiter.join_waiting_list()
    await settle()
    return waiters


async def _leave(house: House, *users: int) -> None:
    for user in users:
        house.guests[user].leave()
    await settle()


async def test_the_first_of_the_list_is_offered_the_seat_and_takes_it(autojump_clock: MockClock) -> None:
    async with _full_table() as house:
        first, second, third = await _wait_in_line(house, 3, 4, 5)
        assert [one.place.waiting_number for one in (first, second, third)] == [1, 2, 3]
        assert house.guests[1].last(wire.WaitingListChanged).waiting == 3
        await _leave(house, 1)
        assert (first.place.offered_seat, first.place.offer_left_ms) == (FIRST, 30_000)
        assert second.place.offered_seat is third.place.offered_seat is None
        first.sit()
        await settle()
        assert first.place.seat == FIRST
        assert [one.place.waiting_number for one in (first, second, third)] == [0, 1, 2]
        assert house.guests[2].last(wire.WaitingListChanged).waiting == 2
        await trio.sleep(60)
        assert second.place.offered_seat is None
        assert house.ledger.wallets[first.user_id] == PURSE - 200_000


async def test_after_thirty_seconds_the_seat_goes_to_the_next(autojump_clock: MockClock) -> None:
    async with _full_table() as house:
        first, second = await _wait_in_line(house, 3, 4)
        await _leave(house, 1)
        await trio.sleep(29.9)
        second.sit()
        await settle()
        assert second.refusals == [Refusal.SEAT_OFFERED]
        await trio.sleep(0.11)
        told = first.last(PlaceChanged)
        assert (told.reason, told.place.waiting_number) == (Refusal.OFFER_EXPIRED, 0)
        assert (told.place.offered_seat, told.place.offer_left_ms) == (None, 0)
        assert (second.place.offered_seat, second.place.waiting_number) == (FIRST, 1)
        first.sit()
        second.sit()
        await settle()
        assert first.refusals == [Refusal.SEAT_OFFERED]
        assert second.place.seat == FIRST
        assert house.guests[2].last(wire.WaitingListChanged).waiting == 0


async def test_a_seat_nobody_takes_in_time_is_free_for_all(autojump_clock: MockClock) -> None:
    async with _full_table() as house:
        await _wait_in_line(house, 3)
        outsider = house.guest(9)
        await _leave(house, 1)
        await trio.sleep(30.1)
        outsider.sit()
        await settle()
        assert outsider.place.seat == FIRST


async def test_nobody_else_gets_a_seat_that_is_kept(autojump_clock: MockClock) -> None:
    async with _full_table() as house:
        _, second = await _wait_in_line(house, 3, 4)
        outsider = house.guest(9)
        await _leave(house, 1)
        for seat in (None, 0):
            outsider.sit(seat)
            second.sit(seat)
        outsider.join_waiting_list()
        await settle()
        assert outsider.refusals == second.refusals == [Refusal.SEAT_OFFERED] * 2
        assert outsider.place.waiting_number == 3
        assert house.ledger.wallets[outsider.user_id] == PURSE


async def test_two_seats_that_are_free_at_once_go_to_the_first_two(autojump_clock: MockClock) -> None:
    async with _full_table(seats=3) as house:
        first, second, third = await _wait_in_line(house, 4, 5, 6)
        house.ledger.is_silent = True
        await _leave(house, 1, 2)
        assert first.place.offered_seat is None, "the seats are taken until the money is paid"
        house.ledger.speak()
        await settle()
        assert [one.place.offered_seat for one in (first, second, third)] == [FIRST, SECOND, None]
        second.sit(0)
        second.sit()
        third.sit()
        first.sit()
        await settle()
        assert second.refusals == [Refusal.SEAT_OFFERED]
        assert (first.place.seat, second.place.seat) == (FIRST, SECOND)
        assert third.refusals in ([Refusal.SEAT_OFFERED], [Refusal.TABLE_FULL])
        assert third.place.waiting_number == 1


async def test_another_free_seat_may_be_taken_and_the_kept_one_is_given_back(
    autojump_clock: MockClock,
) -> None:
    async with _full_table(seats=3) as house:
        (first,) = await _wait_in_line(house, 4)
        await _leave(house, 1, 2)
        first.sit(1)
        await settle()
        assert first.place.seat == SECOND
        outsider = house.guest(9)
        outsider.sit(0)
        await settle()
        assert outsider.place.seat == FIRST


async def test_who_has_gone_is_passed_over_and_keeps_the_place_for_a_while(autojump_clock: MockClock) -> None:
    async with _full_table(seats=3) as house:
        first, second = await _wait_in_line(house, 4, 5)
        house.goes(first)
        await _leave(house, 1)
        assert second.place.offered_seat == FIRST
        second.sit()
        await trio.sleep(100)
        back = house.comes_back(first)
        await _leave(house, 2)
        assert back.place.waiting_number == 1
        assert back.place.offered_seat == SECOND


async def test_who_comes_back_is_offered_what_is_free(autojump_clock: MockClock) -> None:
    async with _full_table() as house:
        (first,) = await _wait_in_line(house, 3)
        house.goes(first)
        await _leave(house, 1)
        await trio.sleep(60)
        back = house.comes_back(first)
        await settle()
        assert (back.place.offered_seat, back.place.offer_left_ms) == (FIRST, 30_000)


async def test_who_is_away_for_two_minutes_loses_the_place_though_nothing_happens(
    autojump_clock: MockClock,
) -> None:
    async with _full_table() as house:
        gone, here = await _wait_in_line(house, 3, 4)
        other_device = house.comes_back(gone)
        house.goes(gone)
        await trio.sleep(200)
        assert here.place.waiting_number == 2, "one connection is enough"
        house.goes(other_device)
        await trio.sleep(119)
        assert here.place.waiting_number == 2
        await trio.sleep(2)
        assert here.place.waiting_number == 1
        assert house.guests[1].last(wire.WaitingListChanged).waiting == 1
        back = house.comes_back(gone)
        await settle()
        assert back.place.waiting_number == 0


async def test_a_list_full_of_people_who_are_gone_takes_somebody_who_is_here(
    autojump_clock: MockClock,
) -> None:
    async with _full_table() as house:
        for waiter in await _wait_in_line(house, 3, 4, 5):
            house.goes(waiter)
        (late,) = await _wait_in_line(house, 6)
        assert late.refusals == [Refusal.WAITING_LIST_FULL]
        await trio.sleep(121)
        late.join_waiting_list()
        await settle()
        assert late.place.waiting_number == 1


async def test_who_leaves_the_list_gives_the_seat_to_the_next(autojump_clock: MockClock) -> None:
    async with _full_table() as house:
        first, second = await _wait_in_line(house, 3, 4)
        await _leave(house, 1)
        first.leave_waiting_list()
        await settle()
        assert (first.place.waiting_number, first.place.offered_seat) == (0, None)
        assert second.place.offered_seat == FIRST
        first.join_waiting_list()
        await settle()
        assert first.place.waiting_number == 2, "who comes again comes last"


async def test_what_is_refused_at_the_list(autojump_clock: MockClock) -> None:
    async with _full_table() as house:
        await _wait_in_line(house, 3, 4, 5)
        late, seated = house.guest(6), house.guests[1]
        late.join_waiting_list()
        late.leave_waiting_list()
        seated.join_waiting_list()
        seated.leave_waiting_list()
        await settle()
        assert late.refusals == [Refusal.WAITING_LIST_FULL, Refusal.NOT_WAITING]
        assert seated.refusals == [Refusal.ALREADY_SEATED, Refusal.NOT_WAITING]
    async with open_house(seats=2) as house:
        house.guest(1).sit(0)
        early = house.guest(2)
        early.join_waiting_list()
        await settle()
        assert early.refusals == [Refusal.SEAT_IS_FREE]
        assert early.place.waiting_number == 0


async def test_a_list_that_changes_twice_in_a_step_tells_everybody_the_new_number(
    autojump_clock: MockClock,
) -> None:
    """One comes when the offer of another has just run out: as many wait as before."""
    async with _full_table(limits=evolve(LIMITS, waiting=4)) as house:
        first, second, third = await _wait_in_line(house, 3, 4, 5)
        late = house.guest(6)
        await _leave(house, 1)
        autojump_clock.jump(30.1)
        late.join_waiting_list()
        await settle()
        numbers = [one.place.waiting_number for one in (first, second, third, late)]
        assert numbers == [0, 1, 2, 3]


async def test_a_crash_keeps_the_list_and_the_offer_with_its_time(autojump_clock: MockClock) -> None:
    async with _full_table() as house:
        first, second = await _wait_in_line(house, 3, 4)
        await _leave(house, 1)
        await trio.sleep(10)
        await house.crash()
        snapshot = first.last(wire.Snapshot)
        assert (snapshot.waiting, snapshot.you.waiting_number) == (2, 1)
        assert snapshot.you.offered_seat == FIRST
        assert 19_000 < snapshot.you.offer_left_ms <= 20_000
        await trio.sleep(19.5)
        assert first.last(PlaceChanged).reason is Refusal.OFFER_EXPIRED
        assert second.place.offered_seat == FIRST


async def test_a_halted_table_offers_nothing(autojump_clock: MockClock) -> None:
    async with _full_table(seats=3) as house:
        (first,) = await _wait_in_line(house, 4)
        await _deal(house)
        house.ledger.refuses = Refusal.HAND_UNBALANCED
        await house.fold()
        house.ledger.refuses = None
        assert first.last(wire.StateChanged).state is wire.TableState.HALTED
        await _leave(house, 3)
        assert first.last(wire.SeatLeft).seat == SeatIndex(2)
        await trio.sleep(60)
        assert (first.place.offered_seat, first.place.waiting_number) == (None, 1)


async def test_a_table_that_is_closing_offers_nothing(autojump_clock: MockClock) -> None:
    async with _full_table(seats=3) as house:
        (first,) = await _wait_in_line(house, 4)
        await _deal(house)
        house.table.entry.inbox.deliver(Drain())
        late = house.guest(5)
        late.join_waiting_list()
        await _leave(house, 3)
        assert house.guests[1].last(wire.SeatLeft).seat == SeatIndex(2)
        assert first.place.offered_seat is None
        assert late.refusals == [Refusal.TABLE_UNAVAILABLE]
        first.leave_waiting_list()
        await settle()
        assert first.place.waiting_number == 0


@asynccontextmanager
async def _seat_free_in_a_hand(limits: TableLimits = LIMITS) -> AsyncIterator[House]:
    """Players 1 and 2 are in a hand, the turn has just begun, the third seat has come free."""
    async with _full_table(seats=3, limits=limits) as house:
        await _wait_in_line(house, 4, 5)
        await _deal(house)
        await _leave(house, 3)
        assert house.guests[4].place.offered_seat == SeatIndex(2)
        yield house


async def test_offers_that_run_out_leave_the_turn_its_time(autojump_clock: MockClock) -> None:
    async with _seat_free_in_a_hand(evolve(LIMITS, offer_seconds=4.0)) as house:
        watcher, actor = house.guests[1], house.to_act()
        turns = len(watcher.all(wire.TurnBegan))
        began = trio.current_time()
        await trio.sleep(9)
        assert len(house.guests[4].all(PlaceChanged)) > 1
        assert watcher.last(wire.WaitingListChanged).waiting == 0
        device = house.comes_back(actor)
        await settle()
        turn = device.last(wire.Snapshot).turn
        assert turn is not None
        assert 5_900 < turn.left_ms <= 6_000
        await trio.sleep(began + 14.9 - trio.current_time())
        assert watcher.all(wire.Acted) == []
        assert len(watcher.all(wire.TurnBegan)) == turns
        await trio.sleep(0.2)
        assert watcher.last(wire.Acted).cause is wire.MoveCause.TIME_OUT


async def test_turns_that_run_out_leave_the_offer_its_time(autojump_clock: MockClock) -> None:
    async with _seat_free_in_a_hand() as house:
        first, second = house.guests[4], house.guests[5]
        await trio.sleep(29.9)
        assert house.guests[1].last(wire.Acted).cause is wire.MoveCause.TIME_OUT
        assert first.place.offered_seat == SeatIndex(2)
        assert second.place.offered_seat is None
        await trio.sleep(0.2)
        assert second.place.offered_seat == SeatIndex(2)


async def test_no_message_buys_time(autojump_clock: MockClock) -> None:
    """Neither for the offer nor for the turn, whatever is asked meanwhile."""
    async with _seat_free_in_a_hand() as house:
        first, second, actor = house.guests[4], house.guests[5], house.to_act()
        for _ in range(29):
            first.join_waiting_list()
            first.sit(buy_in=Krw(1))
            first.resync(None)
            second.sit()
            actor.act(asks.ActionKind.CHECK)
            actor.sit_in()
            actor.resync(None)
            await trio.sleep(1)
        assert house.guests[1].all(wire.Acted)[0].cause is wire.MoveCause.TIME_OUT
        assert first.place.offered_seat == SeatIndex(2)
        await trio.sleep(1.1)
        assert first.last(PlaceChanged).reason is Refusal.OFFER_EXPIRED
        assert second.place.offered_seat == SeatIndex(2)


async def test_who_cannot_pay_for_the_offered_seat_loses_it_to_the_next(autojump_clock: MockClock) -> None:
    async with _full_table() as house:
        house.guest(3, purse=Krw(100))
        poor, second = await _wait_in_line(house, 3, 4)
        await _leave(house, 1)
        poor.sit()
        await settle()
        assert poor.refusals == [Refusal.INSUFFICIENT_FUNDS]
        assert poor.place.waiting_number == 0
        assert second.place.offered_seat == FIRST


async def test_who_had_to_bring_more_is_refused_and_keeps_the_offer(autojump_clock: MockClock) -> None:
    """Rule 35 holds for the list too; what is refused changes nothing."""
    async with _full_table() as house:
        await _leave(house, 1)
        house.guest(5).sit()
        await settle()
        (first,) = await _wait_in_line(house, 1)
        await _leave(house, 5)
        first.sit(buy_in=Krw(199_999))
        await settle()
        assert first.refusals == [Refusal.BUY_IN_BELOW_LAST_STACK]
        assert first.place.offered_seat == FIRST
        first.sit()
        await settle()
        assert first.place.seat == FIRST
