"""A player's own business: told to that player on every device, to nobody else, and always as it is."""

from collections.abc import Callable
from typing import Any

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.place import Place, PlaceChanged
from cardroom.wire.refusals import Refusal
from tests.node.tables.house import (
    BUY_IN,
    FIRST_SEAT_WINS,
    HALF,
    STAKE,
    TABLE,
    Guest,
    House,
    open_house,
    settle,
)

STRADDLES = evolve(STAKE, straddle=True)
STRANGER = Place(
    seat=None, straddles=False, posts_blind=False, sits_out_at_big_blind=False, leaves_after_hand=False,
    auto_top_up_to=Krw(0), arriving=Krw(0), min_buy_in=Krw(80_000), max_buy_in=Krw(200_000), waiting_number=0,
    offered_seat=None, offer_left_ms=0,
)  # fmt: skip


async def _check_places(house: House, *guests: Guest) -> None:
    """Assert that what was told last is what a snapshot says now."""
    for guest in guests:
        device = house.comes_back(guest)
        await settle()
        house.goes(device)
        assert guest.place == device.last(wire.Snapshot).you


async def test_a_stranger_has_the_tables_limits_and_nothing_else(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        watcher = house.guest(9)
        await house.heads_up()
        assert watcher.last(wire.Snapshot).you == STRANGER
        assert watcher.all(PlaceChanged) == []


WISHES: list[tuple[Callable[[Guest], None], dict[str, Any]]] = [
    (lambda guest: guest.straddle(), {"straddles": True}),
    (lambda guest: guest.sit_in(posts_blind=False), {"posts_blind": False}),
    (lambda guest: guest.sit_out(at_big_blind=True), {"sits_out_at_big_blind": True}),
    (lambda guest: guest.leave(after_hand=True), {"leaves_after_hand": True}),
    (lambda guest: guest.auto_top_up(150_000), {"auto_top_up_to": 150_000}),
    (lambda guest: guest.top_up(30_000), {"arriving": 30_000}),
]


@pytest.mark.parametrize(("wish", "change"), WISHES)
async def test_a_wish_is_told_on_every_device_of_the_player_and_on_no_other(
    autojump_clock: MockClock, wish: Callable[[Guest], None], change: dict[str, Any]
) -> None:
    async with open_house(stake=STRADDLES) as house:
        watcher = house.guest(9)
        one, two = await house.dealt(HALF)
        device = house.comes_back(one)
        await settle()
        before, others = one.place, [len(guest.all(PlaceChanged)) for guest in (two, watcher)]
        wish(device)
        await settle()
        told = PlaceChanged(TABLE, evolve(before, **change), None)
        assert one.last(PlaceChanged) == device.last(PlaceChanged) == told
        assert [len(guest.all(PlaceChanged)) for guest in (two, watcher)] == others
        assert one.all(wire.Done)[-1].request_id == 1, "only who asked is answered"
        await _check_places(house, one, two, watcher)


async def test_a_refused_wish_changes_nothing_and_tells_nothing(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up()
        heard = len(one.all(PlaceChanged))
        one.straddle()
        one.auto_top_up(1)
        one.top_up(10**9)
        one.join_waiting_list()
        await settle()
        assert len(one.refusals) == 4
        assert len(one.all(PlaceChanged)) == heard


async def test_from_the_first_chip_to_the_last_the_place_is_told(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one = house.guest(1)
        await settle()
        house.ledger.is_silent = True
        one.sit(0)
        await settle()
        assert one.last(PlaceChanged).place == evolve(STRANGER, seat=SeatIndex(0), posts_blind=True)
        await _check_places(house, one)
        house.ledger.speak()
        await settle()
        await _check_places(house, one)
        house.ledger.is_silent = True
        one.auto_top_up(BUY_IN)
        one.leave()
        await settle()
        await _check_places(house, one)
        house.ledger.speak()
        await settle()
        assert one.last(PlaceChanged).place == evolve(STRANGER, min_buy_in=BUY_IN)
        await _check_places(house, one)


async def test_a_wish_that_time_outs_have_overtaken_is_told_to_be_over(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        guests = [house.guest(user) for user in (1, 2, 3)]
        for seat, guest in enumerate(guests):
            guest.sit(seat)
        await settle()
        guests[1].sit_out(at_big_blind=True)
        for _ in range(60):
            await trio.sleep(1)
            await _check_places(house, *guests)
        assert not guests[1].place.sits_out_at_big_blind


async def test_a_wish_to_leave_that_is_carried_out_is_told_before_the_money_is_paid(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        one, two = await house.dealt()
        one.leave(after_hand=True)
        one.sit_out(at_big_blind=True)
        await settle()
        house.ledger.is_silent = True
        await house.fold()
        assert two.last(wire.SeatChanged).status is wire.SeatStatus.LEAVING
        assert (one.place.leaves_after_hand, one.place.sits_out_at_big_blind) == (False, False)
        await _check_places(house, one, two)
        house.ledger.speak()
        await settle()
        await _check_places(house, one, two)


async def test_a_lost_seat_ends_all_wishes(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.heads_up(BUY_IN)
        three = house.guest(3)
        three.sit(4)
        await settle()
        one.sit_out()
        one.sit_out(at_big_blind=True)
        one.auto_top_up(BUY_IN)
        while not two.all(wire.SeatLeft):
            await trio.sleep(1.01)
            house.ledger.is_silent = True
            await house.fold()
            await _check_places(house, one, two, three)
            house.ledger.speak()
            await settle()
            await _check_places(house, one, two, three)
        assert one.place == evolve(STRANGER, min_buy_in=BUY_IN)


async def test_chips_under_way_are_the_players_business_until_they_play(autojump_clock: MockClock) -> None:
    async with open_house(shuffle=lambda: FIRST_SEAT_WINS) as house:
        one, two = await house.dealt(BUY_IN, HALF)
        two.top_up(50_000)
        two.auto_top_up(BUY_IN)
        await settle()
        assert two.place.arriving == 50_000
        assert one.all(PlaceChanged)[-1].place.arriving == 0
        await _check_places(house, one, two)
        await house.all_in()
        assert two.place.arriving == 0
        assert house.stack(two) == BUY_IN
        await _check_places(house, one, two)


async def test_what_the_player_has_not_asked_for_says_why(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        poor = house.guest(1, purse=HALF)
        watcher = house.guest(9)
        poor.sit(0, HALF)
        poor.auto_top_up(BUY_IN)
        device = house.comes_back(poor)
        await settle()
        for one in (poor, device):
            told = one.last(PlaceChanged)
            assert (told.reason, told.place.auto_top_up_to) == (Refusal.INSUFFICIENT_FUNDS, 0)
        assert watcher.all(PlaceChanged) == []
        poor.top_up(1)
        await settle()
        assert poor.refusals == [Refusal.INSUFFICIENT_FUNDS]
        assert poor.last(PlaceChanged).reason is None, "the answer has said it"


async def test_a_device_that_has_gone_is_told_nothing_more(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up()
        device = house.comes_back(one)
        await settle()
        house.goes(device)
        await settle()
        heard = len(device.heard)
        one.auto_top_up(BUY_IN)
        await settle()
        assert len(device.heard) == heard
        assert one.place.auto_top_up_to == BUY_IN


async def test_two_devices_at_one_seat_and_either_may_act_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt()
        device = house.comes_back(one)
        await settle()
        assert device.last(wire.Snapshot).you.seat == SeatIndex(0)
        turn = one.last(wire.TurnBegan)
        for guest, number in ((device, 500), (one, 600)):
            act = asks.Act(number, turn.table_id, turn.hand_no, turn.turn.turn, asks.ActionKind.CALL, Krw(0))
            guest.ask(act)
        await settle()
        assert device.last(wire.Done).request_id == 500
        assert one.refusals == [Refusal.OUT_OF_TURN]
        assert len(two.all(wire.Acted)) == 1
