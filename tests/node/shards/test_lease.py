"""Who owns a shard, in a real Valkey."""

from itertools import count

import pytest
import trio
from trio.testing import MockClock

from cardroom.ids import BootNonce, Epoch, NodeId, ShardId
from cardroom.local.servers import EmbeddedValkey
from cardroom.service.redis import Redis, RedisAway, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from cardroom.wire.presence import read_lease
from node.ledger.stream import ShardLost
from node.settings import LeaseSettings
from node.shards.lease import NodeIdentity, ShardLease
from tests.node.tables.house import LOG

SHARDS = count(2000)
SETTINGS = LeaseSettings(renew_seconds=5, dead_seconds=30)


def lease_of(redis: Redis, shard: ShardId, node: str, boot: str) -> ShardLease:
    return ShardLease(shard, NodeIdentity(NodeId(node), BootNonce(boot)), redis, SETTINGS, LOG)


async def test_one_node_has_it_and_a_restart_takes_it_back_at_once(valkey: EmbeddedValkey) -> None:
    shard = ShardId(next(SHARDS))
    async with open_redis(valkey.settings) as redis:
        first = lease_of(redis, shard, "node-1", "boot-1")
        other = lease_of(redis, shard, "node-2", "boot-2")
        again = lease_of(redis, shard, "node-1", "boot-3")
        assert await first.take()
        assert not await other.take()
        assert await again.take()
        with pytest.raises(ShardLost):
            await first.renew()
        await again.renew()


async def test_renewing_counts_and_carries_the_epoch(valkey: EmbeddedValkey) -> None:
    shard = ShardId(next(SHARDS))
    async with open_redis(valkey.settings) as redis:
        lease = lease_of(redis, shard, "node-1", "boot-1")
        await lease.take()
        lease.epoch = Epoch(7)
        await lease.renew()
        await lease.renew()
        found = read_lease(dict(await redis.hgetall(keys.lease(shard))))
        assert found is not None
        assert (found.node, found.boot, found.epoch, found.counter) == ("node-1", "boot-1", 7, 2)
        assert 0 < await redis.pttl(keys.lease(shard)) <= 30_000


async def test_a_lease_that_redis_lost_is_taken_again_by_its_owner(valkey: EmbeddedValkey) -> None:
    shard = ShardId(next(SHARDS))
    async with open_redis(valkey.settings) as redis:
        lease = lease_of(redis, shard, "node-1", "boot-1")
        await lease.take()
        await redis.delete([keys.lease(shard)])
        await lease.renew()
        assert not await lease_of(redis, shard, "node-2", "boot-2").take()


async def test_who_releases_gives_it_away_and_nobody_elses(valkey: EmbeddedValkey) -> None:
    shard = ShardId(next(SHARDS))
    async with open_redis(valkey.settings) as redis:
        lease = lease_of(redis, shard, "node-1", "boot-1")
        other = lease_of(redis, shard, "node-2", "boot-2")
        await lease.take()
        await other.release()
        assert not await other.take()
        await lease.release()
        assert await other.take()


async def test_no_hand_begins_after_two_thirds_of_its_life() -> None:
    clock = MockClock()

    def run() -> None:
        trio.run(_age, clock=clock)

    await trio.to_thread.run_sync(run)


async def _age() -> None:
    """Age a lease that was renewed at zero; no server is needed to grow old."""
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, MockClock)
    async with open_redis(RedisSettings(host="127.0.0.1", port=1)) as redis:
        lease = lease_of(redis, ShardId(1), "node-1", "boot-1")
        assert not lease.may_deal()
        lease._renewed_at = trio.current_time()
        clock.jump(19.9)
        assert lease.may_deal()
        clock.jump(0.2)
        assert not lease.may_deal()


async def test_without_redis_it_is_neither_taken_nor_lost() -> None:
    gone = RedisSettings(host="127.0.0.1", port=1, connect_seconds=0.2)
    async with open_redis(gone) as redis:
        lease = lease_of(redis, ShardId(1), "node-1", "boot-1")
        with pytest.raises(RedisAway):
            await lease.take()
        with pytest.raises(RedisAway):
            await lease.renew()
