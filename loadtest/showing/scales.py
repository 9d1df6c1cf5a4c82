"""Where numbers stand on an axis, and which of them are written there."""

import math
from typing import Final

from attrs import frozen

_ROUND_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_TICKS: Final = 4


@frozen
class Scale:
    """An axis from ``low`` to ``high``, both shown; ``ticks`` are the numbers written on it."""

    low: float
    high: float
    ticks: tuple[float, ...]
    is_log: bool = False

    def place(self, number: float) -> float:
        """Say where a number stands: 0 at the low end, 1 at the high one."""
        if self.is_log:
            at, low, high = (math.log(max(one, self.low)) for one in (number, self.low, self.high))
            return (at - low) / (high - low)
        return (number - self.low) / (self.high - self.low)


def linear(highest: float, lowest: float = 0.0) -> Scale:
    """Make an axis up to a round number not below ``highest``."""
    reach = max(highest - lowest, 1e-9)
    power = 10.0 ** math.floor(math.log10(reach / _TICKS))
    step = next(power * one for one in _ROUND_STEPS if power * one * _TICKS >= reach * (1 - 1e-9))
    count = math.ceil(reach / step - 1e-9)
    return Scale(lowest, lowest + step * count, tuple(lowest + step * number for number in range(count + 1)))


def span(lowest: float, highest: float) -> Scale:
    """Make an axis of time: it ends where the numbers end, with round numbers in between."""
    wide = linear(highest, lowest)
    high = max(highest, lowest + 1e-9)
    return Scale(lowest, high, tuple(tick for tick in wide.ticks if tick <= high))


def logarithmic(lowest: float, highest: float) -> Scale:
    """Make an axis of whole decades; both numbers are above 0."""
    first = math.floor(math.log10(lowest))
    last = max(first + 1, math.ceil(math.log10(highest)))
    return Scale(10.0**first, 10.0**last, tuple(10.0**power for power in range(first, last + 1)), is_log=True)
