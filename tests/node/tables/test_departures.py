"""Who comes back within the hour brings what was taken away: no winnings are put aside (rule 35)."""

import pytest
import trio
from trio.testing import MockClock

from cardroom.ids import SeatIndex, UserId
from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.place import PlaceChanged
from cardroom.wire.refusals import Refusal
from node.tables.departures import BuyInRange, Departures
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

TABLE_RANGE = BuyInRange(Krw(80_000), Krw(200_000))
PLAYER, OTHER = UserId(1), UserId(2)
HOUR = 3_600.0
DOUBLE = Krw(398_000)
"""What two players' largest buy-ins are together, rake out."""


@pytest.mark.parametrize(
    ("stack", "least", "most"),
    [
        (0, 80_000, 200_000),
        (79_999, 80_000, 200_000),
        (80_000, 80_000, 200_000),
        (150_000, 150_000, 200_000),
        (200_000, 200_000, 200_000),
        (200_001, 200_001, 200_001),
        (3_000_000, 3_000_000, 3_000_000),
    ],
)
def test_rule_35_what_must_be_brought(stack: int, least: int, most: int) -> None:
    left = Departures()
    left.note(PLAYER, Krw(stack), left_at=100.0, now=100.0)
    assert left.range_for(PLAYER, TABLE_RANGE, now=200.0) == BuyInRange(Krw(least), Krw(most))
    assert left.range_for(OTHER, TABLE_RANGE, now=200.0) == TABLE_RANGE


def test_the_hour_begins_when_the_player_left() -> None:
    left = Departures()
    left.note(PLAYER, BUY_IN, left_at=100.0, now=1_000.0)
    assert left.range_for(PLAYER, TABLE_RANGE, now=100.0 + HOUR - 0.001).least == BUY_IN
    assert left.range_for(PLAYER, TABLE_RANGE, now=100.0 + HOUR + 0.001) == TABLE_RANGE


def test_the_newest_departure_counts() -> None:
    left = Departures()
    left.note(PLAYER, Krw(500_000), left_at=100.0, now=100.0)
    left.note(PLAYER, Krw(90_000), left_at=200.0, now=200.0)
    assert left.range_for(PLAYER, TABLE_RANGE, now=300.0).least == 90_000
    left.note(OTHER, Krw(120_000), left_at=2 * HOUR, now=2 * HOUR)
    assert left.range_for(OTHER, TABLE_RANGE, now=2 * HOUR + 1).least == 120_000


async def _leaves(house: House, guest: Guest) -> None:
    guest.leave()
    await settle()
    house.check_money()


async def _asks(house: House, guest: Guest, *buy_ins: int) -> list[Refusal]:
    """Try these buy-ins one after another; give what was refused."""
    before = len(guest.refusals)
    for buy_in in buy_ins:
        guest.sit(buy_in=Krw(buy_in))
        await settle()
        house.check_money()
    return guest.refusals[before:]


