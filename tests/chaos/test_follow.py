"""What is read from the bots' record while it grows."""

import json
from pathlib import Path

from tests.chaos.follow import Follower, now


def write(file: Path, *lines: tuple[str, int, int, float]) -> None:
    with file.open("a") as opened:
        for kind, player, table, at in lines:
            line = {
                "at": at,
                "connection": 1,
                "player": player,
                "table": table,
                "kind": kind,
                "node": "node-1",
            }
            opened.write(json.dumps(line, separators=(",", ":")) + "\n")


def follow(file: Path, *lines: tuple[str, int, int, float]) -> Follower:
    write(file, *lines)
    follower = Follower(file)
    follower.look()
    return follower


SEATED = (("arrived", 1, 5, 1.0), ("arrived", 2, 5, 1.0), ("arrived", 3, 6, 1.0))


def test_who_sits_where_and_when_each_table_went_on(tmp_path: Path) -> None:
    follower = follow(tmp_path / "seen", *SEATED, ("accepted", 1, 5, 2.0), ("accepted", 2, 5, 4.5))
    assert follower.tables_with_players() == {5}
    assert follower.tables_in_play(since=4.0) == {5}
    assert follower.tables_in_play(since=5.0) == frozenset()
    assert (follower.tables_of("node-1"), follower.tables_of("node-2")) == (1, 0)
    assert follower.first_after(5, 2.0) == 4.5
    assert follower.first_after(5, 4.5) is None
    assert follower.longest_pause([5], 2.5, 3.0) == 2.5


async def test_it_waits_until_every_table_has_gone_on(tmp_path: Path) -> None:
    file, then = tmp_path / "seen", now()
    follower = follow(file, *SEATED, ("accepted", 1, 5, then - 1.0))
    assert await follower.wait_for_all([5, 6], then, 0.1) == {5: None}
    write(file, ("accepted", 2, 5, then + 0.25))
    assert await follower.wait_for_all([5], then, 5.0) == {5: 0.25}


def test_who_left_is_not_there(tmp_path: Path) -> None:
    follower = follow(tmp_path / "seen", *SEATED, ("left", 1, 5, 2.0))
    assert follower.tables_with_players() == frozenset()
