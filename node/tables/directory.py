"""The tables that this node holds now: how sessions, presence and administrators find them."""

from collections.abc import Iterator

import trio
from attrs import define, evolve, field

from cardroom.ids import ShardId, TableId
from cardroom.wire.presence import TableSummary
from node.tables.inbox import Inbox
from node.tables.metrics import TABLES
from node.tables.tempo import Rhythm


@define
class LobbyNews:
    """Which tables look different from outside than when that was told last, and who waits for such news."""

    _changed: set[TableId] = field(factory=set)
    _there: trio.Event = field(factory=trio.Event)

    def note(self, table_id: TableId) -> None:
        """A table looks different, or is gone for good."""
        self._changed.add(table_id)
        self._there.set()

    def take(self) -> frozenset[TableId]:
        """Give what was noted since this was asked last."""
        taken = frozenset(self._changed)
        self._changed.clear()
        self._there = trio.Event()
        return taken

    async def wait(self) -> None:
        """Wait until something was noted; at once if something is."""
        await self._there.wait()


@define
class TableEntry:
    """One table as others see it: where to send commands, and what it last said of itself."""

    inbox: Inbox
    summary: TableSummary
    run: str
    """A nonce of this numbering of events: a table that is set up anew counts from the start again."""
    is_open: bool = True
    rhythm: Rhythm = field(factory=Rhythm)
    news: LobbyNews | None = None

    def tell(self, summary: TableSummary, rhythm: Rhythm) -> None:
        """The table says of itself what others may know."""
        self.rhythm = rhythm
        if summary != self.summary:
            self.summary = summary
            if self.news is not None:
                self.news.note(summary.table_id)

    def fade(self, now: float) -> None:
        """Let the hands an hour fall where none ends any more; the table itself need not wake for that."""
        hands_per_hour = self.rhythm.hands_per_hour(now)
        if hands_per_hour != self.summary.hands_per_hour:
            self.tell(evolve(self.summary, hands_per_hour=hands_per_hour), self.rhythm)


@define
class Directory:
    """All tables of this node, by id.

    While a shard is being opened here, who comes for one of its tables waits at the door: a player is back
    before the table is, when a node takes a shard over.
    """

    _entries: dict[TableId, TableEntry] = field(factory=dict)
    _opening: set[ShardId] = field(factory=set)
    _changed: trio.Event = field(factory=trio.Event)
    news: LobbyNews = field(factory=LobbyNews)

    def expect(self, shard: ShardId) -> None:
        """Tables of a shard are about to be entered; ``settle`` says that they are, or will not be."""
        self._opening.add(shard)

    def settle(self, shard: ShardId) -> None:
        """Nothing is to be expected of a shard any more. May be repeated."""
        if shard in self._opening:
            self._opening.discard(shard)
            self._changed.set()
            self._changed = trio.Event()

    @property
    def settled(self) -> trio.Event:
        """What is set when the next shard is opened, or is not going to be."""
        return self._changed

    async def wait_for(self, table_id: TableId, seconds: float) -> TableEntry | None:
        """Give a table as soon as it is here; None if no shard is being opened that could have it."""
        with trio.move_on_after(seconds):
            while self._opening and table_id not in self._entries:
                await self._changed.wait()
        return self._entries.get(table_id)

    def add(self, entry: TableEntry) -> None:
        """Enter a table whose shard was opened."""
        assert entry.summary.table_id not in self._entries, "a table is held once"
        self._entries[entry.summary.table_id] = entry
        entry.news = self.news
        self.news.note(entry.summary.table_id)
        TABLES.set(len(self))

    def remove(self, table_id: TableId) -> None:
        """Forget one table; it may be set up anew under the same id."""
        if self._entries.pop(table_id, None) is not None:
            self.news.note(table_id)
        TABLES.set(len(self))

    def remove_shard(self, shard: ShardId) -> None:
        """Forget the tables of a shard that is ours no more."""
        self._entries = {key: one for key, one in self._entries.items() if one.summary.shard != shard}
        TABLES.set(len(self))

    def find(self, table_id: TableId) -> TableEntry | None:
        """Give a table, if it is here."""
        return self._entries.get(table_id)

    def __iter__(self) -> Iterator[TableEntry]:
        return iter(tuple(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)
