"""How a node comes by a shard: its own at the start, an offered one at once, a dead node's after a time."""

from collections.abc import Callable
from typing import Final

import trio
from attrs import define, field

from cardroom.ids import BootNonce, Epoch, NodeId
from cardroom.service.logs import Log
from cardroom.service.redis import RedisAway
from cardroom.wire.presence import Lease
from node.journal.port import ShardStore
from node.shards.lease_watch import LeaseWatch

ANY_NODE: Final = NodeId("")
"""A shard that its owner has left in good order is offered to this name: whoever may, takes it."""

_LOOKS_PER_LEASE: Final = 12
_ABSENT_SECONDS: Final = 2.0
"""So long a lease that Redis has lost is left to an owner who lives: a journal's writer is sooner back."""
_RETRY_SECONDS: Final = 0.2
_GRACE: Final = 1 / 6
"""For such a share of a lease's life a standby leaves a free shard to its home node."""


@define
class ShardClaim:
    """One shard, as a node that does not hold it waits for it.

    ``is_home``: the shard map gives the shard to this node. ``may_take_absent``: it is home, and has not seen
    another node play the shard since it was started; then an absent lease is taken soon.
    """

    store: ShardStore
    node: NodeId
    dead_seconds: float
    may_claim: Callable[[], bool]
    on_wait: Callable[[], None]
    """Told whenever there was nothing to take."""
    log: Log
    is_home: bool
    may_take_absent: bool
    seen: Lease | None = None
    """The lease as it was last seen."""
    _watch: LeaseWatch = field(init=False)
    _free_since: float = float("inf")
    _absent_since: float = float("inf")
    _nudge: trio.Event = field(factory=trio.Event)

    def __attrs_post_init__(self) -> None:
        self._watch = LeaseWatch(self.dead_seconds)

    @property
    def look_seconds(self) -> float:
        """How long lies between two looks, if nobody says that it is time."""
        return self.dead_seconds / _LOOKS_PER_LEASE

    def nudge(self) -> None:
        """Look now: there may be an offer."""
        self._nudge.set()

    async def wait_until_taken(self) -> None:
        """Return when the lease is this node's; goes on through everything that Redis does meanwhile."""
        while True:
            self._nudge = trio.Event()
            try:
                if self.may_claim() and await self._try():
                    return
                self.on_wait()
            except RedisAway as away:
                self.log.warning("claim.redis_away", reason=str(away))
                self._absent_since = float("inf")
                pause = min(self.look_seconds, _RETRY_SECONDS)  # what got no answer may have been carried out
            else:
                pause = self._pause_seconds()
            with trio.move_on_after(pause):
                await self._nudge.wait()

    def _pause_seconds(self) -> float:
        is_absent = self.may_take_absent and self._absent_since < float("inf")
        return min(self.look_seconds, _ABSENT_SECONDS) if is_absent else self.look_seconds

    async def _try(self) -> bool:
        seen, now = await self.store.look(), trio.current_time()
        self.seen, is_gone = seen, self._watch.look(seen, now)
        if seen is None:
            self._absent_since = min(self._absent_since, now)
            return await self._take_absent(now, is_gone=is_gone)
        self._absent_since = float("inf")
        if seen.node == self.node:
            return await self.store.take(absent=False)
        if is_free(seen):
            return self._may_take_free(now) and await self.store.take_over(seen)
        self.may_take_absent, self._free_since = False, float("inf")
        return is_gone and await self._take_over(seen)

    async def _take_absent(self, now: float, *, is_gone: bool) -> bool:
        """Only who is home takes a lease that is not there: its owner may live, and Redis have lost it.

        A standby may have played the shard before this node was started: it is let take its lease again.
        """
        if self.may_take_absent and now - self._absent_since >= _ABSENT_SECONDS:
            return await self.store.take(absent=True)
        return is_gone and await self._take_over(None)

    def _may_take_free(self, now: float) -> bool:
        """A standby lets the home node go first: when all nodes start together, each has its own shards."""
        self._free_since = min(self._free_since, now)
        return self.is_home or now - self._free_since >= self.dead_seconds * _GRACE

    async def _take_over(self, seen: Lease | None) -> bool:
        if not await self.store.take_over(seen):
            return False
        self.log.warning("shard.taken_over", owner=None if seen is None else seen.node)
        return True


def is_free(lease: Lease) -> bool:
    """Say whether its owner has left it to whoever may take it."""
    return lease.node == ANY_NODE and lease.is_offered


def is_open(lease: Lease | None) -> bool:
    """Say whether somebody plays the shard: has taken its lease, and has its epoch from the ledger."""
    return lease is not None and lease.boot != BootNonce("") and lease.epoch > Epoch(0)
