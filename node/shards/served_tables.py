"""The tables of a shard that is open: one task for each, those that are opened meanwhile, and closed."""

from collections.abc import Iterable
from typing import Final

import trio
from attrs import define, field

from cardroom.ids import CommandId, ShardId, TableId
from cardroom.service.logs import Log
from cardroom.service.redis import RedisAway
from cardroom.wire.ledger import (
    CommandRefused,
    EndTable,
    LedgerTable,
    MakeTable,
    ReplyBody,
    SwitchTable,
    TableEnded,
    TableMade,
    TableMode,
    TableReleased,
    TableSwitched,
)
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import CloseCode
from node.journal.port import ShardStore
from node.journal.writer import JournalWriter
from node.ledger.stream import StreamLedger
from node.shards.opening import NotOnOffer, TableMaker, hear, reopen_table, set_up_table
from node.shards.table_tasks import TableTask
from node.tables.audience import Viewer
from node.tables.commands import Command, Switch
from node.tables.directory import Directory, TableEntry
from node.tables.table import Table, TableServices

_KEEP_SECONDS: Final = 2.0
_RETRY_SECONDS: Final = 1.0
_REFUSED_SECONDS: Final = 5.0


@define
class ServedTables:
    """The tables of one shard as long as it is held, and the tasks that serve them."""

    shard: ShardId
    directory: Directory
    maker: TableMaker
    ledger: StreamLedger
    writer: JournalWriter
    store: ShardStore
    services: TableServices
    log: Log
    tables: tuple[Table, ...] = ()
    refused_seconds: float = _REFUSED_SECONDS
    """So long after the ledger has not closed a table it is opened once more."""
    _tasks: dict[TableId, TableTask] = field(factory=dict)
    _to_open: dict[TableId, trio.Event] = field(factory=dict)
    _to_end: list[Table] = field(factory=list)
    _has_work: trio.Event = field(factory=trio.Event)

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
        _kick_all(self.tables, CloseCode.RESTART)
        self.tables = ()
        self._tasks.clear()

    def begin_anew(self, table_id: TableId) -> None:
        """Set a table up anew soon, as the ledger has it."""
        self._to_open.setdefault(table_id, trio.Event())
        self._has_work.set()

    async def wait_until_opened(self, table_id: TableId) -> None:
        """Wait until a table that is to be set up is, or turns out not to be one; at once for others."""
        if (opened := self._to_open.get(table_id)) is not None:
            await opened.wait()

    def find(self, table_id: TableId) -> TableEntry | None:
        """Give one of these tables, if it is open."""
        entry = self.directory.find(table_id)
        return entry if entry is not None and entry.summary.shard == self.shard else None

    def let_sit_down(self, table_id: TableId) -> None:
        """A table that was kept empty to be closed is not closed: what was ordered of it before holds."""
        if (entry := self.find(table_id)) is not None:
            entry.inbox.deliver(Switch(TableMode.RUNNING, 0))  # older than any word: only the keeping ends

    async def order(self, command_id: CommandId, command: MakeTable | SwitchTable) -> ReplyBody:
        """Give the ledger what was ordered, and wait for what it says; that is done, whoever waits for it.

        Under an id that was decided before, by whatever start of a node, nothing is decided again.
        """
        send, receive = trio.open_memory_channel[ReplyBody](1)

        def noted(reply: ReplyBody) -> None:
            self._obey(command, reply)
            send.send_nowait(reply)

        self.ledger.submit(command, noted, command_id)
        return await receive.receive()

    def _obey(self, command: MakeTable | SwitchTable, reply: ReplyBody) -> None:
        match reply:
            case TableMade(table_id) if self.find(table_id) is None:
                self.begin_anew(table_id)
            case TableSwitched(table_id, mode, switch_no) if (entry := self.find(table_id)) is not None:
                entry.inbox.deliver(Switch(mode, switch_no))
            case CommandRefused(Refusal.NO_SUCH_TABLE) if isinstance(command, SwitchTable):
                if self.find(command.table_id) is not None:  # we believed in a table that is no more
                    self.begin_anew(command.table_id)
            case CommandRefused() if isinstance(command, SwitchTable):
                self.let_sit_down(command.table_id)
            case _:
                pass

    async def open_and_end(self, nursery: trio.Nursery) -> None:
        """Open tables that the ledger has ready, and end those that are vacated, one by one; never ends."""
        done: dict[TableId, int] = {}

        def note(released: TableReleased) -> None:
            if released.release > done.get(released.table_id, 0):
                done[released.table_id] = released.release  # told twice: nobody must be sent away twice
                self.begin_anew(released.table_id)

        self.ledger.on_released = note
        while True:
            await self._has_work.wait()
            if self._to_end:
                await self._end(self._to_end.pop(0), nursery)
            elif self._to_open:
                await self._open_next(nursery)
            else:
                self._has_work = trio.Event()

    async def _open_next(self, nursery: trio.Nursery) -> None:
        table_id, opened = next(iter(self._to_open.items()))
        if (table := await self._reopen(table_id)) is not None:
            self._begin(table, nursery)
        del self._to_open[table_id]
        opened.set()

    def _begin(self, table: Table, nursery: trio.Nursery) -> None:
        task = self._tasks[table.seats.game.table_id] = TableTask()
        nursery.start_soon(self._serve, task, table)

    async def _serve(self, task: TableTask, table: Table) -> None:
        """Serve one table until it is drained, given up for a new one, or vacated: then it is to be ended."""
        await task.serve(table, self.services)
        if self._tasks.get(table.seats.game.table_id) is task and table.is_vacated:
            self._to_end.append(table)
            self._has_work.set()

    async def _end(self, table: Table, nursery: trio.Nursery) -> None:
        """Close a table that everybody has left: here first, then its journal, then in the ledger.

        Whoever has the shard after a crash in between finds it closing, and does the same. Where the ledger
        knows of more than this table did, the table is opened once more, as the ledger has it.
        """
        table_id = table.seats.game.table_id
        if not any(one is table for one in self.tables):
            return
        self._tasks.pop(table_id, None)
        self.tables = tuple(one for one in self.tables if one is not table)
        self.directory.remove(table_id)
        with trio.move_on_after(_KEEP_SECONDS):
            await self.writer.wait_until_kept()  # what was told last is on its way until then
        _kick_all([table], CloseCode.TABLE_CLOSED)
        self.writer.forget(table_id)
        self.ledger.forget(table_id)
        await self._remove_journal(table_id)
        reply = await hear(self.ledger, EndTable(table_id))
        self.log.info("table.ended", table_id=table_id, reply=type(reply).__name__)
        if not isinstance(reply, TableEnded):
            nursery.start_soon(self._open_later, table_id)

    async def _open_later(self, table_id: TableId) -> None:
        await trio.sleep(self.refused_seconds)
        self.begin_anew(table_id)

    async def _remove_journal(self, table_id: TableId) -> None:
        while True:
            try:
                await self.store.remove_journal(table_id)
            except RedisAway as away:
                self.log.warning("table.journal_not_removed", table_id=table_id, reason=str(away))
                await trio.sleep(_RETRY_SECONDS)
            else:
                return

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
        _kick_all(old, CloseCode.RESTART)
        self.log.info("table.reopened", table_id=table_id, is_open=found is not None)
        return found

    def _set_up(self, told: LedgerTable) -> Table | None:
        """Make a table; one that the stakes file does not offer stays closed, alone."""
        try:
            return set_up_table(told, self.shard, self.maker)
        except NotOnOffer as missing:
            self.log.error("table.not_opened", table_id=told.table_id, reason=str(missing))  # noqa: TRY400 (no bug)
            return None


def _kick_all(tables: Iterable[Table], code: CloseCode) -> None:
    """Send everybody away who watches these tables, or has just come to."""
    for table in tables:
        for viewer in _viewers_of(table):
            viewer.kick(code)


def _viewers_of(table: Table) -> tuple[Viewer, ...]:
    return (*table.audience.viewers, *table.entry.inbox.unread_watchers())
