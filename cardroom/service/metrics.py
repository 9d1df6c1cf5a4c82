"""Metrics that every process has. No user or table ids as labels: they are unbounded."""

import trio
from prometheus_client import Counter, Histogram, generate_latest

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

UNFORESEEN = Counter("holdem_unforeseen_errors_total", "Errors that nobody expected, by border", ["border"])

LOOP_LAG = Histogram(
    "holdem_loop_lag_seconds",
    "How late the loop wakes a task that slept 500 ms",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)

_PROBE_SECONDS = 0.5
"""Each look wakes the process: five a second were a fourth of what one that rests takes."""


def render_metrics() -> bytes:
    """Write all metrics of this process as Prometheus reads them."""
    return generate_latest()


async def probe_loop_lag() -> None:
    """Measure, for as long as the process lives, how late this loop runs its tasks."""
    while True:
        due = trio.current_time() + _PROBE_SECONDS
        await trio.sleep_until(due)
        LOOP_LAG.observe(trio.current_time() - due)
