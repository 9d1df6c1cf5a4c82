"""Follows the chains of all shards and writes each sealed batch to the files and to Redis.

It never stands in the ledger's way: it has tasks of its own, reads what was committed, and whatever is away
is tried again. Where a copy ends says where it goes on; nothing else is remembered.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import trio
from attrs import frozen

from cardroom.ids import ShardId
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from wallet_worker.audit import metrics
from wallet_worker.audit.handover import Handover
from wallet_worker.audit.line import AuditLine
from wallet_worker.audit.places import Place, PlaceAway, PlaceTaken
from wallet_worker.settings import AuditSettings
from wallet_worker.store.find_first_batch import find_first_batch
from wallet_worker.store.read_batches import BatchAsItStands, read_batches
from wallet_worker.store.read_chain import read_heads

_FIRST_PAUSE_SECONDS = 0.1


class CannotRecord(Exception):
    """The database does not have what the copy needs next: somebody has to look at it, with ``verify``."""


@frozen
class RecorderServices:
    """What recording needs besides the places."""

    postgres: Postgres
    handover: Handover
    settings: AuditSettings
    log: Log


class Follower:
    """Brings one shard's batches to one place, in order."""

    def __init__(self, services: RecorderServices, shard: ShardId, place: Place) -> None:
        self._services = services
        self._shard = shard
        self._place = place
        self._log = services.log.bind(shard=shard, place=place.name)
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        self._last = 0
        self._is_waiting = False
        self.is_well = True
        """False from a failure until the next success; who waits for another worker's end is well."""

    async def run(self, closing: trio.Event) -> None:
        """Follow until ``closing`` and everything known is written; tries again whatever fails."""
        while True:
            try:
                await self._follow(closing)
            except PlaceTaken as taken:
                self.is_well = True
                if not self._is_waiting:
                    self._is_waiting = True
                    self._log.info("audit.place_taken", by=str(taken))
            except (PlaceAway, PostgresAway, PostgresRefused, CannotRecord) as trouble:
                self.is_well = False
                metrics.TROUBLES.labels(shard=self._shard, place=self._place.name).inc()
                self._log.warning("audit.not_recorded", trouble=str(trouble))
            else:
                return
            if closing.is_set():
                return
            with trio.move_on_after(self._pause_seconds):
                await closing.wait()
            longest = self._services.settings.longest_pause_seconds
            self._pause_seconds = min(self._pause_seconds * 2, longest)

    def measure_lag(self, head: int) -> None:
        """Tell how many batches the place lacks."""
        metrics.LAG.labels(shard=self._shard, place=self._place.name).set(max(0, head - self._last))

    async def _follow(self, closing: trio.Event) -> None:
        try:
            self._last = await self._place.open()
            if not self._last:
                self._last = await self._begin(await self._known_head())
            while True:
                bell = self._services.handover.bell(self._shard)
                lines = await self._next_lines()
                if lines:
                    await self._place.append(lines)
                    self._last = lines[-1].number
                    metrics.RECORDED.labels(shard=self._shard, place=self._place.name).set(self._last)
                    self._settle_down()
                elif closing.is_set():
                    return
                else:
                    await bell.wait()
        finally:
            await self._place.close()  # noqa: ASYNC102 (shielded inside)

    async def _known_head(self) -> int:
        while True:
            bell = self._services.handover.bell(self._shard)
            head = self._services.handover.head(self._shard)
            if head is not None:
                return head
            await bell.wait()

    async def _begin(self, head: int) -> int:
        """Say behind which batch an empty place begins; a month that was dropped can't be recorded."""
        async with self._services.postgres.transaction() as transaction:
            first = await find_first_batch(transaction, self._shard)
        return max(self._place.oldest(head), (first or 1) - 1)

    async def _next_lines(self) -> Sequence[AuditLine]:
        """Give what follows, from memory or from the database; nothing where nothing is known to follow."""
        head, limit = await self._known_head(), self._services.settings.group_batches
        if head < self._last:
            await self._look_again()
        if head <= self._last:
            self._settle_down()
            return ()
        kept = self._services.handover.take(self._shard, self._last, limit)
        if kept:
            return kept
        async with self._services.postgres.transaction() as transaction:
            found = await read_batches(transaction, self._shard, self._last, limit)
        return self._lines(found)

    async def _look_again(self) -> None:
        """The place goes further than is known: another worker wrote there, or the ledger lost its end."""
        async with self._services.postgres.transaction() as transaction:
            heads = {head.shard: head.last_batch for head in await read_heads(transaction)}
        head = heads.get(self._shard, 0)
        if head < self._last:
            raise CannotRecord(f"batch {self._last} stands here, the ledger ends with batch {head}")
        self._services.handover.note_head(self._shard, head)

    def _lines(self, batches: Sequence[BatchAsItStands]) -> Sequence[AuditLine]:
        """Take batches that follow each other, as the rows say now, even if they were changed."""
        lines: list[AuditLine] = []
        for one in batches:
            line = _line_of(one)
            if line is None or one.number != self._last + 1 + len(lines):
                break
            if one.content_digest != one.digest:
                self._log.error("audit.rows_changed", batch=one.number)
            lines.append(line)
        if not lines:
            raise CannotRecord(f"batch {self._last + 1} cannot be read")
        return lines

    def _settle_down(self) -> None:
        self.is_well = True
        self._is_waiting = False
        self._pause_seconds = _FIRST_PAUSE_SECONDS


