"""The tables of the lobby as the rules of quick seating and of keeping look at them."""

from collections.abc import Mapping, Sequence

from attrs import frozen

from cardroom.ids import SeatIndex, ShardId, TableId, UserId
from cardroom.wire.lobby import SeatWish
from cardroom.wire.presence import LobbyState, TableSummary
from shard_router.rules.extra_tables import StandingTable
from shard_router.rules.placement import Place
from shard_router.rules.quick_seat import ANY_SIZE, OpenTable, ShardLoad
from shard_router.store.extra_tables import FreshTable
from shard_router.store.nodes import Directory


@frozen
class HeldSeat:
    """A seat that a player has at a table."""

    table_id: TableId
    shard: ShardId
    seat: SeatIndex


@frozen
class Floor:
    """All tables at one moment: those of the lobby, and those that were just opened."""

    directory: Directory
    fresh: Mapping[TableId, FreshTable]

    def seat_of(self, user_id: UserId, wish: SeatWish) -> HeldSeat | None:
        """Give the seat that a player has already at such a table, the first one by table id."""
        for table, seat in self.directory.seats_of(user_id):
            if not table.is_private and _is_such(wish, table.stake, table.seat_count):
                return HeldSeat(table.table_id, table.shard, seat)
        return None

    def has_game(self, wish: SeatWish) -> bool:
        """Say whether there is such a table, whatever its state."""
        return any(
            not table.is_private and _is_such(wish, table.stake, table.seat_count)
            for table in self.directory.tables.values()
        )

    def open_tables(self, wish: SeatWish) -> Sequence[OpenTable]:
        """Give all such tables that take players now."""
        known = [
            OpenTable(
                table.table_id,
                table.shard,
                table.seat_count,
                {one.seat: one.user_id for one in table.seats},
            )
            for table in self.directory.tables.values()
            if _is_such(wish, table.stake, table.seat_count)
            and table.waiting == 0
            and _takes_players(table)
            and self._room(table.shard) > 0
        ]
        new = [
            OpenTable(table.table_id, table.shard, table.seat_count, {})
            for table in self._unlisted()
            if _is_such(wish, table.stake, table.seat_count) and self._room(table.shard) > 0
        ]
        return known + new

    def extra_tables_of(self, stake: str) -> int:
        """Count the extra tables of a game in all shards."""
        listed = sum(table.is_extra and table.stake == stake for table in self.directory.tables.values())
        return listed + sum(table.stake == stake for table in self._unlisted())

    def shard_loads(self) -> Sequence[ShardLoad]:
        """Give the load of every shard that is played."""
        return [
            self._load(shard, place)
            for shard, place in self.directory.places.items()
            if isinstance(place, Place)
        ]

    def _load(self, shard: ShardId, place: Place) -> ShardLoad:
        here = {
            one
            for one, other in self.directory.places.items()
            if isinstance(other, Place) and other.node == place.node
        }
        tables = [table for table in self.directory.tables.values() if table.shard in here]
        new = [table for table in self._unlisted() if table.shard in here]
        mine = [table for table in tables if table.shard == shard]
        newly_mine = sum(table.shard == shard for table in new)
        return ShardLoad(
            shard=shard,
            room=place.room,
            connections=place.connections,
            players=sum(len(table.seats) for table in tables),
            seats=sum(table.seat_count for table in tables) + sum(table.seat_count for table in new),
            tables=len(mine) + newly_mine,
            extra_tables=sum(table.is_extra for table in mine) + newly_mine,
        )

    def _unlisted(self) -> Sequence[FreshTable]:
        return [table for table in self.fresh.values() if table.table_id not in self.directory.tables]

    def _room(self, shard: ShardId) -> int:
        place = self.directory.places.get(shard)
        return place.room if isinstance(place, Place) else 0


def standing_tables(
    directory: Directory, empty_since: Mapping[TableId, float], now: float
) -> Sequence[StandingTable]:
    """Give all public tables as the keeper looks at them; since when they are empty, it has noted itself."""
    return [
        StandingTable(
            table_id=table.table_id,
            shard=table.shard,
            game=(table.stake, table.seat_count),
            seat_count=table.seat_count,
            players=len(table.seats),
            waiting=table.waiting,
            is_extra=table.is_extra,
            takes_players=_takes_players(table) and isinstance(directory.places.get(table.shard), Place),
            empty_seconds=now - empty_since.get(table.table_id, now),
        )
        for table in directory.tables.values()
        if not table.is_private
    ]


def _takes_players(table: TableSummary) -> bool:
    return not table.is_private and table.state is LobbyState.OPEN


def _is_such(wish: SeatWish, stake: str, seat_count: int) -> bool:
    return stake == wish.stake and wish.seats in (ANY_SIZE, seat_count)
