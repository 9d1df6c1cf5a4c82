"""A wallet worker in memory: reads a shard's stream from its head, commits, answers, removes.

It may be ended at any moment: between commit and answer entries are left that the next one reads again.
"""

from collections.abc import Callable, Sequence
from functools import partial

import trio
from attrs import define, field

from cardroom.ids import CommandId, ShardId, TableId
from cardroom.service.redis import RedisAway
from cardroom.wire import keys
from cardroom.wire.ledger import LedgerReply, TableReleased, command_codec, reply_codec
from tests.fakes.ledger_books import Answer, LedgerBooks
from tests.fakes.redis import Link, RedisInMemory, SteadyLink
from wallet_worker.ledger.entries import Entry, EntryReader, Letter, runs_of

_BATCH = 500
_BLOCK_SECONDS = 0.4
_PAUSE_SECONDS = 0.2
_CODEC = command_codec()


class LedgerAway(Exception):
    """The database did not answer. Whether the batch was committed is not known."""


def _never(_: Letter) -> bool:
    return False


@define
class WorkerInMemory:
    """Serves one shard. ``database`` is the way to the ledger, as ``link`` is the way to Redis."""

    ledger: LedgerBooks
    server: RedisInMemory
    shard: ShardId
    link: Link = field(factory=SteadyLink)
    database: Link = field(factory=SteadyLink)
    is_poison: Callable[[Letter], bool] = _never
    """Says which commands fail on a healthy database again and again, until they are dead letters."""

    async def run(self) -> None:
        """Serve until cancelled; waits for servers that are away."""
        while True:
            try:
                if not await self.step():
                    await self._wait()
            except (RedisAway, LedgerAway):
                await trio.sleep(_PAUSE_SECONDS)

    async def step(self) -> bool:
        """Read once, commit and answer; says whether there was anything."""
        entries = await self.link.carry(self._read)
        for run in runs_of(entries, _BATCH):
            answers = await self._commit(run)
            await self.link.carry(partial(self._finish, run, answers))
        return bool(entries)

    async def tell_released(self, table_id: TableId, about: CommandId) -> None:
        """Tell the owner that a table's letters are resolved."""
        place = self.ledger.shards[self.shard]
        if place.owner is not None and table_id in place.releases:
            told = reply_codec().encode(LedgerReply(about, TableReleased(table_id, place.releases[table_id])))
            owner = place.owner
            await self.link.carry(lambda: self.server.push_reply(self.shard, owner, told))

    async def _commit(self, run: Sequence[Entry]) -> list[Answer]:
        try:
            return await self.database.carry(lambda: self._carry_out(run))
        except RedisAway as away:
            raise LedgerAway from away

    def _carry_out(self, run: Sequence[Entry]) -> list[Answer]:
        answers: list[Answer] = []
        for entry in run:
            if isinstance(entry, Letter) and self._is_poison(entry):
                answers.append(self.ledger.bury(self.shard, entry))
            else:
                answers += self.ledger.commit(self.shard, [entry])
        return answers

    def _is_poison(self, letter: Letter) -> bool:
        return self.ledger.is_undecided(self.shard, letter) and self.is_poison(letter)

    async def _wait(self) -> None:
        with trio.move_on_after(_BLOCK_SECONDS):
            await self.server.wait_for_more(self.shard)

    def _read(self) -> list[Entry]:
        reader = EntryReader(self.shard, _CODEC)
        stream = self.server.keys(self.shard).stream
        head = list(stream.items())[:_BATCH]
        return [reader.read(place, {keys.COMMAND_FIELD: payload}) for place, payload in head]

    def _finish(self, entries: Sequence[Entry], answers: Sequence[Answer]) -> None:
        """Push the replies and remove the entries, in one step."""
        stream = self.server.keys(self.shard).stream
        for answer in answers:
            self.server.push_reply(self.shard, answer.boot, answer.reply)
        for entry in entries:
            stream.pop(entry.stream_id, None)
