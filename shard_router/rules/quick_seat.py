"""Which table a player is sent to who wants a seat at any; and where a new one is opened. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

from cardroom.ids import SeatIndex, ShardId, TableId, UserId

ANY_SIZE: Final = 0
_ALL_SHARES: Final = 2520  # every number of seats from 2 to 9 divides it


@frozen
class OpenTable:
    """A public table that takes players: open, at a node with room, and nobody waits for a seat there."""

    table_id: TableId
    shard: ShardId
    seat_count: int
    taken: Mapping[SeatIndex, UserId]
    """Who sits where."""

    @property
    def free_seats(self) -> int:
        """How many seats are free."""
        return self.seat_count - len(self.taken)


@frozen
class ShardLoad:
    """A shard that is played, and how loaded its node is."""

    shard: ShardId
    room: int
    """How many more connections the node takes."""
    connections: int
    players: int
    """How many seats are taken at the node's tables."""
    seats: int
    """How many seats the node's tables have: they may all be taken soon."""
    tables: int
    """How many tables this shard has."""
    extra_tables: int
    """How many of them were opened because seats were wanted."""


def rank_tables(tables: Sequence[OpenTable]) -> Sequence[OpenTable]:
    """Give the tables with a free seat, the fullest first: games begin sooner, and empty tables can close.

    Full is who has the larger share of the seats taken, then the more players; empty tables come last.
    """
    return sorted((table for table in tables if table.free_seats > 0), key=_emptiness)


def _emptiness(table: OpenTable) -> tuple[int, int, TableId]:
    players = len(table.taken)
    return (-players * _ALL_SHARES // table.seat_count, -players, table.table_id)


def choose_shard(shards: Sequence[ShardLoad], most_in_shard: int) -> ShardId | None:
    """Give the shard where a new table is opened: the one whose node is loaded least, then the smallest.

    None if every shard has as many extra tables as it may, or no node has room for connections. A node's
    load is its connections, its players, and all seats of its tables, as those are likely to fill.
    """
    fit = [shard for shard in shards if shard.room > 0 and shard.extra_tables < most_in_shard]
    return min(fit, key=_load).shard if fit else None


def _load(shard: ShardLoad) -> tuple[int, int, ShardId]:
    return (shard.connections + shard.players + shard.seats, shard.tables, shard.shard)


def choose_size(offered: Sequence[int], wanted: int, favourite: int) -> int | None:
    """Give the number of seats of a table to open; None if the game is not offered at that size.

    Who does not care gets the ``favourite`` where the game has it, else the largest.
    """
    if wanted != ANY_SIZE:
        return wanted if wanted in offered else None
    if favourite in offered:
        return favourite
    return max(offered, default=None)
