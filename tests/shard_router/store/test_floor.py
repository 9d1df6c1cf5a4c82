"""What of the lobby counts as a seat for anybody, and how loaded nodes are."""

from collections.abc import Sequence

import pytest
from attrs import evolve

from cardroom.ids import BootNonce, Epoch, NodeId, ShardId, TableId, UserId
from cardroom.wire.lobby import SeatWish
from cardroom.wire.presence import LobbyState, TableSummary
from shard_router.rules.placement import Closed, Place
from shard_router.rules.quick_seat import ShardLoad
from shard_router.store.extra_tables import FreshTable
from shard_router.store.floor import Floor, HeldSeat, standing_tables
from shard_router.store.nodes import Directory
from tests.shard_router.front import BOOT, NODE, PLAYER_URL, table_summary

HERE = Place(NODE, BOOT, Epoch(1), PLAYER_URL, connections=5, room=10)
THERE = Place(NodeId("node-2"), BootNonce("c"), Epoch(1), PLAYER_URL, connections=1, room=10)
LOW = SeatWish("50/100", 6)
ANY = SeatWish("50/100", 0)
FREE = evolve(table_summary(1, 0, 8, 9), waiting=0)


def floor(*tables: TableSummary, fresh: Sequence[FreshTable] = (), second: Place | Closed = HERE) -> Floor:
    listed = {table.table_id: table for table in tables}
    directory = Directory(listed, {ShardId(0): HERE, ShardId(1): second})
    return Floor(directory, {table.table_id: table for table in fresh})


def open_ids(seen: Floor, wish: SeatWish = LOW) -> list[int]:
    return [table.table_id for table in seen.open_tables(wish)]


def test_an_open_table_with_its_seats() -> None:
    (table,) = floor(FREE).open_tables(LOW)
    assert (table.table_id, table.shard, table.seat_count) == (1, 0, 6)
    assert table.taken == {0: 8, 1: 9}


@pytest.mark.parametrize(
    "change",
    [
        {"stake": "100/200"},
        {"seat_count": 9},
        {"is_private": True},
        {"waiting": 1},
        {"state": LobbyState.PAUSED},
        {"state": LobbyState.CLOSING},
        {"state": LobbyState.HALTED},
    ],
)
def test_what_takes_nobody(change: dict[str, object]) -> None:
    assert open_ids(floor(evolve(FREE, **change))) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("second", [Closed.NODE_SILENT, evolve(HERE, room=0)])
def test_a_closed_shard_or_a_full_node_takes_nobody(second: Place | Closed) -> None:
    away = evolve(FREE, table_id=TableId(2), shard=ShardId(1))
    fresh = FreshTable(TableId(3), ShardId(1), "50/100", 6)
    assert open_ids(floor(FREE, away, fresh=[fresh], second=second)) == [1]


def test_any_size() -> None:
    assert open_ids(floor(FREE, evolve(FREE, table_id=TableId(2), seat_count=9)), ANY) == [1, 2]


def test_a_fresh_table_counts_until_it_is_listed() -> None:
    fresh = FreshTable(TableId(3), ShardId(0), "50/100", 6)
    assert open_ids(floor(FREE, fresh=[fresh])) == [1, 3]
    listed = evolve(FREE, table_id=TableId(3), state=LobbyState.CLOSING)
    assert open_ids(floor(FREE, listed, fresh=[fresh])) == [1]
    assert open_ids(floor(fresh=[fresh]), SeatWish("50/100", 9)) == []


def test_the_seat_that_a_player_has() -> None:
    paused = evolve(FREE, table_id=TableId(4), state=LobbyState.PAUSED)
    seen = floor(evolve(FREE, is_private=True), paused)
    assert seen.seat_of(UserId(9), LOW) == HeldSeat(TableId(4), ShardId(0), seat=1)  # type: ignore[arg-type]
    assert seen.seat_of(UserId(9), SeatWish("50/100", 9)) is None
    assert seen.seat_of(UserId(7), ANY) is None


def test_which_games_are_known() -> None:
    assert floor(FREE).has_game(LOW)
    assert not floor(FREE).has_game(SeatWish("50/100", 2))
    assert not floor(evolve(FREE, is_private=True)).has_game(LOW)


def test_the_load_of_shards_is_that_of_their_nodes() -> None:
    extra = evolve(FREE, table_id=TableId(2), shard=ShardId(1), is_extra=True, seats=())
    fresh = FreshTable(TableId(3), ShardId(1), "50/100", 9)
    both = floor(FREE, extra, fresh=[fresh])
    one = ShardLoad(ShardId(0), room=10, connections=5, players=2, seats=21, tables=1, extra_tables=0)
    assert both.shard_loads() == [one, evolve(one, shard=ShardId(1), tables=2, extra_tables=2)]
    apart = floor(FREE, extra, second=THERE)
    other = ShardLoad(ShardId(1), room=10, connections=1, players=0, seats=6, tables=1, extra_tables=1)
    assert apart.shard_loads() == [evolve(one, seats=6), other]
    assert floor(FREE, second=Closed.OPENING).shard_loads() == [evolve(one, seats=6)]
    assert both.extra_tables_of("50/100") == 2
    assert both.extra_tables_of("low") == 0


def test_tables_as_the_keeper_sees_them() -> None:
    empty = evolve(FREE, table_id=TableId(2), seats=(), is_extra=True)
    away = evolve(empty, table_id=TableId(3), shard=ShardId(1))
    private = evolve(empty, table_id=TableId(4), is_private=True)
    paused = evolve(empty, table_id=TableId(5), state=LobbyState.PAUSED)
    seen = floor(FREE, empty, away, private, paused, second=Closed.NOT_HELD).directory
    tables = {table.table_id: table for table in standing_tables(seen, {TableId(2): 60.0}, now=100.0)}
    assert set(tables) == {1, 2, 3, 5}
    assert (tables[TableId(1)].free_seats, tables[TableId(2)].free_seats) == (4, 6)
    assert [tables[TableId(number)].takes_players for number in (2, 3, 5)] == [True, False, False]
    assert (tables[TableId(1)].empty_seconds, tables[TableId(2)].empty_seconds) == (0.0, 40.0)
    assert tables[TableId(2)].is_extra
    assert tables[TableId(2)].game == ("50/100", 6)
