"""The loop's lag is measured all the time."""

import trio
from trio.testing import MockClock

from cardroom.service.metrics import LOOP_LAG, probe_loop_lag, render_metrics


def _count() -> float:
    return next(
        sample.value
        for metric in LOOP_LAG.collect()
        for sample in metric.samples
        if sample.name.endswith("_count")
    )


async def test_the_probe_looks_twice_a_second(autojump_clock: MockClock) -> None:
    before = _count()
    with trio.move_on_after(1.01):
        await probe_loop_lag()
    assert _count() - before == 2
    assert b"holdem_loop_lag_seconds_bucket" in render_metrics()
