"""The only reader of a shard's stream, for as long as its term lasts.

It reads from the head, commits, then pushes the replies and removes the entries. A crash anywhere in between
leaves entries that are read again; their outcomes are stored, so nothing is done twice.
"""

import math
from collections.abc import Sequence
from typing import Final

import trio
from attrs import frozen

from cardroom.ids import CommandId, ShardId
from cardroom.service.logs import Log
from cardroom.service.postgres import PostgresAway, PostgresRefused
from cardroom.service.redis import RedisAway
from cardroom.wire.codec import message_name
from cardroom.wire.ledger import HandSettled
from cardroom.wire.refusals import Refusal
from wallet_worker.ledger import metrics
from wallet_worker.ledger.batch import Answer, BatchTools, apply_batch, bury_entry
from wallet_worker.ledger.entries import Entry, Garbage, Letter, runs_of
from wallet_worker.ledger.gathering import Gatherer
from wallet_worker.ledger.stream import CommandStream
from wallet_worker.ledger.term import Term
from wallet_worker.ledger.trouble import is_server_trouble
from wallet_worker.rules.denials import BooksDisagree
from wallet_worker.settings import LedgerSettings
from wallet_worker.store.list_letters import count_waiting
from wallet_worker.store.lock_shard import TermLost

_FIRST_PAUSE_SECONDS: Final = 0.05
_SETTLED: Final = message_name(HandSettled)


@frozen
class Failure:
    """The command at the head that failed on a healthy database, and how often."""

    command_id: CommandId
    tries: int


