"""A Redis in memory, as shards use it: leases that run out, command streams, replies, journals, accidents.

``StoreInMemory`` is ``ShardStore`` over it. Every call goes over a link, which may be slow or cut; the server
may be away, be started again, lose the last moments, or be emptied.
"""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from itertools import count
from typing import Protocol, TypeVar

import trio
from attrs import define, evolve, field

from cardroom.ids import BootNonce, Epoch, NodeId, ShardId, TableId
from cardroom.service.redis import RedisAway
from cardroom.wire.presence import Lease
from node.journal.port import (
    Behind,
    Fenced,
    Flush,
    FlushOutcome,
    Kept,
    ServerChanged,
    StoredJournals,
    TableChange,
    Unheld,
)

Answer = TypeVar("Answer")

_OFFERED = BootNonce("")


class Link(Protocol):
    """The way of one process to the server."""

    async def carry(self, operation: Callable[[], Answer]) -> Answer:
        """Carry an operation out at the server and bring its answer.

        Raises ``RedisAway`` without saying whether it was carried out.
        """


class SteadyLink:
    """A link on which nothing ever goes wrong."""

    async def carry(self, operation: Callable[[], Answer]) -> Answer:
        await trio.lowlevel.checkpoint()
        return operation()


@define
class KeptJournal:
    """The journal of one table: where it stands, and in which epoch and run of the server it was begun."""

    number: int
    epoch: Epoch
    run: int
    fields: dict[bytes, bytes]


@define
class ShardKeys:
    """All keys of one shard."""

    lease: Lease | None = None
    lease_until: float = 0.0
    stream: dict[bytes, bytes] = field(factory=dict)
    """Commands by the place where they stand, the oldest first."""
    replies: dict[BootNonce, deque[bytes]] = field(factory=dict)
    journals: dict[TableId, KeptJournal] = field(factory=dict)


@define
class RedisInMemory:
    """The server. All it has is in ``shards``; ``run`` counts its starts."""

    run: int = 1
    is_away: bool = False
    shards: dict[ShardId, ShardKeys] = field(factory=dict)
    known: set[tuple[ShardId, BootNonce]] = field(factory=set)
    """Node starts that have made themselves known to this start of the server."""
    last_boot: dict[ShardId, BootNonce] = field(factory=dict)
    """Which node start has held a shard last, also when the lease is lost since; for whoever looks on."""
    _entries: count = field(factory=lambda: count(1))  # type: ignore[type-arg]
    _arrived: dict[ShardId, trio.Event] = field(factory=dict)

    def check(self) -> None:
        """Raise ``RedisAway`` while it is away."""
        if self.is_away:
            raise RedisAway("the server is away")

    def keys(self, shard: ShardId) -> ShardKeys:
        """Give a shard's keys as they are now: a lease that has run out is no more. Raises ``RedisAway``."""
        self.check()
        found = self.shards.setdefault(shard, ShardKeys())
        if found.lease is not None and trio.current_time() >= found.lease_until:
            found.lease = None
        return found

    def is_trusted(self, shard: ShardId) -> bool:
        """Say whether the journals of a shard were written, all of them, under this start of the server."""
        journals = self.shards[shard].journals if shard in self.shards else {}
        return bool(journals) and all(journal.run == self.run for journal in journals.values())

    def append(self, shard: ShardId, payload: bytes) -> bytes:
        """Append to a shard's stream; gives the place of the entry, which no other ever has."""
        entry = f"{int(trio.current_time() * 1000)}-{next(self._entries)}".encode()
        self.keys(shard).stream[entry] = payload
        self.wake(shard)
        return entry

    def push_reply(self, shard: ShardId, boot: BootNonce, reply: bytes) -> None:
        """Put a reply at the end of a node start's list."""
        self.keys(shard).replies.setdefault(boot, deque()).append(reply)
        self.wake(shard)

    def wake(self, shard: ShardId) -> None:
        """Let everybody look again who waits for something of this shard."""
        self._arrived.pop(shard, trio.Event()).set()

    async def wait_for_more(self, shard: ShardId) -> None:
        """Wait until something has come to the stream or to a list of replies."""
        await self._arrived.setdefault(shard, trio.Event()).wait()

    def image(self) -> dict[ShardId, ShardKeys]:
        """Copy all there is, as it would be found after a crash at this moment."""
        return deepcopy(self.shards)

    def restart(self, image: dict[ShardId, ShardKeys] | None = None) -> None:
        """Start again, with all that there is or with what ``image`` has: the rest is lost."""
        if image is not None:
            self.shards = deepcopy(image)
        self.run += 1
        self.is_away = False
        self.known.clear()

    def empty(self) -> None:
        """Lose everything; it is the same start of the server."""
        self.shards.clear()


