"""Puts together what all processes tell, second by second."""

from collections.abc import Mapping
from typing import Any

from loadtest.client_load import NO_LOAD, Load
from loadtest.crowd import Second
from loadtest.numbers import Numbers
from loadtest.server import Sample


class Gathering:
    """All numbers of a load test: of the whole time, of the measured part, and of each second."""

    def __init__(self, processes: int) -> None:
        self.whole = Numbers()
        self.measured = Numbers()
        self.window = Numbers()
        self.halves = (Numbers(), Numbers())
        self._is_split = False
        self.loads = [NO_LOAD] * processes
        self.timeline: list[dict[str, Any]] = []
        self._newest: dict[int, Second] = {}

    def take(self, index: int, second: Second) -> None:
        """Take what one process tells."""
        self.whole.add(second.numbers)
        self.window.add(second.numbers)
        self._newest[index] = second
        if second.is_measured:
            self.measured.add(second.numbers)
            self.halves[self._is_split].add(second.numbers)
            self.loads[index] = self.loads[index].add(second.load)

    def split(self) -> None:
        """What is measured from now on belongs to the second of the two ``halves``."""
        self._is_split = True

    @property
    def connected(self) -> int:
        """How many connections there are now."""
        return sum(second.connected for second in self._newest.values())

    @property
    def seated(self) -> int:
        """How many players sit now."""
        return sum(second.seated for second in self._newest.values())

    def close_window(
        self, at: float, seconds: float, phase: str, nodes: Mapping[str, Mapping[str, float]]
    ) -> Numbers:
        """End a second of the timeline; gives its numbers."""
        window, self.window = self.window, Numbers()
        loads = [second.load for second in self._newest.values()]
        self.timeline.append(
            {
                "at": round(at, 2),
                "phase": phase,
                "actions_per_s": round(len(window.own_ack) / seconds, 1),
                "hands_per_s": round(window.counts["hands_seen"] / seconds, 2),
                "own_ack_p99_ms": window.own_ack.percentile_ms(99),
                "all_seats_p99_ms": window.all_seats.percentile_ms(99),
                "connected": self.connected,
                "seated": self.seated,
                "client_cpu_share": round(sum(load.cpu_share for load in loads), 3),
                "client_lag_ms": max((_lag_ms(load) for load in loads), default=0.0),
                "nodes": dict(nodes),
            }
        )
        return window


def _lag_ms(load: Load) -> float:
    return load.lag.percentile_ms(99) or 0.0


def node_numbers(newest: Mapping[str, Sample], earlier: Mapping[str, Sample]) -> dict[str, dict[str, float]]:
    """Give what the timeline tells of each node between two looks."""
    return {
        name: {
            "cpu_share": round(sample.cpu_share_since(earlier[name]), 3),
            "rss_kib": round(sample.rss_kib),
        }
        for name, sample in newest.items()
        if name in earlier
    }
