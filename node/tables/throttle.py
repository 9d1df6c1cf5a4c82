"""How often something may be done: messages of a connection, chat of a player, connections to a node."""

from attrs import define, field


@define
class Throttle:
    """A bucket that fills with ``rate`` tokens a second, up to ``burst``."""

    rate: float
    burst: int
    now: float
    _tokens: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._tokens = float(self.burst)

    def allows(self, now: float, tokens: int = 1) -> bool:
        """Take tokens out of the bucket, if there are so many."""
        self._fill(now)
        if self._tokens < tokens:
            return False
        self._tokens -= tokens
        return True

    def is_full(self, now: float) -> bool:
        """Say whether a new bucket would be no different."""
        self._fill(now)
        return self._tokens >= self.burst

    def reserve(self, now: float) -> float:
        """Take a token in any case; give the seconds until it is there."""
        self._fill(now)
        self._tokens -= 1.0
        return max(0.0, -self._tokens / self.rate)

    def _fill(self, now: float) -> None:
        self._tokens = min(float(self.burst), self._tokens + (now - self.now) * self.rate)
        self.now = now
