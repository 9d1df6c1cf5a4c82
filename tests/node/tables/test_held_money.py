"""What a table says of its money at every stage, compared with the ledger that it plays on."""

import pytest
from trio.testing import MockClock

from cardroom.ids import SeatIndex, UserId
from cardroom.money import Krw
from cardroom.wire.escrow import HeldMoney, SeatMoney, UnderWay
from node.tables.held_money import held_money
from tests.node.tables.house import BUY_IN, HALF, TABLE, House, open_house, settle


def of(house: House) -> HeldMoney:
    return held_money(house.table.seats)


def seat(house: House, number: int) -> SeatMoney:
    return next(one for one in of(house).seats if one.seat == number)


def lying(escrow: int, under_way: UnderWay | None, amount: int) -> SeatMoney:
    return SeatMoney(SeatIndex(0), UserId(1), Krw(escrow), under_way, Krw(amount))


def booked(house: House) -> dict[int, int]:
    """Give what the ledger has at the seats."""
    return {place: amount for (_, place), (_, amount) in house.ledger.escrow.items() if amount}


async def test_money_on_its_way_is_told_beside_what_lies_there() -> None:
    async with open_house() as house:
        house.ledger.is_silent = True
        guest = house.guest(1)
        guest.sit(0, HALF)
        await settle()
        assert seat(house, 0) == lying(0, UnderWay.BUY_IN, HALF)
        house.ledger.speak()
        await settle()
        assert seat(house, 0) == lying(HALF, None, 0)
        house.ledger.is_silent = True
        guest.top_up(5_000)
        await settle()
        assert seat(house, 0) == lying(HALF, UnderWay.TOP_UP, 5_000)
        house.ledger.speak()
        await settle()
        assert seat(house, 0) == lying(HALF + 5_000, None, 0)
        assert booked(house) == {0: HALF + 5_000}


async def test_a_stack_on_its_way_home_is_told() -> None:
    async with open_house() as house:
        guest = house.guest(1)
        guest.sit(0, HALF)
        await settle()
        house.ledger.is_silent = True
        guest.leave()
        await settle()
        assert seat(house, 0) == lying(HALF, UnderWay.CASH_OUT, HALF)
        house.ledger.speak()
        await settle()
        assert of(house).seats == ()


async def test_hands_that_are_not_settled_are_told_beside_the_escrow(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await house.dealt()
        house.ledger.is_silent = True
        await house.fold()
        held = of(house)
        (hand,) = held.unsettled
        assert (held.settled_hand_no, hand.hand_no) == (0, 1)
        assert {one.seat: one.escrow for one in held.seats} == {0: HALF, 3: BUY_IN}
        nets = {one.user_id: one.net for one in hand.nets}
        assert {one.seat: one.escrow + nets[one.user_id] for one in held.seats} == booked(house)
        house.ledger.speak()
        await settle()
        held = of(house)
        assert (held.settled_hand_no, held.unsettled) == (1, ())
        assert {one.seat: one.escrow for one in held.seats} == booked(house)
        assert house.table.seats.game.table_id == TABLE


@pytest.mark.parametrize("refused", [True, False])
async def test_a_buy_in_that_the_ledger_refuses_leaves_nothing(refused: bool) -> None:
    async with open_house() as house:
        house.ledger.is_silent = True
        house.guest(1, purse=HALF if refused else BUY_IN).sit(0, BUY_IN)
        await settle()
        assert seat(house, 0).under_way is UnderWay.BUY_IN
        house.ledger.speak()
        await settle()
        assert [one.escrow for one in of(house).seats] == ([] if refused else [BUY_IN])
