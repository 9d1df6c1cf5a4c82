"""How busy this process is itself: its share of a processor, and how late its loop wakes its tasks."""

import time
from typing import Any, Final

import trio
from attrs import frozen

from loadtest.latencies import Latencies

_PROBE_SECONDS: Final = 0.05
BUSY_SHARE: Final = 0.8
"""A process that uses more of a processor than this may be what the players wait for."""
LATE_MS: Final = 10.0
"""So does one whose loop is later than this, one time in a hundred."""


@frozen
class Load:
    """How busy a process was in some span: processor and steady time in seconds, and its lag."""

    cpu_seconds: float
    seconds: float
    lag: Latencies

    @property
    def cpu_share(self) -> float:
        """The share of one processor."""
        return self.cpu_seconds / max(self.seconds, 1e-6)

    def add(self, later: "Load") -> "Load":
        """Give the load of both spans together."""
        lag = Latencies()
        lag.add_all(self.lag)
        lag.add_all(later.lag)
        return Load(self.cpu_seconds + later.cpu_seconds, self.seconds + later.seconds, lag)

    def is_too_high(self) -> bool:
        """Say whether latencies measured here may be this process's own."""
        return self.cpu_share > BUSY_SHARE or (self.lag.percentile_ms(99) or 0.0) > LATE_MS

    def to_document(self) -> dict[str, Any]:
        """Write it for ``of_document`` in another process."""
        return {"cpu_seconds": self.cpu_seconds, "seconds": self.seconds, "lag": self.lag.to_pairs()}

    @classmethod
    def of_document(cls, document: dict[str, Any]) -> "Load":
        """Read what ``to_document`` wrote."""
        return cls(document["cpu_seconds"], document["seconds"], Latencies.of_pairs(document["lag"]))


NO_LOAD: Final = Load(0.0, 0.0, Latencies())


class LoadProbe:
    """Measures this process."""

    def __init__(self) -> None:
        self._cpu, self._at = time.process_time(), time.monotonic()
        self._lag = Latencies()

    async def run(self) -> None:
        """Measure the lag, for as long as the process plays."""
        while True:
            due = trio.current_time() + _PROBE_SECONDS
            await trio.sleep_until(due)
            self._lag.add(max(0.0, trio.current_time() - due))

    def close_window(self) -> Load:
        """Give the load since the last call."""
        cpu, at = time.process_time(), time.monotonic()
        load = Load(cpu - self._cpu, at - self._at, self._lag)
        self._cpu, self._at, self._lag = cpu, at, Latencies()
        return load
