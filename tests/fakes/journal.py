"""A journal in memory behind ``JournalPort``: keeps at once, or when it is told to."""

from collections import deque
from collections.abc import Callable

from attrs import define, field

from cardroom.ids import TableId
from node.journal.port import Changes


@define
class JournalInMemory:
    """What is kept of each table. ``is_silent`` keeps nothing until ``speak``."""

    kept: dict[TableId, dict[bytes, bytes]] = field(factory=dict)
    is_silent: bool = False
    _waiting: deque[tuple[TableId, Changes, Callable[[], None]]] = field(factory=deque)

    def keep(self, table_id: TableId, changes: Changes, on_kept: Callable[[], None]) -> None:
        """Keep a change; now, or later when silent."""
        self._waiting.append((table_id, changes, on_kept))
        if not self.is_silent:
            self.speak()

    def speak(self) -> None:
        """Keep all that waits, and from now on everything at once."""
        self.is_silent = False
        while self._waiting:
            self.step()

    def step(self) -> None:
        """Keep the change that waits longest."""
        table_id, changes, on_kept = self._waiting.popleft()
        fields = self.kept.setdefault(table_id, {})
        for name in changes.removed:
            fields.pop(name, None)
        fields.update(changes.fields)
        on_kept()

    def __len__(self) -> int:
        return len(self._waiting)
