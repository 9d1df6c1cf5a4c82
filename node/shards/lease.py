"""The lease of a shard in Redis: which node start owns it, renewed again and again.

A node that cannot renew begins no hand after 2/3 of the time that the lease stands without renewal. When it
finds another start's name in the lease, the shard is lost.
"""

from typing import Final

import trio
from attrs import frozen

from cardroom.ids import BootNonce, Epoch, NodeId, ShardId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway, redis_errors
from cardroom.wire import keys
from node.ledger.stream import ShardLost
from node.settings import LeaseSettings

_TAKE: Final = """
local node = redis.call('HGET', KEYS[1], 'node')
if node and node ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'node', ARGV[1], 'boot', ARGV[2], 'epoch', '0', 'counter', '0')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""
"""Take a lease that is absent or the same node's (an earlier start of it)."""

_RENEW: Final = """
local boot = redis.call('HGET', KEYS[1], 'boot')
if boot and boot ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'node', ARGV[1], 'boot', ARGV[2], 'epoch', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'counter', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
"""
"""Renew one's own lease, or take it again when Redis has lost it."""

_RELEASE: Final = """
if redis.call('HGET', KEYS[1], 'boot') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""

_DEALING_SHARE: Final = 2 / 3


@frozen
class NodeIdentity:
    """This start of this node."""

    node: NodeId
    boot: BootNonce


class ShardLease:
    """One shard's lease. ``keep`` must be running for it to stand."""

    def __init__(
        self, shard: ShardId, identity: NodeIdentity, redis: Redis, settings: LeaseSettings, log: Log
    ) -> None:
        self.epoch = Epoch(0)
        self._shard = shard
        self._identity = identity
        self._settings = settings
        self._log = log
        self._take_script = redis.register_script(_TAKE)
        self._renew_script = redis.register_script(_RENEW)
        self._release_script = redis.register_script(_RELEASE)
        self._renewed_at = float("-inf")

    def may_deal(self) -> bool:
        """Say whether the lease was renewed recently enough to begin a hand."""
        return trio.current_time() < self._renewed_at + self._settings.dead_seconds * _DEALING_SHARE

    async def take(self) -> bool:
        """Take the lease unless another node holds it. May be repeated; raises ``RedisAway``."""
        asked_at = trio.current_time()
        with redis_errors():
            taken: object = await self._take_script(
                keys=[keys.lease(self._shard)],
                args=[self._identity.node, self._identity.boot, self._dead_ms()],
            )
        if taken == 1:
            self._renewed_at = asked_at
        return taken == 1

    async def renew(self) -> None:
        """Renew with the present epoch; raises ``ShardLost`` when it is another's, or ``RedisAway``."""
        asked_at = trio.current_time()
        with redis_errors():
            renewed: object = await self._renew_script(
                keys=[keys.lease(self._shard)],
                args=[self._identity.node, self._identity.boot, self.epoch, self._dead_ms()],
            )
        if renewed != 1:
            raise ShardLost(f"shard {self._shard}: the lease names another node start")
        self._renewed_at = asked_at

    async def keep(self) -> None:
        """Renew until cancelled; raises ``ShardLost``. While Redis is away it goes on trying."""
        while True:
            await trio.sleep(self._settings.renew_seconds)
            try:
                await self.renew()
            except RedisAway as away:
                self._log.warning("lease.not_renewed", reason=str(away))

    async def release(self) -> None:
        """Give the lease back, if it is still ours; raises ``RedisAway``."""
        with redis_errors():
            await self._release_script(keys=[keys.lease(self._shard)], args=[self._identity.boot])

    def _dead_ms(self) -> int:
        return int(self._settings.dead_seconds * 1000)
