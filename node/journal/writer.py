"""The one writer of a shard's journal: what tables and ledger want kept goes to Redis, one flush at a time.

While a flush is under way everything else gathers for the next one: a busy shard makes larger flushes, not
more of them. Each flush renews the lease; a shard where nothing happens renews it by itself. The writer holds
the journals as they should lie in Redis: what Redis has lost is written again, whole.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, assert_never

import trio
from attrs import frozen

from cardroom.ids import Epoch, TableId
from cardroom.service.logs import Log
from cardroom.service.redis import RedisAway
from node.journal.metrics import FLUSH_SECONDS, FLUSHES
from node.journal.mirror import Mirror, Taken
from node.journal.port import (
    Behind,
    Changes,
    Fenced,
    Flush,
    FlushOutcome,
    Kept,
    ServerChanged,
    ShardLost,
    ShardStore,
    Unheld,
)
from node.settings import JournalSettings, LeaseSettings

_RETRY_SECONDS: Final = 0.05
_LONGEST_RETRY_SECONDS: Final = 0.5
_DUE_SHARE: Final = 0.9
"""So old the last flush is when the lease is renewed: so a shard at rest wakes once for it, not twice."""
_DEALING_SHARE: Final = 2 / 3
"""No hand is begun when the lease stood without renewal for so much of its time (DESIGN 6)."""


@frozen
class _Command:
    """A ledger command: written when it is sent, so that it carries the epoch of that moment."""

    write: Callable[[], bytes | None]
    on_sent: Callable[[bytes], None]
    opens: bool


@frozen
class _Step:
    """What a table waits for before it tells anybody."""

    table_id: TableId
    on_kept: Callable[[], None]


@frozen
class _Flushing:
    """What one flush carries, besides the work that waits for it."""

    taken: Sequence[Taken]
    commands: Sequence[_Command]
    flush: Flush


class JournalWriter:
    """Writes one shard's journal. ``run`` must be running for anything to be kept.

    ``on_pause`` is told True when Redis has not answered for the journal's patience, and False when it does
    again. ``on_unheld`` is told, with the epoch until then, when the lease is gone from Redis: whoever owns
    the shard must ask the ledger whether it still does, and call ``resume`` then; until that only the asking
    is sent.
    """

    def __init__(self, store: ShardStore, journal: JournalSettings, lease: LeaseSettings, log: Log) -> None:
        self.epoch = Epoch(0)
        self.on_pause: Callable[[bool], None] = _ignore
        self.on_unheld: Callable[[Epoch], None] = _do_nothing
        self.is_paused = False
        self._store = store
        self._patience_seconds = journal.patience_seconds
        self._lease = lease
        self._log = log
        self._mirror = Mirror()
        self._queue: deque[_Command | _Step] = deque()
        self._work: list[_Command | _Step] = []
        self._wake = trio.Event()
        self._all_kept = trio.Event()
        self._is_held = True
        self._heard_at = self._flushed_at = trio.current_time()

    @property
    def lag_seconds(self) -> float:
        """Give the time since Redis has last taken something."""
        return trio.current_time() - self._heard_at

    @property
    def waiting(self) -> int:
        """Count what is not kept yet: steps of tables, and ledger commands."""
        return len(self._queue) + len(self._work)

    def may_deal(self) -> bool:
        """Say whether the lease was renewed recently enough to begin a hand."""
        is_fresh = self.lag_seconds < self._lease.dead_seconds * _DEALING_SHARE
        return is_fresh and self._is_held and not self.is_paused

    def send(
        self, write: Callable[[], bytes | None], on_sent: Callable[[bytes], None], *, opens: bool = False
    ) -> None:
        """Queue a ledger command; ``write`` gives None if it is not wanted any more when its turn comes.

        ``on_sent`` is told where in the stream it stands. One that ``opens`` the shard goes at any time.
        """
        self._put(_Command(write, on_sent, opens))

    def adopt(self, table_id: TableId, fields: Mapping[bytes, bytes]) -> None:
        """Take over the journal that an earlier owner has left; the next ``keep`` writes it whole."""
        self._mirror.adopt(table_id, fields)

    def keep(self, table_id: TableId, changes: Changes, on_kept: Callable[[], None]) -> None:
        """Queue what a table's step has changed; ``on_kept`` is called when Redis has it, and in order.

        Commands that were sent in the same step go in the same flush.
        """
        self._mirror.change(table_id, changes)
        self._put(_Step(table_id, on_kept))

    def forget(self, table_id: TableId) -> None:
        """Keep no more of a table; what waits for that is told no more. Its next ``keep`` begins anew."""
        self._mirror.forget(table_id)
        self._queue = deque(one for one in self._queue if not _is_of(one, table_id))
        self._work = [one for one in self._work if not _is_of(one, table_id)]

    def resume(self, epoch: Epoch) -> None:
        """The shard is ours, under this epoch: go on, and write every journal again."""
        self.epoch = epoch
        self._is_held = True
        self._mirror.distrust_all()
        self._wake.set()

    async def wait_until_kept(self) -> None:
        """Wait until everything that was queued is kept; at once when nothing is."""
        while self._queue or self._work:
            self._all_kept = trio.Event()
            await self._all_kept.wait()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Flush until cancelled; raises ``ShardLost`` when the shard is another's."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch_patience)
            nursery.start_soon(self._renew)
            task_status.started()
            while True:
                await self._wake.wait()
                self._wake = trio.Event()
                await self._flush()
                self._flushed_at = trio.current_time()

    async def _renew(self) -> None:
        """See to it that something is written, if only the lease, as often as it must be."""
        age = 0.0
        while True:
            await trio.sleep(self._lease.renew_seconds - age)
            age = trio.current_time() - self._flushed_at
            if age >= self._lease.renew_seconds * _DUE_SHARE:
                age = 0.0
                self._wake.set()

    def _put(self, one: _Command | _Step) -> None:
        self._queue.append(one)
        self._wake.set()

    async def _flush(self) -> None:
        """Bring all that is queued to Redis, however long it takes; what comes meanwhile joins a repeat."""
        pause = _RETRY_SECONDS
        while True:
            self._work.extend(self._take_queue())
            taken = self._mirror.take_changes() if self._is_held else []
            flushing = _make_flush(self.epoch, taken, self._work)
            began = trio.current_time()
            try:
                outcome = await self._store.flush(flushing.flush)
            except RedisAway as away:
                self._log.warning("journal.redis_away", reason=str(away))
                self._mirror.are_lost(flushing.taken)
                await trio.sleep(pause)
                pause = min(pause * 2, _LONGEST_RETRY_SECONDS)
                continue
            if isinstance(outcome, Kept):
                FLUSH_SECONDS.observe(trio.current_time() - began)
                self._are_kept(flushing, outcome)
                return
            self._mirror.are_lost(flushing.taken)
            await self._make_up(outcome, flushing.flush)

    def _take_queue(self) -> Sequence[_Command | _Step]:
        """Take what may go now: while the lease is in doubt, only what opens the shard."""
        taken, self._queue = self._queue, deque()
        if self._is_held:
            return taken
        self._queue.extend(one for one in taken if not _opens(one))
        return [one for one in taken if _opens(one)]

    def _are_kept(self, flushing: _Flushing, kept: Kept) -> None:
        FLUSHES.inc()
        if self._is_held:
            self._heard_at = trio.current_time()
        self._mirror.are_kept(flushing.taken)
        for command, entry in zip(flushing.commands, kept.entries, strict=True):
            command.on_sent(entry)
        done, self._work = self._work, []
        if self.is_paused and self._is_held:
            self.is_paused = False
            self.on_pause(False)
        for one in done:
            if isinstance(one, _Step):
                one.on_kept()
        if not self._queue:
            self._all_kept.set()

    async def _make_up(self, outcome: FlushOutcome, flush: Flush) -> None:
        """Do what makes the next flush possible; raises ``ShardLost`` where nothing does."""
        match outcome:
            case Fenced():
                raise ShardLost("the lease names another node start")
            case Behind(tables):
                if any(one.expected is None for one in flush.tables if one.table_id in tables):
                    raise ShardLost("a later owner has written the journal")
                self._log.warning("journal.behind", tables=len(tables))
                self._mirror.distrust(tables)
            case ServerChanged():
                self._log.info("journal.server", journals=len(self._mirror))
                self._mirror.distrust_all()
            case Unheld():
                await self._take_again()
            case Kept():
                raise AssertionError("what is kept needs nothing more")
            case _ as unreachable:
                assert_never(unreachable)

    async def _take_again(self) -> None:
        """The lease is gone. Take it, and let nothing through until the ledger says that it is still ours."""
        self._log.warning("journal.lease_gone")
        try:
            if not await self._store.take(absent=True):
                raise ShardLost("another node has the lease")
        except RedisAway:
            await trio.sleep(_RETRY_SECONDS)
            return
        self._queue.extendleft(reversed([one for one in self._work if not _opens(one)]))
        self._work = [one for one in self._work if _opens(one)]
        if self._is_held:
            lost, self._is_held, self.epoch = self.epoch, False, Epoch(0)
            self.on_unheld(lost)

    async def _watch_patience(self) -> None:
        """Tell when Redis has not answered for too long; that it does again, the next flush tells."""
        while True:
            left = self._heard_at + self._patience_seconds - trio.current_time()
            if left > 0 or self.is_paused:
                await trio.sleep(max(left, self._patience_seconds / 10))
                continue
            self.is_paused = True
            self._log.warning("journal.paused", seconds=self._patience_seconds)
            self.on_pause(True)


def _make_flush(epoch: Epoch, taken: Sequence[Taken], work: Iterable[_Command | _Step]) -> _Flushing:
    written = [(one, one.write()) for one in work if isinstance(one, _Command)]
    commands = [one for one, data in written if data is not None]
    payloads = [data for _, data in written if data is not None]
    return _Flushing(taken, commands, Flush(epoch, [one.change for one in taken], payloads))


def _opens(one: _Command | _Step) -> bool:
    return isinstance(one, _Command) and one.opens


def _is_of(one: _Command | _Step, table_id: TableId) -> bool:
    return isinstance(one, _Step) and one.table_id == table_id


def _ignore(_: bool) -> None:
    """Nobody plays yet."""


def _do_nothing(_: Epoch) -> None:
    """Nobody plays yet."""
