"""One seed decides everything: the order of tasks, random bits, and time, which jumps as soon as all wait."""

import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, Final, TypeVar
from unittest.mock import patch

import trio
import trio.testing

Result = TypeVar("Result")

EPOCH_SECONDS: Final = 1_800_000_000
"""The wall clock at the beginning of every simulation."""


def run_seeded(seed: int, main: Callable[[], Awaitable[Result]]) -> Result:
    """Run ``main`` under a clock that jumps; the same seed gives the same course of things."""
    with _ruled_by(Random(seed)):
        return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0.0))


@contextmanager
def _ruled_by(draw: Random) -> Iterator[None]:
    """Let trio, the operating system's random source and the wall clock obey.

    Trio shuffles the tasks that can run; its own random source is what Hypothesis seeds, too.
    """
    scheduler: Any = trio._core._run
    state = scheduler._r.getstate()
    scheduler._r.seed(draw.getrandbits(64))
    bits = Random(draw.getrandbits(64)).randbytes
    with (
        patch.object(scheduler, "_ALLOW_DETERMINISTIC_SCHEDULING", new=True),
        patch.object(os, "urandom", bits),
        patch.object(random, "_urandom", bits),
        patch.object(time, "time", lambda: unix_ns() / 1e9),
        patch.object(time, "time_ns", unix_ns),
    ):
        yield
    scheduler._r.setstate(state)


def unix_ns() -> int:
    """Give the wall clock of the simulation, in nanoseconds."""
    try:
        now = trio.current_time()
    except RuntimeError:  # before and after trio runs
        now = 0.0
    return EPOCH_SECONDS * 1_000_000_000 + int(now * 1e9)
