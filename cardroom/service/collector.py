"""When cycles of garbage are looked for: shortly, seldom, and not among all objects while somebody plays.

What a process lets go of is freed at once, by counting references; only cycles need the collector. Hands,
sessions and commands leave none behind, so nearly everything that it could look at is alive: for a full house
that would be a pause of tenths of a second, and for nothing. So it looks by itself at what is young, and at
all there is when nobody plays.
"""

import gc
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import trio
from attrs import frozen
from prometheus_client import Histogram

PAUSE_SECONDS = Histogram(
    "holdem_collection_seconds",
    "How long everything stood still while cycles of garbage were looked for, by age of what was looked at",
    ["generation"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
)

_NEVER: Final = 2**30
_KEPT_PAUSES: Final = 1000
"""So many pauses are remembered until they are counted."""


@frozen
class CollectorPace:
    """How often it looks."""

    young: int = 10_000
    """After so many objects more than before what is new is looked at."""
    middle: int = 5
    """After so many such looks what came through them is looked at once more."""
    most_middle: int = 100
    """After so many looks at what is no longer young all there is is looked at, even while somebody plays."""
    look_seconds: float = 20.0
    """How often it is seen whether somebody plays."""


async def tend_collector(is_busy: Callable[[], bool], pace: CollectorPace | None = None) -> None:
    """Keep the collector out of the way for as long as this runs; ``is_busy``: a pause would be noticed."""
    pace = pace or CollectorPace()
    with _own_thresholds(pace), _noted_pauses() as pauses:
        while True:
            await trio.sleep(pace.look_seconds)
            since_all = gc.get_count()[2]
            if since_all >= pace.most_middle or (since_all and not is_busy()):
                gc.collect()
            while pauses:
                generation, seconds = pauses.popleft()
                PAUSE_SECONDS.labels(generation=generation).observe(seconds)


@contextmanager
def _own_thresholds(pace: CollectorPace) -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(pace.young, pace.middle, _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _noted_pauses() -> Iterator[deque[tuple[int, float]]]:
    """Note each pause; they are counted later, since any line of code may be the one that is interrupted."""
    pauses: deque[tuple[int, float]] = deque(maxlen=_KEPT_PAUSES)
    began = 0.0

    def note(phase: str, info: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.perf_counter()
        else:
            pauses.append((info["generation"], time.perf_counter() - began))

    gc.callbacks.append(note)
    try:
        yield pauses
    finally:
        gc.callbacks.remove(note)
