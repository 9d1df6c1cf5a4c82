"""Looks with a profiler into the nodes of the load test's own cluster, in the middle of measuring."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import trio

from loadtest.sampling import SamplingFailed, sample

LONGEST_SECONDS: Final = 15.0
_SHARE: Final = 0.75
"""Of a short measurement; what is left before and after holds the profiler's own begin and end."""


class NodeProfiles:
    """Profiles by the names of the nodes, as they stand in the result; ``pids`` are their processes."""

    def __init__(self, pids: Mapping[str, int], say: Callable[[str], None]) -> None:
        self._pids = pids
        self._say = say
        self._found: dict[str, dict[str, Any]] = {}
        self._missing = set(pids)

    @property
    def found(self) -> Mapping[str, dict[str, Any]]:
        """What was sampled to the end, in the nodes' order."""
        return {name: self._found[name] for name in self._pids if name in self._found}

    async def take(self, measured_seconds: float) -> None:
        """Sample all nodes at once, in the middle of the time; 0 is a measurement without a known end."""
        seconds, before = middle_of(measured_seconds)
        await trio.sleep(before)
        async with trio.open_nursery() as nursery:
            for name, pid in self._pids.items():
                nursery.start_soon(self._take_one, name, pid, seconds)

    def say_what_is_missing(self) -> None:
        """Tell people of nodes whose profile was not whole when measuring ended."""
        for name in sorted(self._missing):
            self._say(f"{name}: no profile, for measuring ended before it was whole.")

    async def _take_one(self, name: str, pid: int, seconds: float) -> None:
        try:
            self._found[name] = await sample(pid, seconds)
        except SamplingFailed as error:
            self._say(f"{name}: {error}")
        except trio.TooSlowError:
            self._say(f"{name}: the profiler did not end in time.")
        self._missing.discard(name)


def middle_of(measured_seconds: float) -> tuple[float, float]:
    """Give for how many seconds to sample, and after how many of the measurement to begin."""
    if not measured_seconds:
        return LONGEST_SECONDS, LONGEST_SECONDS
    seconds = min(LONGEST_SECONDS, _SHARE * measured_seconds)
    return seconds, (measured_seconds - seconds) / 2
