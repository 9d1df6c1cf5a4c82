"""Who may sit down with how much: one seat a player, and one address where the game says so."""

import pytest
from attrs import evolve
from trio.testing import MockClock

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from cardroom.wire import table as wire
from cardroom.wire.place import PlaceChanged
from cardroom.wire.refusals import Refusal
from tests.node.tables.house import BUY_IN, PURSE, STAKE, Guest, open_house, settle

APART = evolve(STAKE, same_address_seats=False)


@pytest.mark.parametrize("buy_in", [80_000, 200_000])
async def test_both_ends_of_the_range_are_taken(autojump_clock: MockClock, buy_in: int) -> None:
    async with open_house() as house:
        one = house.guest(1)
        assert (await _place(one)) == (80_000, 200_000)
        one.sit(0, Krw(buy_in))
        await settle()
        assert one.refusals == []
        assert house.ledger.wallets[one.user_id] == PURSE - buy_in
        house.check_money()


async def _place(guest: Guest) -> tuple[int, int]:
    await settle()
    return guest.place.min_buy_in, guest.place.max_buy_in


@pytest.mark.parametrize(
    "code", [Refusal.INSUFFICIENT_FUNDS, Refusal.FROZEN, Refusal.SELF_EXCLUDED, Refusal.SEAT_TAKEN]
)
async def test_a_buy_in_that_the_ledger_refuses_frees_the_seat_and_says_why(
    autojump_clock: MockClock, code: Refusal
) -> None:
    async with open_house() as house:
        one, watcher = house.guest(1), house.guest(9)
        house.ledger.is_silent, house.ledger.refuses = True, code
        one.sit(0)
        await settle()
        assert watcher.last(wire.SeatTaken).status is wire.SeatStatus.RESERVED
        house.ledger.speak()
        await settle()
        assert one.all(wire.Refused) == [wire.Refused(1, code)]
        left = watcher.last(wire.SeatLeft)
        assert (left.paid, left.reason) == (0, wire.LeaveReason.BUY_IN_REFUSED)
        assert [changed.place.seat for changed in one.all(PlaceChanged)] == [SeatIndex(0), None]
        assert house.ledger.wallets[one.user_id] == PURSE
        house.check_money()


async def test_a_seat_that_is_reserved_is_nobody_elses(autojump_clock: MockClock) -> None:
    async with open_house(seats=2) as house:
        house.ledger.is_silent = True
        one, two, three = house.guest(1), house.guest(2), house.guest(3)
        one.sit(0)
        two.sit(0)
        two.sit()
        three.sit()
        await settle()
        assert two.refusals == [Refusal.SEAT_TAKEN]
        assert two.place.seat == SeatIndex(1)
        assert three.refusals == [Refusal.TABLE_FULL]
        house.ledger.speak()
        await settle()
        assert house.ledger.wallets[three.user_id] == PURSE
        house.check_money()


async def test_a_player_who_asks_on_two_devices_at_once_pays_one_buy_in(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.ledger.is_silent = True
        one = house.guest(1)
        device = house.comes_back(one)
        one.sit(0)
        device.sit(0)
        device.sit(1)
        one.sit(0)
        await settle()
        assert device.refusals == [Refusal.ALREADY_SEATED] * 2
        assert one.refusals == [Refusal.ALREADY_SEATED]
        house.ledger.speak()
        await settle()
        assert house.ledger.wallets[one.user_id] == PURSE - BUY_IN
        house.check_money()


async def test_two_of_one_address_sit_only_where_the_game_says_so(autojump_clock: MockClock) -> None:
    for stake, refused in ((STAKE, []), (APART, [Refusal.SAME_ADDRESS])):
        async with open_house(stake=stake) as house:
            one, two = house.guest(1), house.guest(2)
            house.ledger.is_silent = True
            one.sit(0)
            two.sit(3)
            await settle()
            assert two.refusals == refused
            assert two.last(wire.Snapshot).options.same_address_seats == (not refused)
            house.ledger.speak()
            await settle()
            house.check_money()


async def test_an_address_counts_from_the_reservation_to_the_last_won(autojump_clock: MockClock) -> None:
    async with open_house(stake=APART) as house:
        one, two, far = house.guest(1), house.guest(2), house.guest(3, address="198.51.100.7")
        one.sit(0)
        far.sit(1)
        await settle()
        house.ledger.is_silent = True
        one.leave()
        two.sit(3)
        await settle()
        assert (two.refusals, far.refusals) == ([Refusal.SAME_ADDRESS], [])
        house.ledger.speak()
        two.sit(3)
        await settle()
        assert two.last(wire.Done).request_id == 2
        house.check_money()


async def test_the_address_is_that_of_the_newest_connection(autojump_clock: MockClock) -> None:
    async with open_house(stake=APART) as house:
        one = house.guest(1, address="198.51.100.7")
        one.sit(0)
        await settle()
        house.goes(one)
        one.address = "192.0.2.1"
        house.comes_back(one)
        two, three = house.guest(2), house.guest(3, address="198.51.100.7")
        two.sit(1)
        three.sit(2)
        await settle()
        assert (two.refusals, three.refusals) == ([Refusal.SAME_ADDRESS], [])


async def test_who_is_known_by_no_address_may_sit(autojump_clock: MockClock) -> None:
    async with open_house(stake=APART) as house:
        one, two = house.guest(1, address=""), house.guest(2, address="")
        one.sit(0)
        two.sit(1)
        await settle()
        assert two.refusals == []
