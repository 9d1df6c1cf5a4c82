"""The order to stop wakes those who wait for it, and nobody else."""

import trio
from trio.testing import MockClock

from loadtest.stop import Stop


async def test_the_order_ends_a_pause(autojump_clock: MockClock) -> None:
    stop = Stop()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stop.pause, 1_000.0)
        await trio.sleep(1.0)
        stop.order()
    assert trio.current_time() < 2.0


async def test_a_pause_after_the_order_is_none(autojump_clock: MockClock) -> None:
    stop = Stop()
    stop.order()
    began = trio.current_time()
    await stop.pause(5.0)
    assert trio.current_time() == began


async def test_without_an_order_a_pause_takes_its_time(autojump_clock: MockClock) -> None:
    stop = Stop()
    began = trio.current_time()
    await stop.pause(5.0)
    stop.order()
    assert trio.current_time() - began == 5.0
    assert stop.is_ordered
