"""A shard's store that answers flushes as a script says, and a writer in front of it."""

from collections import deque
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

import trio
from attrs import define, field
from trio.testing import wait_all_tasks_blocked

from cardroom.ids import Epoch, NodeId, TableId
from cardroom.service.logs import open_log
from cardroom.service.redis import RedisAway
from cardroom.service.settings import LogSettings
from cardroom.wire.presence import Lease
from node.journal.port import Changes, Flush, FlushOutcome, Kept, StoredJournals
from node.journal.writer import JournalWriter
from node.settings import JournalSettings, LeaseSettings

ONE, TWO = TableId(1), TableId(2)
LOG = open_log(LogSettings(level="error"), "tests")

Answer = FlushOutcome | RedisAway


@define
class ScriptedStore:
    """Notes each flush and waits ``seconds``; gives the next of ``answers``, or keeps it."""

    answers: deque[Answer] = field(factory=deque)
    seconds: float = 0.0
    is_away: bool = False
    flushes: list[Flush] = field(factory=list)
    times: list[float] = field(factory=list)
    takes: deque[bool | RedisAway] = field(factory=deque)
    taken: int = 0
    under_way: int = 0
    entries: int = 0

    async def flush(self, flush: Flush) -> FlushOutcome:
        assert self.under_way == 0, "one flush at a time"
        self.under_way += 1
        self.flushes.append(flush)
        self.times.append(trio.current_time())
        try:
            await trio.sleep(self.seconds)
        finally:
            self.under_way -= 1
        if self.is_away:
            raise RedisAway("no answer")
        answer = self.answers.popleft() if self.answers else self._keep(flush)
        if isinstance(answer, RedisAway):
            raise answer
        return answer

    def _keep(self, flush: Flush) -> Kept:
        first = self.entries
        self.entries += len(flush.commands)
        return Kept(tuple(b"%d" % number for number in range(first, self.entries)))

    async def take(self, *, absent: bool) -> bool:
        assert absent, "the lease is gone"
        self.taken += 1
        await trio.lowlevel.checkpoint()
        answer = self.takes.popleft() if self.takes else True
        if isinstance(answer, RedisAway):
            raise answer
        return answer

    def close(self) -> None:
        """Nothing is held."""

    async def look(self) -> Lease | None:
        raise NotImplementedError

    async def take_over(self, seen: Lease | None) -> bool:
        raise NotImplementedError

    async def offer(self, to: NodeId) -> bool:
        raise NotImplementedError

    async def take_back(self, to: NodeId, epoch: Epoch) -> bool:
        raise NotImplementedError

    async def release(self) -> None:
        raise NotImplementedError

    async def read_journals(self, tables: Collection[TableId]) -> StoredJournals:
        raise NotImplementedError

    async def remove_journal(self, table_id: TableId) -> None:
        raise AssertionError("a writer removes no journal")

    async def next_replies(self, seconds: float) -> Sequence[bytes]:
        raise NotImplementedError

    async def stands_in_stream(self, entry: bytes) -> bool:
        raise NotImplementedError


@define
class Desk:
    """A writer that runs, and what it has told: in the order of telling."""

    store: ScriptedStore
    writer: JournalWriter
    told: list[str] = field(factory=list)

    def keep(self, table: TableId, what: str) -> None:
        """Keep a step that writes one field; note when it is kept."""
        changes = Changes({what.encode(): what.encode()})
        self.writer.keep(table, changes, lambda: self.told.append(what))

    def send(self, what: str, *, opens: bool = False) -> None:
        """Send a command that carries the epoch of the moment."""

        def sent(entry: bytes) -> None:
            self.told.append(f"{what} at {entry.decode()}")

        def write() -> bytes:
            return b"%s/%d" % (what.encode(), self.writer.epoch)

        self.writer.send(write, sent, opens=opens)

    @property
    def last(self) -> Flush:
        """The last flush that was more than a renewal of the lease."""
        return next(one for one in reversed(self.store.flushes) if one.tables or one.commands)


@asynccontextmanager
async def open_desk(store: ScriptedStore | None = None, epoch: int = 1) -> AsyncIterator[Desk]:
    """Run a writer whose lease is good for 30 seconds and renewed each second."""
    store = store or ScriptedStore()
    writer = JournalWriter(store, JournalSettings(patience_seconds=3.0), LeaseSettings(1.0, 30.0), LOG)
    writer.resume(Epoch(epoch))
    desk = Desk(store, writer)
    writer.on_pause = lambda paused: desk.told.append("paused" if paused else "goes on")
    writer.on_unheld = lambda lost: desk.told.append(f"unheld {lost}")
    async with trio.open_nursery() as nursery:
        await nursery.start(writer.run)
        await wait_all_tasks_blocked()
        yield desk
        nursery.cancel_scope.cancel()
