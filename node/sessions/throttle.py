"""How many messages a connection may send."""

from attrs import define, field


@define
class Throttle:
    """A bucket that fills with ``rate`` messages a second, up to ``burst``."""

    rate: float
    burst: int
    now: float
    _tokens: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._tokens = float(self.burst)

    def allows(self, now: float) -> bool:
        """Take one message out of the bucket, if there is one."""
        self._tokens = min(float(self.burst), self._tokens + (now - self.now) * self.rate)
        self.now = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
