"""One nursery per shard, one task per table: what crashes is isolated and started again."""

import contextlib
from collections.abc import Callable, Iterable

import trio
from attrs import define, field, frozen

from cardroom.ids import Epoch, ShardId, TableId
from cardroom.service.errors import report_unforeseen
from cardroom.service.logs import Log
from cardroom.service.redis import RedisAway
from cardroom.wire.ledger import LedgerTable, TableReleased
from cardroom.wire.table import CloseCode
from node.journal.port import ShardLost, ShardStore
from node.journal.seal import DeckSeal
from node.journal.writer import JournalWriter
from node.ledger.stream import LedgerAddress, StreamLedger
from node.settings import JournalSettings, LeaseSettings, LedgerSettings, StopSettings, TableLimits
from node.shards.lease import NodeIdentity
from node.shards.opening import (
    NotOnOffer,
    NotOpened,
    TableMaker,
    open_again,
    open_shard,
    reopen_table,
    set_up_table,
)
from node.shards.recovering import Recovery
from node.tables.actor import TableActor
from node.tables.commands import Drain, Pause
from node.tables.deck import Shuffle
from node.tables.directory import Directory
from node.tables.metrics import CRASHES
from node.tables.table import Table, TableServices

_RETRY_SECONDS = 1.0
_LONGEST_RESTART_SECONDS = 30.0
_MAX_RELEASED = 256
_STEADY_SECONDS = 600.0
"""After so long without a crash, earlier ones no longer count."""


@frozen
class ShardServices:
    """What every shard of a node works with."""

    identity: NodeIdentity
    open_store: Callable[[ShardId], ShardStore]
    directory: Directory
    maker: TableMaker
    seal: DeckSeal
    shuffle: Shuffle
    lease: LeaseSettings
    journal: JournalSettings
    ledger: LedgerSettings
    stop: StopSettings
    log: Log


@frozen
class _TableTask:
    """The task that serves a table: what ends it, and whether it has ended."""

    scope: trio.CancelScope = field(factory=trio.CancelScope)
    ended: trio.Event = field(factory=trio.Event)


@define
class Shard:
    """One shard of this node; ``is_open`` while it is ours and its tables are served."""

    shard: ShardId
    services: ShardServices
    is_open: bool = False
    is_paused: bool = False
    tables: tuple[Table, ...] = ()
    _draining: trio.Event = field(factory=trio.Event)
    _tasks: dict[TableId, "_TableTask"] = field(factory=dict)

    async def run(self) -> None:
        """Hold the shard until ``drain``; when it is lost, or cannot be opened yet, try again."""
        log = self.services.log.bind(shard=self.shard)
        while not self._draining.is_set():
            try:
                await self._hold(log)
            except* (ShardLost, NotOpened, RedisAway) as trouble:
                log.warning("shard.not_held", reasons=[str(one) for one in _leaves(trouble)])
            if not self._draining.is_set():
                await self._rest(_RETRY_SECONDS)

    def drain(self) -> None:
        """Begin no more hands, let those in play end, settle, and give the shard back."""
        self._draining.set()
        for table in self.tables:
            table.entry.inbox.deliver(Drain())

    async def _rest(self, seconds: float) -> None:
        with trio.move_on_after(seconds):
            await self._draining.wait()

    async def _hold(self, log: Log) -> None:
        services = self.services
        store = services.open_store(self.shard)
        if not await store.take(absent=True):
            return
        writer = JournalWriter(store, services.journal, services.lease, log)
        address = LedgerAddress(self.shard, services.identity.boot)
        ledger = StreamLedger(address, store, writer, services.ledger, log)
        async with trio.open_nursery() as nursery:
            await nursery.start(writer.run)
            await nursery.start(ledger.run)
            await self._open(store, writer, ledger, log)
            nursery.start_soon(self._keep_owning, writer, ledger)
            try:
                await self._serve_tables(
                    ledger,
                    writer,
                    TableServices(ledger, writer, services.seal, services.shuffle, writer.may_deal),
                )
                await self._settle(ledger, writer)
            finally:
                self._close()
            nursery.cancel_scope.cancel()
        await store.release()  # not before nobody renews it any more

    async def _open(self, store: ShardStore, writer: JournalWriter, ledger: StreamLedger, log: Log) -> None:
        """Make the shard ours, and set up its tables with what an earlier owner has left in the journal."""
        services = self.services
        seconds = services.ledger.open_seconds
        opened = await open_shard(ledger, services.identity.node, seconds)
        writer.resume(opened.epoch)
        recovery = Recovery(self.shard, store, writer, ledger, services.maker, services.seal, seconds, log)
        self.tables = await recovery.recover(opened.tables)
        log.info("shard.opened", epoch=opened.epoch, tables=len(self.tables))

    async def _keep_owning(self, writer: JournalWriter, ledger: StreamLedger) -> None:
        """When Redis has lost the lease: ask the ledger if the shard is still ours, and go on from memory."""
        send, doubts = trio.open_memory_channel[Epoch](1)

        def doubt(epoch: Epoch) -> None:
            send.send_nowait(epoch)

        writer.on_unheld = doubt
        async for epoch in doubts:
            writer.resume(await open_again(ledger, self.services.identity.node, epoch))

    async def _serve_tables(
        self, ledger: StreamLedger, writer: JournalWriter, services: TableServices
    ) -> None:
        """Run all tables until they are drained, or the time for that is over."""
        writer.on_pause = self._pause
        with trio.CancelScope() as serving:
            async with trio.open_nursery() as nursery:
                for table in self.tables:
                    self.services.directory.add(table.entry)
                    self._begin(table, nursery, services)
                self.is_open = True
                async with trio.open_nursery() as reopening:
                    reopening.start_soon(self._reopen_released, ledger, writer, nursery, services)
                    await self._draining.wait()
                    reopening.cancel_scope.cancel()
                for table in self.tables:  # those that were opened while the drain began
                    table.is_draining = True
                    table.entry.inbox.deliver(Drain())
                serving.deadline = trio.current_time() + self.services.stop.hands_seconds

    def _begin(self, table: Table, nursery: trio.Nursery, services: TableServices) -> None:
        task = self._tasks[table.seats.game.table_id] = _TableTask()
        nursery.start_soon(_serve_table, table, services, task)

    async def _reopen_released(
        self, ledger: StreamLedger, writer: JournalWriter, nursery: trio.Nursery, services: TableServices
    ) -> None:
        """Open each table anew whose dead letters are resolved, one after the other, until cancelled."""
        send, receive = trio.open_memory_channel[TableReleased](_MAX_RELEASED)
        done: dict[TableId, int] = {}

        def note(released: TableReleased) -> None:
            with contextlib.suppress(trio.WouldBlock):  # it is told again, or the next opening does it
                send.send_nowait(released)

        ledger.on_released = note
        async for released in receive:
            if released.release <= done.get(released.table_id, 0):
                continue  # told twice: nobody must be sent away twice
            done[released.table_id] = released.release
            if (table := await self._reopen(released.table_id, ledger, writer)) is not None:
                self._begin(table, nursery, services)

    async def _reopen(self, table_id: TableId, ledger: StreamLedger, writer: JournalWriter) -> Table | None:
        """Give one table up and set it up as the ledger has it; all others go on.

        Its players stay connected, unheard, until the new one is there; then they are sent to it.
        """
        log = self.services.log.bind(shard=self.shard, table_id=table_id)
        if (task := self._tasks.pop(table_id, None)) is not None:
            task.scope.cancel()
            await task.ended.wait()
        ledger.forget(table_id)
        writer.forget(table_id)
        told = await reopen_table(ledger, table_id)
        found = _set_up_tables(() if told is None else (told,), self.shard, self.services.maker, log)
        old = [table for table in self.tables if table.seats.game.table_id == table_id]
        others = [table for table in self.tables if table.seats.game.table_id != table_id]
        self.tables = (*others, *found)
        self.services.directory.remove(table_id)
        for table in found:
            self.services.directory.add(table.entry)
        _kick_all(old)
        log.info("table.reopened", tables=len(found))
        return found[0] if found else None

    def _pause(self, is_paused: bool) -> None:
        """Redis does not answer, or does again: every table waits, or goes on."""
        self.is_paused = is_paused
        for table in self.tables:
            table.entry.inbox.deliver(Pause(is_paused))

    async def _settle(self, ledger: StreamLedger, writer: JournalWriter) -> None:
        """Wait until all is kept and answered; what is not, still is later."""
        with trio.move_on_after(self.services.stop.settle_seconds):
            await ledger.wait_until_answered()
            await writer.wait_until_kept()

    def _close(self) -> None:
        self.is_open = False
        self.services.directory.remove_shard(self.shard)
        _kick_all(self.tables)
        self.tables = ()
        self._tasks.clear()


