"""Which extra tables are closed again, because they stand empty and are not needed. Pure."""

from collections.abc import Sequence

from attrs import frozen

from cardroom.ids import ShardId, TableId

GameSize = tuple[str, int]
"""A stake and a number of seats."""


@frozen
class StandingTable:
    """A table as the keeper sees it."""

    table_id: TableId
    shard: ShardId
    game: GameSize
    seat_count: int
    players: int
    waiting: int
    is_extra: bool
    takes_players: bool
    """Whether it is public, open and played, so that its free seats are there for everybody."""
    empty_seconds: float
    """For how long it has stood empty, as far as the keeper knows; 0 if somebody sits or waits there."""

    @property
    def is_empty(self) -> bool:
        """Whether nobody sits or waits there."""
        return self.players == 0 and self.waiting == 0

    @property
    def free_seats(self) -> int:
        """How many seats anybody could take."""
        return self.seat_count - self.players if self.takes_players and self.waiting == 0 else 0


def tables_to_close(
    tables: Sequence[StandingTable], quiet_seconds: float, spare_seats: int
) -> Sequence[StandingTable]:
    """Give the extra tables to close now, those first that have been empty longest.

    Closed is what has stood empty for ``quiet_seconds``, as long as the other tables of its game and size
    have ``spare_seats`` free ones (at least one), so that nobody who wants a seat then has to wait for a new
    table.
    """
    needed = max(1, spare_seats)
    free = _free_by_game(tables)
    chosen = []
    for table in sorted(tables, key=lambda one: (-one.empty_seconds, -one.table_id)):
        if not (table.is_extra and table.is_empty and table.takes_players):
            continue
        left = free[table.game] - table.free_seats
        if table.empty_seconds >= quiet_seconds and left >= needed:
            free[table.game] = left
            chosen.append(table)
    return chosen


def _free_by_game(tables: Sequence[StandingTable]) -> dict[GameSize, int]:
    free: dict[GameSize, int] = {}
    for table in tables:
        free[table.game] = free.get(table.game, 0) + table.free_seats
    return free
