"""The tables of a shard that is open: one task for each, and those that the ledger lets begin anew."""

from collections.abc import Iterable

import trio
from attrs import define, field

from cardroom.ids import ShardId, TableId
from cardroom.service.logs import Log
from cardroom.wire.ledger import LedgerTable, TableReleased
from cardroom.wire.table import CloseCode
from node.journal.writer import JournalWriter
from node.ledger.stream import StreamLedger
from node.shards.opening import NotOnOffer, TableMaker, reopen_table, set_up_table
from node.shards.table_tasks import TableTask
from node.tables.audience import Viewer
from node.tables.commands import Command
from node.tables.directory import Directory
from node.tables.table import Table, TableServices


@define
class ServedTables:
    """The tables of one shard as long as it is held, and the tasks that serve them."""

    shard: ShardId
    directory: Directory
    maker: TableMaker
    ledger: StreamLedger
    writer: JournalWriter
    services: TableServices
    log: Log
    tables: tuple[Table, ...] = ()
    _tasks: dict[TableId, TableTask] = field(factory=dict)
    _to_reopen: set[TableId] = field(factory=set)
    _has_to_reopen: trio.Event = field(factory=trio.Event)

    def begin_all(self, nursery: trio.Nursery) -> None:
        """Serve all tables, and let players find them."""
        for table in self.tables:
            self.directory.add(table.entry)
            self._begin(table, nursery)

    def deliver(self, command: Command) -> None:
        """Give every table a command."""
        for table in self.tables:
            table.entry.inbox.deliver(command)

    def viewers(self) -> tuple[Viewer, ...]:
        """Give all who watch; of those who have just come, nobody else hears any more."""
        return tuple(viewer for table in self.tables for viewer in _viewers_of(table))

    def close(self) -> None:
        """Let players find the tables no more, and send all away who watch them."""
        self.directory.remove_shard(self.shard)
        _kick_all(self.tables)
        self.tables = ()
        self._tasks.clear()

    def begin_anew(self, table_id: TableId) -> None:
        """Set a table up anew soon, as the ledger has it."""
        self._to_reopen.add(table_id)
        self._has_to_reopen.set()

    async def reopen_released(self, nursery: trio.Nursery) -> None:
        """Open each table anew whose dead letters are resolved, one after the other, until cancelled."""
        done: dict[TableId, int] = {}

        def note(released: TableReleased) -> None:
            if released.release > done.get(released.table_id, 0):
                done[released.table_id] = released.release  # told twice: nobody must be sent away twice
                self.begin_anew(released.table_id)

        self.ledger.on_released = note
        while True:
            await self._has_to_reopen.wait()
            table_id = self._to_reopen.pop()
            if not self._to_reopen:
                self._has_to_reopen = trio.Event()
            if (table := await self._reopen(table_id)) is not None:
                self._begin(table, nursery)

    def _begin(self, table: Table, nursery: trio.Nursery) -> None:
        task = self._tasks[table.seats.game.table_id] = TableTask()
        nursery.start_soon(task.serve, table, self.services)

    async def _reopen(self, table_id: TableId) -> Table | None:
        """Give one table up and set it up as the ledger has it; all others go on.

        Its players stay connected, unheard, until the new one is there; then they are sent to it.
        """
        if (task := self._tasks.pop(table_id, None)) is not None:
            task.scope.cancel()
            await task.ended.wait()
        self.ledger.forget(table_id)
        self.writer.forget(table_id)
        told = await reopen_table(self.ledger, table_id)
        found = None if told is None else self._set_up(told)
        old = [table for table in self.tables if table.seats.game.table_id == table_id]
        others = [table for table in self.tables if table.seats.game.table_id != table_id]
        self.tables = (*others, *(() if found is None else (found,)))
        self.directory.remove(table_id)
        if found is not None:
            self.directory.add(found.entry)
        _kick_all(old)
        self.log.info("table.reopened", table_id=table_id, is_open=found is not None)
        return found

    def _set_up(self, told: LedgerTable) -> Table | None:
        """Make a table; one that the stakes file does not offer stays closed, alone."""
        try:
            return set_up_table(told, self.shard, self.maker)
        except NotOnOffer as missing:
            self.log.error("table.not_opened", table_id=told.table_id, reason=str(missing))  # noqa: TRY400 (no bug)
            return None


def _kick_all(tables: Iterable[Table]) -> None:
    """Send everybody away who watches these tables, or has just come to; clients come back by themselves."""
    for table in tables:
        for viewer in _viewers_of(table):
            viewer.kick(CloseCode.RESTART)


def _viewers_of(table: Table) -> tuple[Viewer, ...]:
    return (*table.audience.viewers, *table.entry.inbox.unread_watchers())
