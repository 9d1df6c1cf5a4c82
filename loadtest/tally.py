"""What the bots count and measure."""

import math
from collections import Counter
from typing import Any, Final

from cardroom.wire.refusals import Refusal
from loadtest.record import Record

_STEP: Final = math.log(1.02)
_MILLISECONDS: Final = 1000.0
_MICROSECONDS: Final = 1e6


class Latencies:
    """Times in classes 2 % apart: any number of them in bounded memory."""

    def __init__(self) -> None:
        self._classes: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        """Count one time."""
        self._classes[round(math.log(max(1.0, seconds * _MICROSECONDS)) / _STEP)] += 1

    def __len__(self) -> int:
        return self._classes.total()

    def percentile_ms(self, percent: float) -> float | None:
        """Give the time that ``percent`` of all do not exceed; None without any."""
        rank = math.ceil(len(self) * percent / 100)
        for class_, count in sorted(self._classes.items()):
            rank -= count
            if rank <= 0 < count:
                return round(math.exp(class_ * _STEP) / _MICROSECONDS * _MILLISECONDS, 3)
        return None

    def as_json(self) -> dict[str, Any]:
        """Write the usual percentiles in milliseconds."""
        percents = {f"p{percent}_ms": self.percentile_ms(percent) for percent in (50, 95, 99)}
        return {"actions": len(self)} | percents


class Tally:
    """All numbers of a load test, those since the last ``close_window``, and the record of what was seen."""

    def __init__(self, record: Record | None = None) -> None:
        self.record = record or Record()
        self.latencies = Latencies()
        self.refusals: Counter[str] = Counter()
        self.protocol_errors: Counter[str] = Counter()
        self.connected = 0
        self.seated = 0
        self.hands_seen = 0
        self.proofs = 0
        self.buy_ins = 0
        self.cash_outs = 0
        self.connections_lost = 0
        self.failed_attempts = 0
        self.reconnects = 0
        self._window = Latencies()

    def acted(self, seconds: float) -> None:
        """Count an action that was carried out, with the time from sending it to its answer."""
        self.latencies.add(seconds)
        self._window.add(seconds)

    def refused(self, code: Refusal) -> None:
        """Count a refusal."""
        self.refusals[code.value] += 1

    def broken(self, kind: str) -> None:
        """Count something that the protocol does not allow."""
        self.protocol_errors[kind] += 1

    def close_window(self) -> Latencies:
        """Give the times since the last call, and begin anew."""
        window, self._window = self._window, Latencies()
        return window

    def as_json(self) -> dict[str, Any]:
        """Write all cumulative numbers."""
        return {
            **self.latencies.as_json(),
            "hands_seen": self.hands_seen,
            "proofs": self.proofs,
            "connected": self.connected,
            "seated": self.seated,
            "buy_ins": self.buy_ins,
            "cash_outs": self.cash_outs,
            "connections_lost": self.connections_lost,
            "failed_attempts": self.failed_attempts,
            "reconnects": self.reconnects,
            "refusals": dict(sorted(self.refusals.items())),
            "protocol_errors": dict(sorted(self.protocol_errors.items())),
        }