async def _serve_table(table: Table, services: TableServices, task: _TableTask) -> None:
    """Serve one table until it is drained, or given up for a new one."""
    with task.scope:
        await keep_table_running(table, services)
    task.ended.set()


async def keep_table_running(table: Table, services: TableServices) -> None:
    """Serve one table until it is drained; a crash voids its hand in play and touches no other table.

    A table that crashes again and again is halted: it deals no more, its players can still leave.
    """
    limits: TableLimits = table.seats.game.limits
    crashes = 0
    while True:
        started_at = trio.current_time()
        try:
            await TableActor(table, services).run()
        except Exception as error:  # noqa: BLE001 (the border of one table)
            report_unforeseen(table.log, "table", error)
        else:
            return
        CRASHES.inc()
        table.has_crashed = True
        crashes = 1 if trio.current_time() - started_at > _STEADY_SECONDS else crashes + 1
        if crashes >= limits.restarts_before_halt and not table.seats.is_halted:
            table.seats.is_halted = True
            table.log.error("table.halted", reason="it crashed too often")
        await trio.sleep(min(limits.restart_seconds * crashes, _LONGEST_RESTART_SECONDS))


def _kick_all(tables: Iterable[Table]) -> None:
    """Send everybody away who watches these tables, or has just come to; clients come back by themselves."""
    for table in tables:
        for viewer in (*table.audience.viewers, *table.entry.inbox.unread_watchers()):
            viewer.kick(CloseCode.RESTART)


def _set_up_tables(
    tables_told: Iterable[LedgerTable], shard: ShardId, maker: TableMaker, log: Log
) -> tuple[Table, ...]:
    """Make the tables of a shard; one that the stakes file does not offer stays closed, alone."""
    tables = []
    for told in tables_told:
        try:
            tables.append(set_up_table(told, shard, maker))
        except NotOnOffer as missing:
            log.error("table.not_opened", table_id=told.table_id, reason=str(missing))  # noqa: TRY400 (no bug)
    return tuple(tables)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for one in group.exceptions:
        found.extend(_leaves(one) if isinstance(one, BaseExceptionGroup) else [one])
    return found