class Consumer:
    """Serves one shard. ``run`` is the task; the rest is what it does, step by step."""

    def __init__(
        self, tools: BatchTools, stream: CommandStream, shard: ShardId, settings: LedgerSettings, log: Log
    ) -> None:
        self._tools = tools
        self._stream = stream
        self._gatherer = Gatherer(stream, settings)
        self._stopping = trio.Event()
        self._shard = shard
        self._settings = settings
        self._log = log.bind(shard=shard)
        self._failure: Failure | None = None
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        self.is_well = False
        self.term = Term(tools.postgres, shard, settings, self._log)

    async def run(self, holder: str, stopping: trio.Event) -> None:
        """Take the term and serve until ``stopping``; waits for servers that are away, however long."""
        self._stopping = stopping
        while not stopping.is_set():
            try:
                await self.step(holder)
            except TermLost:
                self.term.lose()
                self._log.warning("ledger.term_lost")
            except (PostgresAway, RedisAway, PostgresRefused) as trouble:
                self.is_well = False
                self._log.warning("ledger.server_away", trouble=str(trouble))
                await self._pause(stopping)
        await self.term.end()

    def stop_waiting(self) -> None:
        """Notice at once that it is time to stop, not only after the wait for the stream."""
        self._stream.stop_waiting()

    async def probe_backlog(self) -> None:
        """Measure, until cancelled, what waits: entries, the age of the oldest, and dead letters.

        Every worker measures the stream itself, whoever holds the term: so all of them say the same, also
        while nobody reads it. What is not known is no number: who does not reach a server never says 0.
        """
        while True:
            await self._measure_stream()
            await self._measure_letters()
            await trio.sleep(self._settings.probe_seconds)

    async def _measure_stream(self) -> None:
        try:
            length, age_seconds = await self._stream.backlog()
        except RedisAway as away:
            self._log.warning("ledger.backlog_unknown", trouble=str(away))
            length, age_seconds = math.nan, math.nan
        metrics.BACKLOG.labels(shard=self._shard).set(length)
        metrics.BACKLOG_AGE.labels(shard=self._shard).set(age_seconds)

    async def _measure_letters(self) -> None:
        waiting: float = math.nan
        try:
            waiting = await count_waiting(self._tools.postgres, self._shard)
        except (PostgresAway, PostgresRefused) as trouble:
            self._log.warning("ledger.letters_unknown", trouble=str(trouble))
        metrics.LETTERS_WAITING.labels(shard=self._shard).set(waiting)

    async def step(self, holder: str) -> None:
        """Take the term if it may be taken; then read once, and commit and answer what was read."""
        number = await self.term.hold(holder)
        if number is not None:
            entries = await self._gatherer.read(self._stopping)
            if entries:
                await self.serve(number, entries)
            else:
                await self.term.renew_in_time()
        self._settle_down()

    async def serve(self, term: int, entries: Sequence[Entry]) -> None:
        """Commit and answer entries, batch by batch; stops early where one has to be tried again."""
        for run in runs_of(entries, self._settings.batch_size):
            if not await self._serve_run(term, run):
                self._gatherer.hurry()
                return

    async def _serve_run(self, term: int, run: Sequence[Entry]) -> bool:
        """Say whether the whole run was served. Not cancelled in between, but for the time limit."""
        with trio.CancelScope(shield=True) as scope:
            scope.deadline = trio.current_time() + self._settings.batch_seconds
            try:
                answers = await self._commit(term, run)
            except (PostgresRefused, BooksDisagree, AssertionError) as trouble:
                if is_server_trouble(trouble):
                    raise
                self._log.warning("ledger.batch_unclean", size=len(run), trouble=repr(trouble))
                return await self._serve_singly(term, run)
            await self._stream.finish(run, answers)
        if scope.cancelled_caught:
            raise PostgresAway(f"a batch took over {self._settings.batch_seconds} s")
        return True

    async def _serve_singly(self, term: int, run: Sequence[Entry]) -> bool:
        """Give each command a transaction of its own, in order, up to one that fails."""
        for entry in run:
            try:
                answers = await self._commit(term, [entry])
            except (PostgresRefused, BooksDisagree, AssertionError) as trouble:
                if is_server_trouble(trouble) or isinstance(entry, Garbage):
                    raise
                buried = await self._count_failure(term, entry, trouble)
                if buried is None:
                    return False
                answers = buried
            await self._stream.finish([entry], answers)
        return True

    async def _count_failure(self, term: int, letter: Letter, trouble: Exception) -> list[Answer] | None:
        """Count a failure of the command at the head; at the limit make it a dead letter, else None."""
        command_id = letter.command.id
        before = self._failure.tries if self._failure and self._failure.command_id == command_id else 0
        self._failure = Failure(command_id, before + 1)
        metrics.RETRIES.labels(shard=self._shard).inc()
        log = self._log.bind(command_id=str(command_id), table_id=letter.table_id, tries=before + 1)
        if self._failure.tries < self._settings.tries:
            log.warning("ledger.command_failed", trouble=repr(trouble))
            await trio.sleep(_FIRST_PAUSE_SECONDS)
            return None
        answers = await bury_entry(self._tools, self._shard, term, letter, repr(trouble)[:1000])
        metrics.DEAD_LETTERS.labels(shard=self._shard).inc()
        log.error("ledger.dead_letter", trouble=repr(trouble))
        return answers

    async def _commit(self, term: int, run: Sequence[Entry]) -> list[Answer]:
        with metrics.COMMIT_SECONDS.time():
            answers = await apply_batch(self._tools, self._shard, term, run)
        metrics.BATCHES.labels(shard=self._shard).inc()
        metrics.BATCH_COMMANDS.observe(len(run))
        for answer in answers:
            metrics.COMMANDS.labels(kind=answer.kind, outcome=answer.outcome).inc()
        settled = sum(answer.outcome == _SETTLED for answer in answers)
        metrics.SETTLED_HANDS.labels(shard=self._shard).inc(settled)
        if settled:
            metrics.SETTLING_BATCHES.labels(shard=self._shard).inc()
        self._alert_reuse(run, answers)
        garbage = [entry for entry in run if isinstance(entry, Garbage)]
        metrics.DEAD_LETTERS.labels(shard=self._shard).inc(len(garbage))
        for entry in garbage:
            self._log.error("ledger.garbage", stream_id=entry.stream_id.decode(), reason=entry.reason)
        return answers

    def _alert_reuse(self, run: Sequence[Entry], answers: Sequence[Answer]) -> None:
        """A sender whose ids stand for two things is broken or hostile: somebody must look at once."""
        letters = [entry for entry in run if isinstance(entry, Letter)]
        for letter, answer in zip(letters, answers, strict=True):
            if answer.outcome == Refusal.COMMAND_REUSED.value:
                metrics.REUSED_IDS.labels(shard=self._shard).inc()
                facts = {"command_id": str(letter.command.id), "table_id": letter.table_id}
                self._log.error("ledger.command_id_reused", kind=answer.kind, **facts)

    def _settle_down(self) -> None:
        self.is_well = True
        self._pause_seconds = _FIRST_PAUSE_SECONDS

    async def _pause(self, stopping: trio.Event) -> None:
        """Wait longer each time, up to a limit; not longer than until the stop."""
        with trio.move_on_after(self._pause_seconds):
            await stopping.wait()
        self._pause_seconds = min(self._pause_seconds * 2, self._settings.longest_pause_seconds)
