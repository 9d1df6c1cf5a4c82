"""Shares of the stop."""

import trio
from trio.testing import MockClock

from cardroom.local.patience import Limit, Patience

LIMIT = Limit(calm=10.0, hurried=1.0)


async def test_calm_without_a_signal(autojump_clock: MockClock) -> None:
    with Patience().step(LIMIT):
        await trio.sleep_forever()
    assert trio.current_time() == 10.0


async def test_hurried_after_one(autojump_clock: MockClock) -> None:
    patience = Patience()
    patience.hurry()
    with patience.step(LIMIT):
        await trio.sleep_forever()
    assert trio.current_time() == 1.0


async def test_a_signal_shortens_the_step_under_way(autojump_clock: MockClock) -> None:
    patience = Patience()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_hurry_after, patience, 3.0)
        with patience.step(LIMIT):
            await trio.sleep_forever()
    assert trio.current_time() == 4.0


async def test_no_cancellation_from_outside_cuts_a_step_off(autojump_clock: MockClock) -> None:
    with trio.move_on_after(1.0), Patience().step(LIMIT):
        await trio.sleep_forever()
    assert trio.current_time() == 10.0


async def _hurry_after(patience: Patience, seconds: float) -> None:
    await trio.sleep(seconds)
    patience.hurry()
    patience.hurry()
