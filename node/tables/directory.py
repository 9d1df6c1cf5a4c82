"""The tables that this node holds now: how sessions, presence and administrators find them."""

from collections.abc import Iterator

from attrs import define, field

from cardroom.ids import ShardId, TableId
from cardroom.wire.presence import TableSummary
from node.tables.inbox import Inbox


@define
class TableEntry:
    """One table as others see it: where to send commands, and what it last said of itself."""

    inbox: Inbox
    summary: TableSummary
    run: str
    """A nonce of this numbering of events: a table that is set up anew counts from the start again."""
    is_open: bool = True


@define
class Directory:
    """All tables of this node, by id."""

    _entries: dict[TableId, TableEntry] = field(factory=dict)

    def add(self, entry: TableEntry) -> None:
        """Enter a table whose shard was opened."""
        assert entry.summary.table_id not in self._entries, "a table is held once"
        self._entries[entry.summary.table_id] = entry

    def remove(self, table_id: TableId) -> None:
        """Forget one table; it may be set up anew under the same id."""
        self._entries.pop(table_id, None)

    def remove_shard(self, shard: ShardId) -> None:
        """Forget the tables of a shard that is ours no more."""
        self._entries = {key: one for key, one in self._entries.items() if one.summary.shard != shard}

    def find(self, table_id: TableId) -> TableEntry | None:
        """Give a table, if it is here."""
        return self._entries.get(table_id)

    def __iter__(self) -> Iterator[TableEntry]:
        return iter(tuple(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)
