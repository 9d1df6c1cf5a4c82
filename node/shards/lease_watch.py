"""Whether the owner of a shard is gone, as a standby judges it by its own clock. Pure."""

from typing import Final

from attrs import define

from cardroom.wire.presence import Lease

_PATIENCE: Final = 4 / 3
"""So many times the life of a lease a standby waits: its owner stopped dealing at 2/3, and paused at 1."""
_LONGEST_GAP: Final = 1 / 3
"""Who did not look for longer than this share of it has seen nothing, and begins anew."""


@define
class LeaseWatch:
    """Looks at one lease again and again; never trusts anybody's clock but the one that ``now`` is of.

    ``dead_seconds`` is the life of a lease that is not renewed. Only looks at a Redis that answered count:
    while it is away no owner can renew, so a gap between two looks starts the waiting anew.
    """

    dead_seconds: float
    _seen: Lease | None = None
    _since: float = float("inf")
    _looked_at: float = float("-inf")

    def look(self, lease: Lease | None, now: float) -> bool:
        """Take what the lease is now, None where there is none; say whether its owner is gone.

        A lease that has run out since it was seen is the same silence going on; one that appears is a sign
        of life.
        """
        is_late = now - self._looked_at > self.dead_seconds * _LONGEST_GAP
        is_renewed = lease is not None and lease != self._seen
        if is_late or is_renewed:
            self._since = now
        self._seen, self._looked_at = lease, now
        return now - self._since >= self.dead_seconds * _PATIENCE
