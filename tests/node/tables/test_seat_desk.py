"""Seats and money: what is asked while an answer of the ledger is under way counts when it comes."""

import pytest
import trio
from trio.testing import MockClock

from cardroom.wire import table as wire
from cardroom.wire.refusals import Refusal
from node.tables.public_state import PublicState
from tests.node.tables.house import BUY_IN, PURSE, TABLE, open_house, settle


async def test_who_sits_out_before_the_money_is_held_is_not_dealt_in(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = house.guest(1), house.guest(2)
        two.sit(3)
        await settle()
        house.ledger.is_silent = True
        one.sit(0)
        one.sit_out()
        await settle()
        house.ledger.speak()
        await trio.sleep(10)
        assert one.last(wire.SeatChanged).status is wire.SeatStatus.SITTING_OUT
        assert one.all(wire.HandStarted) == []
        one.sit_in()
        await trio.sleep(2)
        assert len(one.all(wire.HandStarted)) == 1


@pytest.mark.parametrize("posts", [True, False])
async def test_the_last_word_before_the_money_is_held_counts(autojump_clock: MockClock, posts: bool) -> None:
    async with open_house() as house:
        one = house.guest(1)
        house.ledger.is_silent = True
        one.sit(0)
        one.sit_out()
        one.sit_in(posts_blind=posts)
        await settle()
        house.ledger.speak()
        await settle()
        occupant = house.table.seats.seating.occupant(next(iter(house.table.seats.holders)))
        assert (occupant.is_sitting_out, occupant.posts_to_enter) == (False, posts)


async def test_a_seat_is_taken_until_the_cash_out_is_paid(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = house.guest(1), house.guest(2)
        one.sit(0)
        await settle()
        house.ledger.is_silent = True
        one.leave()
        one.leave()
        one.sit_in()
        one.sit(1)
        two.sit(0)
        await settle()
        assert [refused.code for refused in one.all(wire.Refused)] == [
            Refusal.LEAVING,
            Refusal.ALREADY_SEATED,
        ]
        assert two.last(wire.Refused).code is Refusal.SEAT_TAKEN
        assert house.ledger.unanswered == 1, "one cash-out, however often one leaves"
        house.ledger.speak()
        two.sit(0)
        await settle()
        assert one.last(wire.SeatLeft).paid == BUY_IN
        assert house.ledger.wallets == {one.user_id: PURSE, two.user_id: PURSE - BUY_IN}


class BrokenState(PublicState):
    """Fails while the first seat is told to be taken, as any mistake of ours may."""

    has_failed: bool = False

    def follow(self, event: wire.AnyTableEvent) -> None:
        if isinstance(event, wire.SeatTaken) and not self.has_failed:
            self.has_failed = True
            raise RuntimeError("the seat is not told")
        super().follow(event)


async def test_a_seat_whose_telling_crashes_still_gets_its_money(autojump_clock: MockClock) -> None:
    """Else it would be reserved for ever: no answer would come to free it."""
    async with open_house() as house:
        house.table.history.public = BrokenState(TABLE)
        one = house.guest(1)
        one.sit(0)
        await trio.sleep(1)
        assert house.table.has_crashed
        assert one.last(wire.Done) == wire.Done(1)
        assert one.last(wire.SeatChanged).stack == BUY_IN
        one.leave()
        await settle()
        assert one.last(wire.SeatLeft).paid == BUY_IN
        assert house.ledger.wallets[one.user_id] == PURSE
