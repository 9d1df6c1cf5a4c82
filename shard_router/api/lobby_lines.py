"""The lobby's lines as players see them, each written once for all who are shown it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from cardroom.ids import TableId
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.lobby import LobbyTable
from cardroom.wire.presence import TableSummary
from shard_router.rules.placement import Place
from shard_router.store.nodes import Directory

MAX_LINE_BYTES: Final = 16 * 1024

LINE: Final = Codec[LobbyTable](LobbyTable, Encoding.JSON, MAX_LINE_BYTES, {})


@frozen(eq=False)
class Line:
    """A line and how it is written."""

    table: LobbyTable
    text: bytes


Lines = Mapping[TableId, Line]


class LobbyLines:
    """Makes lines of directories; a line that says the same as before is the very same line."""

    def __init__(self) -> None:
        self._seen: tuple[object, object] = (None, None)
        self._sources: dict[TableId, tuple[TableSummary, bool, Line]] = {}
        self._lines: Lines = MappingProxyType({})

    def of(self, directory: Directory) -> Lines:
        """Give all public tables by id; a private one is shown to nobody. The same if nothing has changed."""
        seen = (directory.tables, directory.places)
        if seen[0] is not self._seen[0] or seen[1] != self._seen[1]:
            self._seen = seen
            open_shards = {shard for shard, place in directory.places.items() if isinstance(place, Place)}
            sources = {
                table.table_id: self._source(table, is_open=table.shard in open_shards)
                for table in directory.tables.values()
                if not table.is_private
            }
            lines = {table_id: line for table_id, (_, _, line) in sources.items()}
            self._sources = sources
            if lines != self._lines:
                self._lines = lines
        return self._lines

    def _source(self, table: TableSummary, *, is_open: bool) -> tuple[TableSummary, bool, Line]:
        known = self._sources.get(table.table_id)
        if known is not None and known[0] is table and known[1] is is_open:
            return known
        line = write_line(table, is_open=is_open)
        if known is not None and known[2].table == line:
            return (table, is_open, known[2])
        return (table, is_open, Line(line, LINE.encode(line)))


def write_line(table: TableSummary, *, is_open: bool) -> LobbyTable:
    """Write what players are shown of a table; who sits there is not among it."""
    return LobbyTable(
        table_id=table.table_id,
        name=table.name,
        stake=table.stake,
        small_blind=table.small_blind,
        big_blind=table.big_blind,
        min_buy_in=table.min_buy_in,
        max_buy_in=table.max_buy_in,
        seat_count=table.seat_count,
        players=len(table.seats),
        waiting=table.waiting,
        hand_no=table.hand_no,
        is_open=is_open,
        average_pot=table.average_pot,
        hands_per_hour=table.hands_per_hour,
        pace_ms=table.pace_ms,
        state=table.state,
    )