@define
class StoreInMemory:
    """One shard in the server, as one start of a node works with it; see ``ShardStore``.

    What of it is done at the server stands in methods that are carried there; they change nothing here.
    """

    server: RedisInMemory
    shard: ShardId
    node: NodeId
    boot: BootNonce
    dead_seconds: float = 30.0
    link: Link = field(factory=SteadyLink)
    _run: int | None = None
    """The start of the server that was met last."""

    def close(self) -> None:
        """Nothing is held."""

    async def look(self) -> Lease | None:
        return await self.link.carry(lambda: self._keys.lease)

    async def take(self, *, absent: bool) -> bool:
        return await self.link.carry(lambda: self._take(absent))

    async def take_over(self, seen: Lease | None) -> bool:
        return await self.link.carry(lambda: self._take_over(seen))

    async def offer(self, to: NodeId) -> bool:
        return await self.link.carry(lambda: self._offer(to))

    async def take_back(self, to: NodeId, epoch: Epoch) -> bool:
        return await self.link.carry(lambda: self._take_back(to, epoch))

    async def release(self) -> None:
        await self.link.carry(self._release)

    async def flush(self, flush: Flush) -> FlushOutcome:
        run = self._run
        outcome = None if run is None else await self.link.carry(lambda: self._flush(flush, run))
        if outcome is None:
            self._run = await self.link.carry(self._make_known)
            return ServerChanged()
        return outcome

    async def read_journals(self, tables: Collection[TableId]) -> StoredJournals:
        return await self.link.carry(lambda: self._read_journals(tables))

    async def remove_journal(self, table_id: TableId) -> None:
        await self.link.carry(lambda: self._remove_journal(table_id))

    async def next_replies(self, seconds: float) -> Sequence[bytes]:
        with trio.move_on_after(seconds):
            while True:
                replies = await self.link.carry(self._pop_replies)
                if replies:
                    return replies
                await self.server.wait_for_more(self.shard)
        return ()

    async def stands_in_stream(self, entry: bytes) -> bool:
        return await self.link.carry(lambda: entry in self._keys.stream)

    @property
    def _keys(self) -> ShardKeys:
        return self.server.keys(self.shard)

    def _hold(self, lease: Lease) -> None:
        keys = self._keys
        keys.lease, keys.lease_until = lease, trio.current_time() + self.dead_seconds
        self.server.last_boot[self.shard] = lease.boot

    def _take(self, absent: bool) -> bool:
        lease = self._keys.lease
        may_take = absent if lease is None else lease.node == self.node
        if may_take:
            self._hold(Lease(self.node, self.boot, Epoch(0), 0))
        return may_take

    def _take_over(self, seen: Lease | None) -> bool:
        lease = self._keys.lease
        may_take = lease is None or lease == seen
        if may_take:
            self._hold(Lease(self.node, self.boot, Epoch(0), 0))
        return may_take

    def _offer(self, to: NodeId) -> bool:
        lease = self._keys.lease
        if lease is None or lease.boot != self.boot:
            return False
        self._hold(evolve(lease, node=to, boot=_OFFERED))
        return True

    def _take_back(self, to: NodeId, epoch: Epoch) -> bool:
        lease = self._keys.lease
        if lease is None or (lease.node, lease.boot) != (to, _OFFERED):
            return False
        self._hold(Lease(self.node, self.boot, epoch, lease.counter + 1))
        return True

    def _release(self) -> None:
        keys = self._keys
        if keys.lease is not None and keys.lease.boot == self.boot:
            keys.lease = None

    def _make_known(self) -> int:
        self.server.check()
        self.server.known.add((self.shard, self.boot))
        return self.server.run

    def _flush(self, flush: Flush, run: int) -> FlushOutcome | None:
        """Give None where the server does not know this node start."""
        keys = self._keys
        if (self.shard, self.boot) not in self.server.known:
            return None
        if keys.lease is None:
            return Unheld()
        if keys.lease.boot != self.boot or 0 < flush.epoch < keys.lease.epoch:
            return Fenced()
        behind = tuple(change.table_id for change in flush.tables if _is_behind(keys, change, flush.epoch))
        if behind:
            return Behind(behind)
        for change in flush.tables:
            _write(keys, change, flush.epoch, run)
        self._hold(Lease(keys.lease.node, self.boot, flush.epoch, keys.lease.counter + 1))
        return Kept(self._append(flush.commands))

    def _append(self, commands: Sequence[bytes]) -> tuple[bytes, ...]:
        return tuple(self.server.append(self.shard, command) for command in commands)

    def _read_journals(self, tables: Collection[TableId]) -> StoredJournals:
        found = {table_id: self._keys.journals.get(table_id) for table_id in tables}
        return {
            table_id: dict(journal.fields)
            for table_id, journal in found.items()
            if journal is not None and journal.run == self.server.run
        }

    def _remove_journal(self, table_id: TableId) -> None:
        keys = self._keys
        if keys.lease is not None and keys.lease.boot == self.boot:
            keys.journals.pop(table_id, None)

    def _pop_replies(self) -> Sequence[bytes]:
        return tuple(self._keys.replies.pop(self.boot, ()))


def _is_behind(keys: ShardKeys, change: TableChange, epoch: Epoch) -> bool:
    """Say whether a journal is not where it was expected, or, to be written whole, stands further on."""
    journal = keys.journals.get(change.table_id)
    if change.expected is not None:
        return journal is None or journal.number != change.expected
    return journal is not None and (journal.epoch, journal.number) > (epoch, change.number)


def _write(keys: ShardKeys, change: TableChange, epoch: Epoch, run: int) -> None:
    journal = keys.journals.get(change.table_id)
    if journal is None or change.expected is None:
        journal = keys.journals[change.table_id] = KeptJournal(change.number, epoch, run, {})
    journal.number = change.number
    journal.fields.update(change.fields)
    for name in change.removed:
        journal.fields.pop(name, None)
