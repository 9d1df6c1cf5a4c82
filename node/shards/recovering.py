"""The tables of a shard that was just opened: out of the journal where it fits, else out of the escrow."""

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence

import trio
from attrs import field, frozen

from cardroom.ids import CommandId, ShardId, TableId
from cardroom.service.errors import report_unforeseen
from cardroom.service.logs import Log
from cardroom.wire.ledger import CommandBody, LedgerTable, ReplyBody
from node.journal.fields import JournalReader, TableJournal, Unreadable
from node.journal.metrics import RECOVERED
from node.journal.port import ShardStore
from node.journal.seal import DeckSeal
from node.journal.writer import JournalWriter
from node.ledger.port import LedgerPort
from node.shards.opening import (
    NotOnOffer,
    NotOpened,
    RestoredTable,
    TableMaker,
    hear,
    reopen_table,
    set_up_table,
)
from node.tables.restoring import (
    DoesNotFit,
    Outcomes,
    commands_under_way,
    kept_fields,
    restore_hands,
)
from node.tables.table import Table


@frozen
class Recovery:
    """What it takes to set up the tables of one shard."""

    shard: ShardId
    store: ShardStore
    writer: JournalWriter
    ledger: LedgerPort
    maker: TableMaker
    seal: DeckSeal
    seconds: float
    """How long the ledger may take to say what became of money under way."""
    log: Log
    _reader: JournalReader = field(factory=JournalReader)

    async def recover(self, told: Sequence[LedgerTable]) -> tuple[Table, ...]:
        """Set up the tables that the ledger has told of. Raises ``NotOpened`` or ``RedisAway``.

        Money under way is asked for again under its old ids, so that it moves once; after that the ledger
        is asked how those tables stand. So it is about halted ones: where their letters are resolved, they
        begin anew.
        """
        journals = self._read(await self.store.read_journals([one.table_id for one in told]))
        asked = {
            one.table_id: commands_under_way(journals[one.table_id].memory, one)
            for one in told
            if one.table_id in journals
        }
        with trio.move_on_after(self.seconds):
            outcomes = await self._ask_again(ChainMap(*asked.values()))
            doubtful = [one.table_id for one in told if asked.get(one.table_id) or one.is_halted]
            news = await self._tell_again(doubtful)
            current = [news.get(one.table_id, one) for one in told]
            return self.set_up([one for one in current if one is not None], journals, outcomes)
        raise NotOpened(f"no answer from the ledger in {self.seconds} s")

    def set_up(
        self,
        told: Iterable[LedgerTable],
        journals: Mapping[TableId, TableJournal],
        outcomes: Outcomes,
    ) -> tuple[Table, ...]:
        """Make the tables; one that the stakes file does not offer stays closed, alone."""
        tables = []
        for one in told:
            log = self.log.bind(table_id=one.table_id)
            try:
                table = self._restore(one, journals.get(one.table_id), outcomes, log)
                tables.append(table or set_up_table(one, self.shard, self.maker))
            except NotOnOffer as missing:
                log.error("table.not_opened", reason=str(missing))  # noqa: TRY400 (no bug)
        return tuple(tables)

    def _restore(
        self, told: LedgerTable, journal: TableJournal | None, outcomes: Outcomes, log: Log
    ) -> Table | None:
        """Give a table out of its journal; None if there is none that fits: its open hand is void."""
        if journal is None:
            return None
        try:
            hands = restore_hands(journal, told, self.seal)
            table = set_up_table(told, self.shard, self.maker, RestoredTable(journal, hands, outcomes))
        except DoesNotFit as why:
            log.warning("journal.does_not_fit", reason=str(why))
        except NotOnOffer:
            raise
        except Exception as error:  # noqa: BLE001 (the border of one table)
            report_unforeseen(log, "table", error)
        else:
            self.writer.adopt(told.table_id, kept_fields(journal, hands.journaled))
            RECOVERED.labels(outcome="resumed").inc(hands.in_play is not None)
            log.info("table.recovered", finished=len(hands.finished), is_in_play=hands.in_play is not None)
            return table
        RECOVERED.labels(outcome="void").inc(bool(journal.hands))
        return None

    def _read(self, stored: Mapping[TableId, Mapping[bytes, bytes]]) -> dict[TableId, TableJournal]:
        found = {}
        for table_id, fields in stored.items():
            try:
                found[table_id] = self._reader.read(fields)
            except Unreadable as why:
                self.log.warning("journal.unreadable", table_id=table_id, reason=str(why))
        return found

    async def _ask_again(self, commands: Mapping[CommandId, CommandBody]) -> dict[CommandId, ReplyBody]:
        """Learn what became of commands; what was decided before is not decided again."""
        outcomes: dict[CommandId, ReplyBody] = {}

        async def ask(command_id: CommandId, command: CommandBody) -> None:
            outcomes[command_id] = await hear(self.ledger, command, command_id)

        async with trio.open_nursery() as nursery:
            for command_id, command in commands.items():
                nursery.start_soon(ask, command_id, command)
        return outcomes

    async def _tell_again(self, tables: Iterable[TableId]) -> dict[TableId, LedgerTable | None]:
        """Learn how tables stand after that; None: the table is gone."""
        news: dict[TableId, LedgerTable | None] = {}

        async def ask(table_id: TableId) -> None:
            news[table_id] = await reopen_table(self.ledger, table_id)

        async with trio.open_nursery() as nursery:
            for table_id in tables:
                nursery.start_soon(ask, table_id)
        return news
