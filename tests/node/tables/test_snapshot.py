"""Who comes back in the middle of a hand sees what who stayed has followed event by event."""

from random import Random

import trio
from trio.testing import MockClock

from cardroom.wire import table as wire
from tests.node.tables.followers import Comparison
from tests.node.tables.house import open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle


async def test_a_snapshot_at_every_step_says_what_the_events_said(autojump_clock: MockClock) -> None:
    async with open_house(shuffle=RecordingShuffle(Random(5))) as house:
        watcher = house.guest(99)
        players = [house.guest(user, DEEP_PURSE) for user in range(1, 5)]
        await settle()
        comparison = Comparison(house, [watcher, *players[:2]])
        play = RandomPlay(house, players, Random(5), comparison.compare)
        assert await play.play(25) == 25
        assert comparison.compared > 25 * 3 * 4


async def test_sitting_out_in_a_hand_and_timing_out_are_followed_too(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = house.guest(1), house.guest(2)
        one.sit(0)
        two.sit(3)
        await settle()
        comparison = Comparison(house, [one, two])
        await trio.sleep(1.01)
        one.sit_out()
        await settle()
        await comparison.compare()
        one.sit_in()
        for _ in range(120):
            await trio.sleep(1)
            await comparison.compare()
        statuses = {house.table.seats.status(holder) for holder in house.table.seats.holders.values()}
        assert wire.SeatStatus.SITTING_OUT in statuses


async def test_a_table_that_has_waited_says_when_it_goes_on(autojump_clock: MockClock) -> None:
    """What a hand shows by itself is not said: its beginning and its end."""
    async with open_house() as house:
        one, _ = await house.heads_up()
        house.ledger.is_silent = True
        for _ in range(2):
            await trio.sleep(1.01)
            await house.fold()
        await trio.sleep(5)
        house.ledger.speak()
        await trio.sleep(1.01)
        one.leave()
        await trio.sleep(5)
        assert [told.state for told in one.all(wire.StateChanged)] == [
            wire.TableState.BETWEEN_HANDS,
            wire.TableState.WAITING_FOR_LEDGER,
            wire.TableState.BETWEEN_HANDS,
            wire.TableState.WAITING_FOR_PLAYERS,
        ]


async def test_after_a_crash_the_state_is_told_as_it_is(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt()
        two.leave()
        await settle()
        await house.crash()
        comparison = Comparison(house, [one, two])
        await comparison.compare()
        assert one.last(wire.StateChanged).state is wire.TableState.WAITING_FOR_PLAYERS
        three = house.guest(3)
        three.sit()
        await settle()
        await comparison.compare()
        assert one.last(wire.StateChanged).state is wire.TableState.BETWEEN_HANDS
