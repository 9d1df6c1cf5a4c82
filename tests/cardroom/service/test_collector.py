"""Cycles of garbage are found while they are young, and else when nobody plays."""

import gc
import weakref
from collections.abc import Iterator

import pytest
import trio
from trio.testing import MockClock

from cardroom.service.collector import PAUSE_SECONDS, CollectorPace, tend_collector

PACE = CollectorPace(young=1000, middle=2, most_middle=3, look_seconds=1.0)


class Knot:
    """Something that refers to itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def _clean() -> Iterator[None]:
    """Begin with nothing to collect, and leave the collector as it was."""
    before = gc.get_threshold()
    gc.collect()
    yield
    assert gc.get_threshold() == before


pytestmark = pytest.mark.usefixtures("_clean")


def old_knot() -> "weakref.ref[Knot]":
    """Make a cycle that is old, and garbage; the collector takes no notice by itself."""
    knot = Knot()
    gc.collect(0)
    gc.collect(1)
    return weakref.ref(knot)


def _pauses() -> float:
    samples = [sample for metric in PAUSE_SECONDS.collect() for sample in metric.samples]
    return sum(sample.value for sample in samples if sample.name.endswith("_count"))


async def test_what_is_young_is_found_by_itself(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tend_collector, lambda: True, PACE)
        await trio.testing.wait_all_tasks_blocked()
        found = weakref.ref(Knot())
        alive = [[] for _ in range(2 * PACE.young)]  # type: ignore[var-annotated]
        assert found() is None
        assert alive
        nursery.cancel_scope.cancel()


async def test_what_is_old_is_found_when_nobody_plays(autojump_clock: MockClock) -> None:
    is_busy = True
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tend_collector, lambda: is_busy, PACE)
        await trio.testing.wait_all_tasks_blocked()
        found, pauses = old_knot(), _pauses()
        await trio.sleep(3.5)
        assert found() is not None
        is_busy = False
        await trio.sleep(1)
        assert found() is None
        assert _pauses() > pauses
        nursery.cancel_scope.cancel()


async def test_memory_has_a_bound_even_while_somebody_plays(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tend_collector, lambda: True, PACE)
        await trio.testing.wait_all_tasks_blocked()
        found = old_knot()
        for _ in range(PACE.most_middle):
            gc.collect(1)
        await trio.sleep(1.5)
        assert found() is None
        nursery.cancel_scope.cancel()


async def test_without_anything_new_nothing_is_looked_at(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tend_collector, lambda: False, PACE)
        await trio.sleep(1.5)
        full = gc.get_stats()[2]["collections"]
        await trio.sleep(5)
        assert gc.get_stats()[2]["collections"] == full
        nursery.cancel_scope.cancel()