async def test_within_the_limits_at_least_the_stack_that_was_taken_away(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up(150_000)
        await _leaves(house, one)
        assert one.last(wire.SeatLeft).paid == 150_000
        assert (one.place.min_buy_in, one.place.max_buy_in) == (150_000, 200_000)
        assert await _asks(house, one, 80_000, 149_999, 150_000) == [Refusal.BUY_IN_BELOW_LAST_STACK] * 2
        assert house.stack(one) == 150_000


async def test_more_than_the_stack_is_allowed_up_to_the_maximum(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up(150_000)
        await _leaves(house, one)
        assert await _asks(house, one, 200_001, 79_999, 200_000) == [
            Refusal.BUY_IN_TOO_LARGE,
            Refusal.BUY_IN_TOO_SMALL,
        ]


async def test_above_the_maximum_exactly_the_stack(autojump_clock: MockClock) -> None:
    async with open_house(shuffle=lambda: FIRST_SEAT_WINS) as house:
        winner, _ = await house.dealt(BUY_IN)
        await house.all_in()
        assert house.stack(winner) == DOUBLE
        await _leaves(house, winner)
        assert (winner.place.min_buy_in, winner.place.max_buy_in) == (DOUBLE, DOUBLE)
        refused = await _asks(house, winner, 200_000, 200_001, DOUBLE - 1, DOUBLE + 1, DOUBLE)
        assert refused == [Refusal.BUY_IN_BELOW_LAST_STACK] * 3 + [Refusal.BUY_IN_TOO_LARGE]
        assert house.stack(winner) == DOUBLE


async def test_below_the_minimum_the_minimum(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt(80_000)
        one.act(asks.ActionKind.RAISE_TO, 50_000)
        await settle()
        two.act(asks.ActionKind.RAISE_TO, 150_000)
        await settle()
        await house.fold()
        await _leaves(house, one)
        assert one.last(wire.SeatLeft).paid == 30_000
        assert await _asks(house, one, 30_000, 79_999, 80_000) == [Refusal.BUY_IN_TOO_SMALL] * 2


async def test_who_has_lost_all_and_left_is_bound_to_nothing(autojump_clock: MockClock) -> None:
    async with open_house(shuffle=lambda: FIRST_SEAT_WINS) as house:
        _, loser = await house.dealt(BUY_IN)
        await house.all_in()
        await _leaves(house, loser)
        assert loser.last(wire.SeatLeft).paid == 0
        assert await _asks(house, loser, 80_000) == []


@pytest.mark.parametrize(("seconds", "refused"), [(HOUR - 0.1, True), (HOUR + 0.1, False)])
async def test_sixty_minutes_after_the_money_was_paid_the_table_forgets(
    autojump_clock: MockClock, seconds: float, refused: bool
) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up(150_000)
        house.ledger.is_silent = True
        one.leave()
        await trio.sleep(100)
        house.ledger.speak()
        await settle()
        await trio.sleep(seconds)
        assert bool(await _asks(house, one, 80_000)) == refused


async def test_coming_back_for_a_moment_does_not_free_the_player(autojump_clock: MockClock) -> None:
    async with open_house(shuffle=lambda: FIRST_SEAT_WINS) as house:
        winner, _ = await house.dealt(BUY_IN)
        await house.all_in()
        await _leaves(house, winner)
        await trio.sleep(HOUR - 10)
        assert await _asks(house, winner, DOUBLE) == []
        await _leaves(house, winner)
        await trio.sleep(HOUR - 10)
        assert await _asks(house, winner, BUY_IN) == [Refusal.BUY_IN_BELOW_LAST_STACK]


async def test_who_leaves_before_the_buy_in_is_held_is_bound_to_it(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up(150_000)
        await _leaves(house, one)
        house.ledger.is_silent = True
        one.sit(0, Krw(180_000))
        one.leave()
        await settle()
        house.ledger.speak()
        await settle()
        assert one.last(wire.SeatLeft).paid == 180_000
        assert await _asks(house, one, 150_000) == [Refusal.BUY_IN_BELOW_LAST_STACK]


async def test_a_buy_in_that_the_ledger_refuses_frees_nobody(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up(150_000)
        await _leaves(house, one)
        house.ledger.is_silent, house.ledger.refuses = True, Refusal.INSUFFICIENT_FUNDS
        one.sit(0, Krw(150_000))
        one.leave()
        await settle()
        house.ledger.refuses = None
        house.ledger.speak()
        await settle()
        assert one.last(wire.SeatLeft).reason is wire.LeaveReason.BUY_IN_REFUSED
        assert await _asks(house, one, 80_000) == [Refusal.BUY_IN_BELOW_LAST_STACK]


async def test_chips_that_were_under_way_count_to_the_stack(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up(HALF)
        house.ledger.is_silent = True
        one.top_up(80_000)
        one.leave()
        await settle()
        house.ledger.speak()
        await settle()
        assert await _asks(house, one, 179_999, 180_000) == [Refusal.BUY_IN_BELOW_LAST_STACK]


async def test_a_seat_that_was_lost_is_left_too(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up(150_000)
        house.guest(3).sit(4)
        await settle()
        one.sit_out()
        while not one.all(wire.SeatLeft):
            await trio.sleep(1.01)
            await house.fold()
        assert one.last(wire.SeatLeft).reason is wire.LeaveReason.MISSED_BLINDS
        assert await _asks(house, one, 149_999, 150_000) == [Refusal.BUY_IN_BELOW_LAST_STACK]


async def test_a_crash_and_another_device_change_nothing(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up(150_000)
        await _leaves(house, one)
        await house.crash()
        house.goes(one)
        device = house.comes_back(one)
        await settle()
        assert device.last(wire.Snapshot).you.min_buy_in == 150_000
        assert await _asks(house, device, 149_999) == [Refusal.BUY_IN_BELOW_LAST_STACK]
        assert house.ledger.wallets[one.user_id] == PURSE


async def test_the_money_of_the_last_hand_counts_before_it_is_settled(autojump_clock: MockClock) -> None:
    async with open_house(shuffle=lambda: FIRST_SEAT_WINS) as house:
        winner, _ = await house.dealt(BUY_IN)
        house.ledger.is_silent = True
        await house.all_in()
        winner.leave()
        await settle()
        assert await _asks(house, winner, 200_000) == [Refusal.ALREADY_SEATED]
        house.ledger.speak()
        await settle()
        assert winner.last(wire.SeatLeft).paid == DOUBLE
        assert await _asks(house, winner, 200_000) == [Refusal.BUY_IN_BELOW_LAST_STACK]


async def test_a_top_up_is_bound_by_the_table_only(autojump_clock: MockClock) -> None:
    """A seated player's place says what a stack may be filled up to, whatever was taken away before."""
    async with open_house(shuffle=lambda: FIRST_SEAT_WINS) as house:
        winner, _ = await house.dealt(BUY_IN)
        await house.all_in()
        await _leaves(house, winner)
        assert await _asks(house, winner, DOUBLE) == []
        place = winner.last(PlaceChanged).place
        assert (place.seat, place.min_buy_in, place.max_buy_in) == (SeatIndex(0), 80_000, 200_000)
        winner.top_up(1)
        await settle()
        assert winner.refusals[-1] is Refusal.BUY_IN_TOO_LARGE
        house.check_money()
