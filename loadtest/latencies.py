"""Times in classes 2 % apart: any number of them in bounded memory, and those of several processes add up."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

_STEP: Final = math.log(1.02)
_MICROSECONDS: Final = 1e6
_MILLISECONDS: Final = 1e3


class Latencies:
    """How many times lie in each class."""

    def __init__(self) -> None:
        self._classes: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        """Count one time."""
        self._classes[round(math.log(max(1.0, seconds * _MICROSECONDS)) / _STEP)] += 1

    def add_all(self, other: "Latencies") -> None:
        """Count what another has counted too."""
        self._classes.update(dict(other.to_pairs()))

    def __len__(self) -> int:
        return self._classes.total()

    def percentile_ms(self, percent: float) -> float | None:
        """Give the time that ``percent`` of all do not exceed; None without any."""
        rank = math.ceil(round(len(self) * percent / 100, 6))
        for class_, count in sorted(self._classes.items()):
            rank -= count
            if rank <= 0 < count:
                return _middle_ms(class_)
        return None

    def as_json(self) -> dict[str, Any]:
        """Write how many there are, the usual percentiles and the highest, in milliseconds."""
        return {
            "count": len(self),
            "p50": self.percentile_ms(50),
            "p95": self.percentile_ms(95),
            "p99": self.percentile_ms(99),
            "p99_9": self.percentile_ms(99.9),
            "max": self.percentile_ms(100),
        }

    def as_histogram(self) -> list[list[float]]:
        """Write each class that is not empty as its upper end in milliseconds and its count."""
        return [[_upper_ms(class_), count] for class_, count in sorted(self._classes.items())]

    def to_pairs(self) -> list[tuple[int, int]]:
        """Write the classes so that ``of_pairs`` reads them, in another process."""
        return list(self._classes.items())

    @classmethod
    def of_pairs(cls, pairs: Iterable[tuple[int, int]]) -> "Latencies":
        """Read what ``to_pairs`` wrote."""
        latencies = cls()
        latencies._classes.update(dict(pairs))
        return latencies


def _middle_ms(class_: int) -> float:
    return round(math.exp(class_ * _STEP) / _MICROSECONDS * _MILLISECONDS, 3)


def _upper_ms(class_: int) -> float:
    return round(math.exp((class_ + 0.5) * _STEP) / _MICROSECONDS * _MILLISECONDS, 4)
