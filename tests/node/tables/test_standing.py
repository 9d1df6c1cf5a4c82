"""What a table is doing is told when it changes, and what shows by itself is not told besides."""

import trio
from trio.testing import MockClock

from cardroom.wire import table as wire
from cardroom.wire.table import TableState
from tests.node.tables.house import Guest, House, open_house, settle


def told(guest: Guest) -> list[TableState]:
    return [one.state for one in guest.all(wire.StateChanged)]


async def state(house: House) -> TableState:
    """What somebody who comes now is told."""
    late = house.guest(99)
    await settle()
    house.goes(late)
    return late.last(wire.Snapshot).state


async def test_a_table_waits_for_players_and_then_for_the_next_hand(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = house.guest(1), house.guest(2)
        await settle()
        assert await state(house) is TableState.WAITING_FOR_PLAYERS
        one.sit(0)
        await settle()
        assert told(one) == []
        two.sit(3)
        await settle()
        assert told(one) == [TableState.BETWEEN_HANDS]
        assert await state(house) is TableState.BETWEEN_HANDS


async def test_a_hands_beginning_and_end_show_by_themselves(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt()
        before = told(one)
        assert before == [TableState.BETWEEN_HANDS]
        assert await state(house) is TableState.PLAYING
        await house.fold()
        assert told(one) == before
        assert await state(house) is TableState.BETWEEN_HANDS
        await trio.sleep(1.1)
        assert told(one) == before
        assert one.last(wire.HandStarted).hand_no == 2


async def test_a_table_that_waits_for_the_ledger_says_so_and_when_it_does_no_more(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        one, _ = await house.dealt()
        house.ledger.is_silent = True
        limit = house.table.seats.game.limits.unsettled_hands
        for _ in range(limit):
            await house.fold()
            await trio.sleep(1.1)
        assert told(one)[-1] is TableState.WAITING_FOR_LEDGER
        assert len(one.all(wire.HandStarted)) == limit
        house.ledger.speak()
        await settle()
        assert told(one)[-2:] == [TableState.WAITING_FOR_LEDGER, TableState.BETWEEN_HANDS]


async def test_a_table_whose_players_go_waits_again(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt()
        two.leave()
        await settle()
        await house.fold()
        await trio.sleep(1.1)  # the pause between hands is over, and nobody is there to be dealt in
        assert told(one)[-1] is TableState.WAITING_FOR_PLAYERS
        assert await state(house) is TableState.WAITING_FOR_PLAYERS


async def test_a_halted_table_says_so_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up()
        house.table.seats.is_halted = True
        one.say("a step")
        one.say("another")
        await settle()
        assert told(one)[-1] is TableState.HALTED
        assert told(one).count(TableState.HALTED) == 1
        await trio.sleep(5)
        assert not one.all(wire.HandStarted)


async def test_what_is_told_is_what_a_crash_leaves(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt()
        await house.crash()
        assert one.all(wire.HandVoided)
        assert await state(house) is TableState.BETWEEN_HANDS
