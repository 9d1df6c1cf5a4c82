"""A shard's keys at servers that take each other's place; the rest is in the contract of stores."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
import trio
from attrs import define

from cardroom.ids import BootNonce, Epoch, NodeId, ShardId, TableId
from cardroom.local.servers import EmbeddedValkey, valkey_server
from cardroom.service.redis import Redis, RedisAway, open_redis
from cardroom.service.settings import Confirmation, RedisSettings
from node.journal.port import Flush, FlushOutcome, Kept, ServerChanged, TableChange, Unheld
from node.shards.lease import NodeIdentity
from node.shards.store import RedisShardStore
from tests.chaos.proxy import Proxy, open_proxy

TABLE, SHARD = TableId(7), ShardId(1)
SHARDS = count(7100)
ME, OTHER = (NodeIdentity(NodeId(f"node-{number}"), BootNonce(str(number) * 32)) for number in (1, 2))


@define
class Place:
    """One address at which now one server stands, now another."""

    port: int
    proxy: Proxy | None = None

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.port)

    def give_to(self, server: EmbeddedValkey) -> None:
        self.port = server.settings.port
        assert self.proxy is not None, "it was opened"
        self.proxy.cut()


@asynccontextmanager
async def opened(server: EmbeddedValkey) -> AsyncIterator[tuple[Redis, Place]]:
    place = Place(server.settings.port)
    async with (
        open_proxy("redis", place.connect, lambda port: "node") as place.proxy,
        open_redis(RedisSettings(host="127.0.0.1", port=place.proxy.port)) as redis,
    ):
        yield redis, place


async def keep(store: RedisShardStore, number: int) -> FlushOutcome:
    """Write the journal whole, as long as the connections that were cut are still found broken."""
    with trio.fail_after(5):
        while True:
            try:
                change = TableChange(TABLE, number, None, {b"x": str(number).encode()})
                return await store.flush(Flush(Epoch(1), (change,)))
            except RedisAway:
                await trio.sleep(0.01)


async def test_a_server_that_was_the_primary_before_is_another_one_when_it_is_again(
    valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    with valkey_server(tmp_path, port=0) as second:
        async with opened(valkey) as (redis, place):
            store = RedisShardStore(ShardId(next(SHARDS)), ME, redis, 30.0)  # others use this server, too
            assert await store.take(absent=True)
            for number, server in enumerate((valkey, second, valkey, second)):
                place.give_to(server)
                assert await keep(store, number) == ServerChanged()
                await store.take(absent=True)
                assert await keep(store, number) == Kept()
                journal = (await store.read_journals([TABLE]))[TABLE]
                assert journal[b"x"] == str(number).encode()


async def test_nobody_looks_at_a_lease_where_its_owner_could_not_renew_it(tmp_path: Path) -> None:
    with valkey_server(tmp_path, port=0) as server:
        async with open_redis(server.settings) as redis:
            owner, standby = (RedisShardStore(SHARD, one, redis, 30.0) for one in (ME, OTHER))
            assert await standby.look() is None
            assert await owner.take(absent=True)
            before = await standby.look()
            assert before is not None
            await redis.config_set({"min-replicas-to-write": 1})
            with pytest.raises(RedisAway, match="NOREPLICAS"):
                await standby.look()
            await redis.config_set({"min-replicas-to-write": 0})
            assert await standby.look() == before


async def test_where_no_replica_confirms_nothing_is_kept_and_nobody_looks_but_a_refusal_counts(
    valkey: EmbeddedValkey,
) -> None:
    shard, alone = ShardId(next(SHARDS)), Confirmation(replicas=1, seconds=0.05)
    async with open_redis(valkey.settings) as redis:
        store = RedisShardStore(shard, ME, redis, 30.0, alone)
        with pytest.raises(RedisAway, match="too few replicas"):
            await store.look()
        assert await store.flush(Flush(Epoch(1))) == ServerChanged()
        assert await store.flush(Flush(Epoch(1))) == Unheld()
        assert await store.take(absent=True)
        with pytest.raises(RedisAway, match="too few replicas"):
            await store.flush(Flush(Epoch(1)))
