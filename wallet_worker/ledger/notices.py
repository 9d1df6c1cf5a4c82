"""Tells owners of shards which tables wait to be opened by them, until they have: words get lost.

Every worker does, for all its shards: who is told twice passes it over. The list of a start that is gone
gets a word less and less often, and expires.
"""

import secrets
import time
from collections.abc import Sequence
from typing import Final

import trio
from attrs import define, field

from cardroom.ids import BootNonce, ShardId, TableId, new_command_id
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from cardroom.service.redis import Redis, RedisAway, redis_errors
from cardroom.wire import keys
from cardroom.wire.codec import Codec
from cardroom.wire.ledger import LedgerReply, TableReleased
from wallet_worker.store.unopened_tables import UnopenedTable, find_unopened

_ID_BYTES: Final = 10
_AT_ONCE: Final = 1000
_LONGEST_PAUSE: Final = 30
"""So many looks at most lie between two words about the same wait."""


async def tell_owner(
    redis: Redis, codec: Codec[LedgerReply], shard: ShardId, boot: BootNonce, released: TableReleased
) -> None:
    """Put a word about a table into the list of a node start; may be repeated. Raises ``RedisAway``."""
    about = new_command_id(time.time_ns() // 1_000_000, secrets.token_bytes(_ID_BYTES))
    key = keys.replies(shard, boot)
    with redis_errors():
        async with redis.pipeline(transaction=True) as pipe:
            pipe.rpush(key, [codec.encode(LedgerReply(about, released))])
            pipe.expire(key, keys.REPLIES_SECONDS)


@define
class _Wait:
    """How often a wait was told, and how many looks pass until it is again."""

    pause: int = 1
    left: int = 0


@define
class Notices:
    """Looks every ``seconds`` which tables wait, and at once after ``hurry``."""

    postgres: Postgres
    redis: Redis
    codec: Codec[LedgerReply]
    shards: Sequence[ShardId]
    seconds: float
    log: Log
    _waits: dict[UnopenedTable, _Wait] = field(factory=dict)
    _hurried: trio.Event = field(factory=trio.Event)

    def hurry(self) -> None:
        """Something was just committed that an owner wants to know."""
        self._hurried.set()

    async def run(self) -> None:
        """Tell until cancelled; while a server is away it is tried again."""
        while True:
            self._hurried = trio.Event()
            try:
                await self.look()
            except (PostgresAway, PostgresRefused, RedisAway) as trouble:
                self.log.warning("notices.not_told", trouble=str(trouble))
            with trio.move_on_after(self.seconds):
                await self._hurried.wait()

    async def look(self) -> None:
        """Tell of each table that waits: at first sight, and then less and less often."""
        found = await find_unopened(self.postgres, self.shards, _AT_ONCE)
        self._waits = {one: self._waits.get(one) or _Wait() for one in found}
        for one, wait in self._waits.items():
            if wait.left > 0:
                wait.left -= 1
                continue
            released = TableReleased(one.table_id, one.release)
            await tell_owner(self.redis, self.codec, one.shard, one.owner, released)
            wait.left, wait.pause = wait.pause - 1, min(wait.pause * 2, _LONGEST_PAUSE)
            self._note(one.table_id, one.owner)

    def _note(self, table_id: TableId, owner: BootNonce) -> None:
        self.log.info("table.owner_told", table_id=table_id, boot=owner)