class Recorder:
    """All followers of this worker, and the look at the database that wakes them."""

    def __init__(self, services: RecorderServices, places: Mapping[ShardId, Sequence[Place]]) -> None:
        self._services = services
        self._followers = {
            shard: [Follower(services, shard, place) for place in of_shard]
            for shard, of_shard in places.items()
        }

    @property
    def is_well(self) -> bool:
        """Say whether nothing stands in the way of any copy."""
        return all(one.is_well for of_shard in self._followers.values() for one in of_shard)

    async def run(self, stopping: trio.Event) -> None:
        """Record until ``stopping``; then look once more and write the rest."""
        closing = trio.Event()
        async with trio.open_nursery() as nursery:
            for of_shard in self._followers.values():
                for one in of_shard:
                    nursery.start_soon(one.run, closing)
            while not stopping.is_set():
                await self._look()
                with trio.move_on_after(self._services.settings.poll_seconds):
                    await stopping.wait()
            await self._look()
            closing.set()
            for shard in self._followers:
                self._services.handover.ring(shard)

    async def _look(self) -> None:
        """Find out how far the chains go; what was offered meanwhile may be newer than the answer."""
        handover = self._services.handover
        before = {shard: handover.head(shard) for shard in self._followers}
        try:
            heads = await read_heads(self._services.postgres)
        except (PostgresAway, PostgresRefused) as trouble:
            self._services.log.warning("audit.heads_unknown", trouble=str(trouble))
            return
        for head in heads:
            for one in self._followers.get(head.shard, ()):
                one.measure_lag(head.last_batch)
            if head.shard in before:
                known = before[head.shard]
                is_as_before = handover.head(head.shard) == known
                if is_as_before or (known is not None and head.last_batch < known):
                    handover.note_head(head.shard, head.last_batch)


@asynccontextmanager
async def recording(recorder: Recorder, stop_seconds: float) -> AsyncIterator[None]:
    """Record during the block; what was committed in it is written at its end, if that takes no longer."""
    stopping = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(recorder.run, stopping)
        yield
        stopping.set()
        nursery.cancel_scope.deadline = trio.current_time() + stop_seconds


def _line_of(one: BatchAsItStands) -> AuditLine | None:
    if one.content is None or one.digest is None or one.mac is None or one.committed_unix_us is None:
        return None
    return AuditLine(
        shard=one.shard,
        number=one.number,
        committed_unix_us=one.committed_unix_us,
        digest=one.digest,
        mac=one.mac,
        content=one.content.encode(),
    )
