"""Extra tables that stand empty go, but never the last free seats, nor so that they are opened again."""

from collections.abc import Sequence

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import ShardId, TableId
from shard_router.rules.extra_tables import StandingTable, tables_to_close

QUIET = 120.0
SIX = StandingTable(
    TableId(1), ShardId(0), ("low", 6), 6, players=0, waiting=0, is_extra=True, takes_players=True,
    empty_seconds=QUIET,
)  # fmt: skip
HALF = evolve(SIX, table_id=TableId(2), is_extra=False, players=3, empty_seconds=0.0)


def closed(*tables: StandingTable, spare: int = 2) -> Sequence[int]:
    return [table.table_id for table in tables_to_close(tables, QUIET, spare)]


def test_an_empty_extra_table_goes_when_others_have_seats() -> None:
    assert closed(SIX, HALF) == [1]


@pytest.mark.parametrize(
    "kept",
    [
        evolve(SIX, is_extra=False),
        evolve(SIX, players=1, empty_seconds=0.0),
        evolve(SIX, waiting=1),
        evolve(SIX, takes_players=False),
        evolve(SIX, empty_seconds=QUIET - 1),
    ],
)
def test_what_stays(kept: StandingTable) -> None:
    assert closed(kept, HALF) == []


def test_the_last_free_seats_stay() -> None:
    assert closed(SIX) == []
    assert closed(SIX, evolve(HALF, players=6)) == []
    assert closed(SIX, evolve(HALF, players=5)) == []
    assert closed(SIX, evolve(HALF, players=4)) == [1]
    assert closed(SIX, evolve(HALF, players=5), spare=1) == [1]
    assert closed(SIX, evolve(HALF, waiting=1)) == [], "its free seats are for who waits"
    assert closed(SIX, evolve(HALF, takes_players=False)) == []


def test_another_game_or_size_is_no_replacement() -> None:
    assert closed(SIX, evolve(HALF, game=("middle", 6))) == []
    assert closed(SIX, evolve(HALF, game=("low", 9), seat_count=9)) == []


def test_the_longest_empty_go_first_and_one_stays() -> None:
    older = evolve(SIX, table_id=TableId(3), empty_seconds=500.0)
    assert closed(SIX, older) == [3]
    assert closed(SIX, older, HALF) == [3, 1]


TABLES = st.lists(
    st.builds(
        StandingTable,
        table_id=st.integers(1, 10**6).map(TableId),
        shard=st.integers(0, 3).map(ShardId),
        game=st.sampled_from([("low", 6), ("high", 2)]),
        seat_count=st.just(0),
        players=st.integers(0, 6),
        waiting=st.sampled_from([0, 0, 0, 1]),
        is_extra=st.booleans(),
        takes_players=st.sampled_from([True, True, False]),
        empty_seconds=st.sampled_from([0.0, QUIET - 1, QUIET, QUIET * 9]),
    ).map(lambda one: evolve(one, seat_count=one.game[1], players=min(one.players, one.game[1]))),
    unique_by=lambda one: one.table_id,
    max_size=12,
)


@given(TABLES, st.integers(1, 8))
def test_whatever_stands_there(tables: list[StandingTable], spare: int) -> None:
    gone = tables_to_close(tables, QUIET, spare)
    left = [table for table in tables if table not in gone]
    for table in gone:
        assert table.is_extra
        assert table.is_empty
        assert table.empty_seconds >= QUIET
        assert sum(one.free_seats for one in left if one.game == table.game) >= spare, (
            "nothing is opened again"
        )
    assert not tables_to_close(left, QUIET, spare), "all that may go went at once"
