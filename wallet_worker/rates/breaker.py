"""Leaves a source alone that fails again and again, and tries it once in a while."""

from collections.abc import Callable
from enum import Enum, unique

from attrs import define, field


@unique
class BreakerState(Enum):
    """Whether a source is asked. The values are those of the metric."""

    CLOSED = 0
    """It is."""
    HALF_OPEN = 1
    """One call is let through to see."""
    OPEN = 2
    """It is not, for a while."""


@define
class Breaker:
    """Opens after ``failures`` in a row, for ``seconds``; then one call at a time is let through and decides.

    ``now`` gives seconds that only grow. Every call that ``lets_through`` said yes to ends with one of
    ``succeeded``, ``failed`` and ``gave_up``.
    """

    failures: int
    seconds: float
    now: Callable[[], float]
    _failed: int = field(default=0, init=False)
    _alone_until: float | None = field(default=None, init=False)
    _is_tried: bool = field(default=False, init=False)

    @property
    def state(self) -> BreakerState:
        """Give whether the source is asked now."""
        if self._alone_until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self.now() < self._alone_until else BreakerState.HALF_OPEN

    def lets_through(self) -> bool:
        """Say whether a call may be made; where it may, its outcome must be told."""
        match self.state:
            case BreakerState.CLOSED:
                return True
            case BreakerState.OPEN:
                return False
            case BreakerState.HALF_OPEN:
                may_try, self._is_tried = not self._is_tried, True
                return may_try

    def succeeded(self) -> None:
        """Note that a call was answered."""
        self._failed, self._alone_until, self._is_tried = 0, None, False

    def failed(self, wait_seconds: float = 0.0) -> None:
        """Note that a call failed. ``wait_seconds`` is for how long the source itself wants to be left alone:
        then it is, at once, for no less than ``seconds``.
        """
        self._failed += 1
        if wait_seconds or self._is_tried or self._failed >= self.failures:
            alone_until = self.now() + max(self.seconds, wait_seconds)
            self._alone_until = max(alone_until, self._alone_until or alone_until)
        self._is_tried = False

    def gave_up(self) -> None:
        """Note that nobody waited for a call's outcome: it says nothing."""
        self._is_tried = False
