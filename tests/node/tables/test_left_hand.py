"""A hand that an earlier owner has left is taken up: its actions are known, its time-outs counted."""

from collections.abc import Sequence

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.player import ActionKind
from cardroom.wire.refusals import Refusal
from node.journal.moves import ClockActs, Move, PlayerActs
from tests.node.tables.house import BUY_IN, STAKE, TABLE, Guest, House, open_house, settle
from tests.node.tables.test_restoring import gone_on_with, restored, returned


def left_moves(house: House) -> Sequence[Move]:
    left = restored(house).left_by_owner
    assert left is not None
    return left.moves


async def call(house: House, request_id: int) -> tuple[Guest, asks.Act]:
    """Let who is to act call, under a number; give the very request."""
    actor = house.to_act()
    began = actor.last(wire.TurnBegan)
    act = asks.Act(request_id, TABLE, began.hand_no, began.turn.turn, ActionKind.CALL, Krw(0))
    actor.ask(act)
    await settle()
    return actor, act


async def test_the_moves_of_a_hand_stand_in_the_order_of_play(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await house.dealt()
        assert left_moves(house) == ()
        await call(house, 71)
        await trio.sleep(15.1)
        first, second = left_moves(house)
        assert isinstance(first, PlayerActs)
        assert first.action_id == 71
        assert isinstance(second, ClockActs)


async def test_a_repeat_is_known_after_every_number_of_moves(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        players = await house.dealt()
        done: list[tuple[Guest, asks.Act]] = [await call(house, 71)]
        house.to_act().act(ActionKind.CHECK)
        await settle()
        async with gone_on_with(house) as heir:
            guests = {guest.user_id: guest for guest in returned(heir, *players)}
            await settle()
            for actor, act in done:
                again = guests[actor.user_id]
                again.ask(act)
                await settle()
                assert again.all(wire.Done) == [wire.Done(act.action_id)]
                assert not again.all(wire.Acted)


async def test_a_refused_action_is_not_known_and_still_refused(autojump_clock: MockClock) -> None:
    """It changed nothing, so nothing of it is kept."""
    async with open_house() as house:
        players = await house.dealt()
        actor = house.to_act()
        began = actor.last(wire.TurnBegan)
        wrong = asks.Act(70, TABLE, began.hand_no, began.turn.turn, ActionKind.CHECK, Krw(0))
        actor.ask(wrong)
        await settle()
        assert left_moves(house) == ()
        async with gone_on_with(house) as heir:
            again = {guest.user_id: guest for guest in returned(heir, *players)}[actor.user_id]
            again.ask(wrong)
            await settle()
            assert again.refusals == [Refusal.ACTION_NOT_ALLOWED]


async def test_who_has_acted_has_no_time_out_any_more(autojump_clock: MockClock) -> None:
    """An action ends the row of time-outs, and writes nothing down but itself."""
    async with open_house() as house:
        await house.dealt()
        await call(house, 71)
        await trio.sleep(15.1)
        (late,) = (holder for holder in house.table.seats.holders.values() if holder.time_outs == 1)
        house.to_act().act(ActionKind.CHECK)
        await settle()
        assert late.time_outs == 0
        async with gone_on_with(house) as heir:
            assert heir.table.seats.holders[late.seat].time_outs == 0


async def test_a_second_time_out_in_a_row_counts_over_owners(autojump_clock: MockClock) -> None:
    """The clock has checked once for the big blind; the next owner's clock does it again: that is two."""
    async with open_house() as house:
        await house.dealt()
        await call(house, 71)
        await trio.sleep(15.1)  # the big blind has checked by the clock
        (late,) = (holder for holder in house.table.seats.holders.values() if holder.time_outs == 1)
        async with gone_on_with(house) as heir:
            holder = heir.table.seats.holders[late.seat]
            assert holder.time_outs == 1
            await trio.sleep(15.1)
            await settle()
            assert holder.time_outs == 2
            assert heir.table.seats.status(holder) is wire.SeatStatus.SITTING_OUT


@pytest.mark.parametrize("seats_agree", [0, 1])
async def test_who_has_agreed_to_run_it_twice_need_not_again(
    autojump_clock: MockClock, seats_agree: int
) -> None:
    async with open_house(stake=evolve(STAKE, run_it_twice=True)) as house:
        one, two = await house.dealt(BUY_IN, BUY_IN)
        await house.all_in()
        if seats_agree:
            one.run_it_twice()
            await settle()
        play = restored(house).left_by_owner
        assert play is not None
        assert play.play.agreed == ({SeatIndex(0)} if seats_agree else set())
        assert play.play.hand.awaiting_run_it_twice
        assert two.all(wire.RunItTwiceOffered)
