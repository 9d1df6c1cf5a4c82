"""What contract tests of ``ShardStore`` need of a server besides the port: both ends, and its accidents."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import trio
from attrs import define, field

from cardroom.ids import BootNonce, NodeId, ShardId
from cardroom.local.servers import free_port, start_valkey, stop_process
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from node.journal.port import ShardStore
from node.shards.lease import NodeIdentity
from node.shards.store import RedisShardStore
from tests.fakes.redis import RedisInMemory, StoreInMemory

DEAD_SECONDS = 0.4
"""After so long without renewal a lease is no more, in these tests."""


class Stage(Protocol):
    """One shard of a server, and everything that others do there."""

    def store(self, node: NodeId, boot: BootNonce) -> ShardStore:
        """Make the store of a node start."""

    async def lose_lease(self) -> None:
        """Let the server lose the lease."""

    async def commands(self) -> list[bytes]:
        """Give what stands in the stream, the oldest first."""

    async def take_out(self, entry: bytes) -> None:
        """Take an entry out of the stream, as the wallet worker does."""

    async def reply(self, boot: BootNonce, *replies: bytes) -> None:
        """Push replies to a node start."""

    async def restart(self) -> None:
        """Stop the server and start it again with what it has."""

    async def empty(self) -> None:
        """Let the server lose everything."""

    async def go_away(self) -> None:
        """Stop the server."""


@define
class MemoryStage:
    """The server in memory."""

    shard: ShardId
    server: RedisInMemory = field(factory=RedisInMemory)

    def store(self, node: NodeId, boot: BootNonce) -> ShardStore:
        return StoreInMemory(self.server, self.shard, node, boot, DEAD_SECONDS)

    async def lose_lease(self) -> None:
        self.server.keys(self.shard).lease = None

    async def commands(self) -> list[bytes]:
        return list(self.server.keys(self.shard).stream.values())

    async def take_out(self, entry: bytes) -> None:
        del self.server.keys(self.shard).stream[entry]

    async def reply(self, boot: BootNonce, *replies: bytes) -> None:
        for reply in replies:
            self.server.push_reply(self.shard, boot, reply)

    async def restart(self) -> None:
        self.server.restart()

    async def empty(self) -> None:
        self.server.empty()

    async def go_away(self) -> None:
        self.server.is_away = True
        await trio.lowlevel.checkpoint()


@define
class ValkeyStage:
    """A Valkey of the test's own."""

    shard: ShardId
    folder: Path
    settings: RedisSettings
    redis: Redis
    _process: "subprocess.Popen[bytes]"

    def store(self, node: NodeId, boot: BootNonce) -> ShardStore:
        return RedisShardStore(self.shard, NodeIdentity(node, boot), self.redis, DEAD_SECONDS)

    async def lose_lease(self) -> None:
        await self.redis.delete([keys.lease(self.shard)])

    async def commands(self) -> list[bytes]:
        entries = await self.redis.xrange(keys.commands(self.shard))
        return [_bytes(entry.field_values[keys.COMMAND_FIELD]) for entry in entries]

    async def take_out(self, entry: bytes) -> None:
        await self.redis.xdel(keys.commands(self.shard), [entry])

    async def reply(self, boot: BootNonce, *replies: bytes) -> None:
        await self.redis.rpush(keys.replies(self.shard, boot), list(replies))

    async def restart(self) -> None:
        await self.go_away()
        self._process = await trio.to_thread.run_sync(start_valkey, self.folder, self.settings.port, {})

    async def empty(self) -> None:
        await self.redis.flushall()

    async def go_away(self) -> None:
        await trio.to_thread.run_sync(stop_process, self._process)

    def close(self) -> None:
        stop_process(self._process)


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes), "the client gives bytes"
    return value


@asynccontextmanager
async def open_valkey_stage(shard: ShardId, folder: Path) -> AsyncIterator[ValkeyStage]:
    """Run a Valkey for one test."""
    port = free_port()
    process = await trio.to_thread.run_sync(start_valkey, folder, port, {})
    settings = RedisSettings(host="127.0.0.1", port=port, connect_seconds=1.0, call_seconds=2.0)
    async with open_redis(settings) as redis:
        stage = ValkeyStage(shard, folder, settings, redis, process)
        try:
            yield stage
        finally:
            stage.close()
