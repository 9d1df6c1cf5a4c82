"""Reads one shard's stream, as long as the shard's term is this worker's."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence

import trio
from attrs import frozen

from cardroom.ids import CommandId, ShardId, TableId
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from cardroom.service.redis import RedisAway
from cardroom.wire.codec import Malformed
from cardroom.wire.ledger import (
    CommandRefused,
    LedgerCommand,
    LedgerReply,
    OpenShard,
    command_codec,
    reply_codec,
)
from cardroom.wire.refusals import Refusal
from wallet_worker.ledger import metrics
from wallet_worker.ledger.batch import Holder, commit_batch
from wallet_worker.ledger.stream import Answer, Entry, ShardStream
from wallet_worker.rules.denials import BooksDisagree
from wallet_worker.settings import StreamSettings
from wallet_worker.store.bury_letter import DeadLetter, bury_letter
from wallet_worker.store.lock_shard import TermLost, lock_shard
from wallet_worker.store.seal_batch import Link
from wallet_worker.store.terms import end_term, renew_term, take_term

_CLEAN_FAULTS = (BooksDisagree, PostgresRefused, AssertionError)
"""What one command can do to a healthy database: the batch is then taken command by command."""

_TRANSIENT_STATES = ("40", "53", "55", "57", "58", "25")
"""SQLSTATE classes that say nothing about a command: conflict, resources, locks, shutdown, system."""


@frozen
class ConsumerServices:
    """What every consumer of a worker works with."""

    worker: str
    postgres: Postgres
    link: Link
    settings: StreamSettings
    log: Log


@frozen
class Read:
    """An entry of the stream and the command in it."""

    entry: Entry
    command: LedgerCommand


class ShardConsumer:
    """Commits one shard's commands in order, exactly once."""

    def __init__(self, shard: ShardId, stream: ShardStream, services: ConsumerServices) -> None:
        self._shard = shard
        self._stream = stream
        self._services = services
        self._log = services.log.bind(shard=shard)
        self._commands = command_codec()
        self._replies = reply_codec()
        self._tries: Counter[CommandId] = Counter()
        self.has_term = False

    async def run(self, stopping: trio.Event) -> None:
        """Take the term when it is free, serve under it, give it back at the end."""
        while not stopping.is_set():
            try:
                await self._hold_term(stopping)
            except TermLost as lost:
                self._log.warning("term.lost", reason=str(lost))
            except (PostgresAway, PostgresRefused, RedisAway) as away:
                self._log.warning("consumer.waits", reason=str(away))
            finally:
                self._note_term(has_term=False)
            with trio.move_on_after(self._services.settings.retry_seconds):
                await stopping.wait()

    async def _hold_term(self, stopping: trio.Event) -> None:
        services = self._services
        term = await take_term(
            services.postgres, self._shard, services.worker, services.settings.term_seconds
        )
        if term is None:
            return
        self._note_term(has_term=True)
        self._log.info("term.taken", term=term)
        holder = Holder(self._shard, term, services.link)
        try:
            while not stopping.is_set():
                await self._take_some(holder)
        finally:
            with trio.move_on_after(services.settings.stop_seconds, shield=True):
                await end_term(services.postgres, self._shard, term)

    @property
    def shard(self) -> ShardId:
        """The shard whose stream this is."""
        return self._shard

    def _note_term(self, *, has_term: bool) -> None:
        if has_term != self.has_term:
            metrics.TERMS.inc(1 if has_term else -1)
        self.has_term = has_term

    async def _take_some(self, holder: Holder) -> None:
        """Commit what stands at the head of the stream; renew the term when nothing does."""
        settings = self._services.settings
        entries = await self._stream.read(settings.batch, settings.block_seconds)
        self._note_backlog(entries)
        if not entries:
            if not await renew_term(self._services.postgres, self._shard, holder.term):
                raise TermLost(f"term {holder.term} of shard {self._shard} has ended")
            return
        for run in _runs(await self._readable(holder, entries)):
            await self._commit(holder, run)

    def _note_backlog(self, entries: Sequence[Entry]) -> None:
        shard = str(self._shard)
        metrics.BACKLOG.labels(shard=shard).set(len(entries))
        oldest_ms = int(entries[0].entry_id.partition("-")[0]) if entries else time.time_ns() // 1_000_000
        age = max(0.0, time.time() - oldest_ms / 1000)
        metrics.BACKLOG_AGE_SECONDS.labels(shard=shard).set(age)

    async def _readable(self, holder: Holder, entries: Sequence[Entry]) -> list[Read]:
        """Decode entries; what is no command is buried and blocks nothing."""
        read = []
        for entry in entries:
            command = self._decode(entry)
            if command is None:
                await self._bury(holder, entry, None, "no command of this protocol and shard")
                await self._stream.answer([], [entry])
            else:
                read.append(Read(entry, command))
        return read

    def _decode(self, entry: Entry) -> LedgerCommand | None:
        try:
            command = self._commands.decode(entry.payload)
        except Malformed:
            return None
        return command if command.shard == self._shard else None

    async def _commit(self, holder: Holder, run: Sequence[Read]) -> None:
        """Commit a run of commands as one batch; if it is not clean, command by command."""
        began = trio.current_time()
        try:
            replies = await commit_batch(self._services.postgres, holder, [one.command for one in run])
        except _CLEAN_FAULTS as fault:
            _raise_if_transient(fault)
            if len(run) == 1:
                await self._fail(holder, run[0], fault)
                return
            metrics.BATCHES.labels(how="one by one").inc()
            for one in run:
                await self._commit(holder, [one])
            return
        metrics.COMMIT_SECONDS.observe(trio.current_time() - began)
        metrics.BATCHES.labels(how="at once").inc()
        for one in run:
            metrics.COMMANDS.labels(kind=type(one.command.body).__name__).inc()
        answers = [Answer(one.command.boot, reply) for one, reply in zip(run, replies, strict=True)]
        await self._stream.answer(answers, [one.entry for one in run])

    async def _fail(self, holder: Holder, one: Read, fault: Exception) -> None:
        """Count a try of one command that failed on a healthy database; after the last it is buried."""
        command = one.command
        self._tries[command.id] += 1
        self._log.error("command.failed", command_id=str(command.id), reason=str(fault), exc_info=fault)
        if self._tries[command.id] < self._services.settings.tries:
            await trio.sleep(self._services.settings.retry_seconds)
            await self._commit(holder, [one])
            return
        del self._tries[command.id]
        await self._bury(holder, one.entry, command, str(fault))
        reply = LedgerReply(command.id, CommandRefused(Refusal.TABLE_HALTED))
        await self._stream.answer([Answer(command.boot, self._replies.encode(reply))], [one.entry])

    async def _bury(self, holder: Holder, entry: Entry, command: LedgerCommand | None, reason: str) -> None:
        """Store a dead letter and halt its table, in one transaction under the term."""
        letter = DeadLetter(
            shard=self._shard,
            stream_id=entry.entry_id,
            command_id=command.id if command is not None else None,
            table_id=_table_of(command),
            payload=entry.payload,
            reason=reason,
        )
        async with self._services.postgres.transaction() as transaction:
            await lock_shard(transaction, self._shard, holder.term)
            await bury_letter(transaction, letter)
        metrics.DEAD_LETTERS.inc()
        self._log.error("letter.buried", stream_id=entry.entry_id, reason=reason)


def _table_of(command: LedgerCommand | None) -> TableId | None:
    if command is None or isinstance(command.body, OpenShard):
        return None
    return command.body.table_id


def _runs(read: Sequence[Read]) -> Iterator[list[Read]]:
    """Split a batch so that each ``OpenShard`` is alone."""
    run: list[Read] = []
    for one in read:
        if isinstance(one.command.body, OpenShard):
            if run:
                yield run
            yield [one]
            run = []
        else:
            run.append(one)
    if run:
        yield run


def _raise_if_transient(fault: Exception) -> None:
    """Let a fault of the world go on: it is no try of a command."""
    if isinstance(fault, PostgresRefused) and fault.state.startswith(_TRANSIENT_STATES):
        raise fault
