"""What contract tests of ``ShardStore`` need of a server besides the port: both ends, and its accidents."""

from typing import Protocol

import trio
from attrs import define, field

from cardroom.ids import BootNonce, NodeId, ShardId
from node.journal.port import ShardStore
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
