"""Both ends of a shard's stream: what a node appends and reads, and a worker that serves it."""

from collections.abc import Sequence

from attrs import frozen

from cardroom.service.redis import Redis
from cardroom.wire import keys
from cardroom.wire.ledger import CommandBody, LedgerCommand, ReplyBody
from tests.wallet_worker.house import BOOT, COMMANDS, LOG, REPLIES, House
from wallet_worker.ledger.consumer import Consumer
from wallet_worker.ledger.entries import EntryReader
from wallet_worker.ledger.stream import CommandStream
from wallet_worker.settings import LedgerSettings

SETTINGS = LedgerSettings(
    block_ms=20, gather_seconds=0.02, term_seconds=2.0, tries=3, longest_pause_seconds=0.2
)


@frozen
class Post:
    """The stream and the reply list of a house's shard."""

    house: House
    redis: Redis

    def consumer(self) -> Consumer:
        shard = self.house.shard
        stream = CommandStream(self.redis, shard, EntryReader(shard, COMMANDS))
        return Consumer(self.house.tools, stream, shard, SETTINGS, LOG)

    async def append(self, *commands: LedgerCommand | bytes) -> None:
        for command in commands:
            data = command if isinstance(command, bytes) else COMMANDS.encode(command)
            await self.redis.xadd(keys.commands(self.house.shard), field_values={keys.COMMAND_FIELD: data})

    async def put(self, *bodies: CommandBody) -> list[LedgerCommand]:
        commands = [self.house.command(body) for body in bodies]
        await self.append(*commands)
        return commands

    async def waiting(self) -> int:
        return int(await self.redis.xlen(keys.commands(self.house.shard)))

    async def raw_replies(self) -> Sequence[bytes]:
        found = await self.redis.lrange(keys.replies(self.house.shard, BOOT), 0, -1)
        return list(found)

    async def replies(self) -> list[ReplyBody]:
        return [REPLIES.decode(data).body for data in await self.raw_replies()]

    async def free_the_term(self) -> None:
        await self.house.change(f"UPDATE shard SET term_holder = NULL WHERE id = {self.house.shard}")

    async def age_the_term(self) -> None:
        """Let the holder seem to have been silent for longer than a term lasts."""
        await self.house.change(
            f"UPDATE shard SET term_heartbeat = now() - interval '3 s' WHERE id = {self.house.shard}"
        )
