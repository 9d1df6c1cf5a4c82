from attrs import evolve

from cardroom.ids import Epoch, SeatIndex, TableId, UserId
from cardroom.wire.presence import SeatSummary, TableSummary
from shard_router.api.lobby_lines import LINE, LobbyLines
from shard_router.rules.placement import Closed, Place
from shard_router.store.nodes import Directory
from tests.shard_router.front import BOOT, NODE, PLAYER_URL, SHARDS, table_summary

PLACES: dict[object, Place | Closed] = dict.fromkeys(SHARDS, Place(NODE, BOOT, Epoch(1), PLAYER_URL))


def directory(*tables: TableSummary, **changes: object) -> Directory:
    return Directory({one.table_id: one for one in tables}, PLACES, **changes)  # type: ignore[arg-type]


def test_a_line_that_says_the_same_is_the_same() -> None:
    lines, table, other = LobbyLines(), table_summary(1, 0, 5), table_summary(2)
    first = lines.of(directory(table, other))
    assert {key: LINE.decode(line.text) for key, line in first.items()} == {
        key: line.table for key, line in first.items()
    }
    assert lines.of(directory(table, other)) is first
    moved = evolve(table, seats=(SeatSummary(SeatIndex(3), UserId(5)),))
    assert lines.of(directory(moved, other)) is first, "who sits where is not shown"
    second = lines.of(directory(evolve(table, hand_no=9), other))
    assert second[TableId(1)] is not first[TableId(1)]
    assert second[TableId(2)] is first[TableId(2)]


def test_a_private_table_is_no_line_and_makes_no_difference() -> None:
    lines, table = LobbyLines(), table_summary(1)
    hidden = evolve(table_summary(2), is_private=True)
    first = lines.of(directory(table, hidden))
    assert list(first) == [1]
    assert lines.of(directory(table, evolve(hidden, hand_no=9))) is first


def test_a_shard_that_nobody_plays_is_not_open() -> None:
    lines, table = LobbyLines(), table_summary(1)
    assert lines.of(directory(table))[TableId(1)].table.is_open
    closed = Directory({table.table_id: table}, dict.fromkeys(SHARDS, Closed.NOT_HELD))
    assert not lines.of(closed)[TableId(1)].table.is_open
