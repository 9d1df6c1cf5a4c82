"""The journals of a shard's tables as they should lie in Redis, and what of that it is not known to have."""

from collections.abc import Iterable, Mapping
from itertools import count

from attrs import define, field, frozen

from cardroom.ids import TableId
from node.journal.metrics import REWRITES
from node.journal.port import Changes, TableChange


@define(eq=False)
class Mirrored:
    """One table's journal."""

    fields: dict[bytes, bytes] = field(factory=dict)
    number: int = 0
    kept: int | None = None
    """The last change that Redis is known to have; None when that is not known, and before the first."""
    _changed: dict[bytes, bytes] = field(factory=dict)
    _removed: set[bytes] = field(factory=set)

    def change(self, changes: Changes, number: int) -> None:
        """Note a change for the next flush."""
        self.number = number
        for name in changes.removed:
            self.fields.pop(name, None)
            self._changed.pop(name, None)
            self._removed.add(name)
        for name, data in changes.fields.items():
            self.fields[name] = self._changed[name] = data
            self._removed.discard(name)

    def take_change(self, table_id: TableId) -> TableChange:
        """Give what is to be flushed. If that fails, ``kept`` must be set to None: then all of it is."""
        changed, self._changed = self._changed, {}
        removed, self._removed = self._removed, set()
        if self.kept is None:
            return TableChange(table_id, self.number, None, dict(self.fields))
        return TableChange(table_id, self.number, self.kept, changed, tuple(removed))


@frozen
class Taken:
    """A table's change that is on its way, and the journal that it is of."""

    journal: Mirrored
    change: TableChange


@define
class Mirror:
    """All journals of a shard. Numbers of changes grow over all tables, and are never used again."""

    _journals: dict[TableId, Mirrored] = field(factory=dict)
    _dirty: set[TableId] = field(factory=set)
    _numbers: "count[int]" = field(factory=lambda: count(1))

    def __len__(self) -> int:
        return len(self._journals)

    def adopt(self, table_id: TableId, fields: Mapping[bytes, bytes]) -> None:
        """Take over what an earlier owner has left; it is written whole with the next change."""
        self._journals[table_id] = Mirrored(dict(fields))

    def change(self, table_id: TableId, changes: Changes) -> None:
        """Note a change of a table."""
        self._journals.setdefault(table_id, Mirrored()).change(changes, next(self._numbers))
        self._dirty.add(table_id)

    def forget(self, table_id: TableId) -> None:
        """Drop a table; its next change begins anew."""
        self._journals.pop(table_id, None)
        self._dirty.discard(table_id)

    def take_changes(self) -> list[Taken]:
        """Give all that Redis is not known to have; to be followed by ``are_kept`` or ``are_lost``."""
        taken = []
        for table_id in self._dirty:
            journal = self._journals[table_id]
            if journal.kept is None:
                REWRITES.inc()
            taken.append(Taken(journal, journal.take_change(table_id)))
        self._dirty.clear()
        return taken

    def are_kept(self, taken: Iterable[Taken]) -> None:
        """Redis has these."""
        for one in taken:
            one.journal.kept = one.change.number

    def are_lost(self, taken: Iterable[Taken]) -> None:
        """Nobody knows what of these is in Redis: those journals are written whole."""
        for one in taken:
            one.journal.kept = None
            if self._journals.get(one.change.table_id) is one.journal:
                self._dirty.add(one.change.table_id)

    def distrust(self, tables: Iterable[TableId]) -> None:
        """Write the journals of these tables whole, as Redis may not have them as it should."""
        for table_id in tables:
            if (journal := self._journals.get(table_id)) is not None:
                journal.kept = None
                self._dirty.add(table_id)

    def distrust_all(self) -> None:
        """Write all journals whole."""
        self.distrust(tuple(self._journals))
