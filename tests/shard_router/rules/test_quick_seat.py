"""The fullest table first; new tables where the least is going on."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import SeatIndex, ShardId, TableId, UserId
from shard_router.rules.quick_seat import OpenTable, ShardLoad, choose_shard, choose_size, rank_tables

LOAD = ShardLoad(ShardId(0), room=10, connections=0, players=0, seats=0, tables=0, extra_tables=0)


def table(number: int, players: int, seats: int = 6) -> OpenTable:
    taken = {SeatIndex(seat): UserId(seat + 1) for seat in range(players)}
    return OpenTable(TableId(number), ShardId(0), seats, taken)


def test_the_fullest_with_a_free_seat_comes_first() -> None:
    ranked = rank_tables([table(1, 0), table(2, 6), table(3, 4), table(4, 5), table(5, 4)])
    assert [one.table_id for one in ranked] == [4, 3, 5, 1]


def test_of_different_sizes_the_larger_share_counts() -> None:
    ranked = rank_tables([table(1, 6, 9), table(2, 5, 6), table(3, 1, 2), table(4, 3, 6), table(5, 9, 9)])
    assert [one.table_id for one in ranked] == [2, 1, 4, 3]


TABLES = st.lists(
    st.tuples(st.integers(0, 9), st.integers(2, 9)).filter(lambda one: one[0] <= one[1]), max_size=20
)


@given(TABLES)
def test_nobody_is_sent_to_a_full_table_and_to_an_empty_one_last(shapes: list[tuple[int, int]]) -> None:
    tables = [table(number, *shape) for number, shape in enumerate(shapes)]
    ranked = rank_tables(tables)
    assert {one.table_id for one in ranked} == {one.table_id for one in tables if one.free_seats > 0}
    shares = [len(one.taken) / one.seat_count for one in ranked]
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({}, {"connections": 1}),
        ({}, {"players": 1}),
        ({}, {"seats": 1}),
        ({"connections": 5}, {"connections": 1, "players": 2, "seats": 3}),
        ({"seats": 6}, {"seats": 6, "tables": 1}),
        ({"connections": 500}, {"room": 0}),
        ({"connections": 500}, {"extra_tables": 3}),
    ],
)
def test_the_shard_of_the_least_loaded_node(better: dict[str, int], worse: dict[str, int]) -> None:
    if "connections" in better and better["connections"] == 5:
        worse = {**worse, "connections": 6}
    loads = [evolve(LOAD, **worse), evolve(LOAD, shard=ShardId(1), **better)]  # type: ignore[arg-type]
    assert choose_shard(loads, 3) == 1


def test_no_shard_at_all() -> None:
    assert choose_shard([], 3) is None
    assert choose_shard([evolve(LOAD, room=0)], 3) is None
    assert choose_shard([LOAD], 0) is None


@pytest.mark.parametrize(
    ("offered", "wanted", "size"),
    [
        ((2, 6, 9), 9, 9),
        ((2, 6, 9), 5, None),
        ((2, 6, 9), 0, 6),
        ((2, 9), 0, 9),
        ((), 0, None),
        ((), 6, None),
    ],
)
def test_the_size_of_a_new_table(offered: tuple[int, ...], wanted: int, size: int | None) -> None:
    assert choose_size(offered, wanted, 6) == size


LOADS = st.builds(
    ShardLoad,
    shard=st.integers(0, 9).map(ShardId),
    room=st.integers(0, 3),
    connections=st.integers(0, 9),
    players=st.integers(0, 9),
    seats=st.integers(0, 9),
    tables=st.integers(0, 9),
    extra_tables=st.integers(0, 3),
)


@given(st.lists(LOADS, max_size=6), st.integers(0, 4))
def test_nothing_is_opened_where_nobody_could_come(loads: list[ShardLoad], most: int) -> None:
    chosen = choose_shard(loads, most)
    fit = {one.shard for one in loads if one.room > 0 and one.extra_tables < most}
    assert chosen in fit if fit else chosen is None
