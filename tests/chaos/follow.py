"""Follows the bots' record while it is written: who sits where, and when each table last went on."""

import json
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import trio

_PERIOD_SECONDS: Final = 0.05
_PLAYERS: Final = 2
_TELLING: Final = (b'"kind":"accepted"', b'"kind":"arrived"', b'"kind":"left"')


class Follower:
    """What is known of play by now. Times are of the machine's steady clock."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._place = 0
        self._rest = b""
        self._accepted: dict[int, list[float]] = defaultdict(list)
        self._where: dict[int, int] = {}
        self._nodes: dict[int, str] = {}

    def look(self) -> None:
        """Read what was written since the last look."""
        with self._file.open("rb") as file:
            file.seek(self._place)
            data = file.read()
        self._place += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if any(word in line for word in _TELLING):
                self._take(json.loads(line))

    def tables_in_play(self, since: float) -> frozenset[int]:
        """Give the tables where a bot acted since then."""
        return frozenset(table for table, times in self._accepted.items() if times[-1] >= since)

    def tables_of(self, node: str) -> int:
        """Count the tables that a node was the last to play."""
        return sum(plays == node for plays in self._nodes.values())

    def first_after(self, table: int, since: float) -> float | None:
        """Give when an action was first accepted at a table after that time; None: not yet."""
        times = self._accepted[table]
        place = bisect_right(times, since)
        return times[place] if place < len(times) else None

    def longest_pause(self, tables: Iterable[int], since: float, until: float) -> float:
        """Give the longest time between two actions at one of the tables."""
        return max((_longest(self._accepted[table], since, until) for table in tables), default=0.0)

    def players_at(self, table: int) -> int:
        """Count the bots that were last at a table."""
        return sum(where == table for where in self._where.values())

    def tables_with_players(self) -> frozenset[int]:
        """Give the tables where two or more bots were last."""
        return frozenset(table for table in set(self._where.values()) if self.players_at(table) >= _PLAYERS)

    async def wait_for_all(
        self, tables: Iterable[int], since: float, limit: float
    ) -> Mapping[int, float | None]:
        """Wait until all tables have gone on, or all but one have left; gives how long each took.

        None for a table that did not go on within the limit (seconds from now).
        """
        tables = tuple(tables)
        with trio.move_on_after(limit):
            while not all(self._has_gone_on(table, since) for table in tables):
                await trio.sleep(_PERIOD_SECONDS)
                self.look()
        found = {table: self.first_after(table, since) for table in tables}
        return {
            table: None if at is None else at - since
            for table, at in found.items()
            if at is not None or self.players_at(table) >= _PLAYERS
        }

    def _has_gone_on(self, table: int, since: float) -> bool:
        return self.first_after(table, since) is not None or self.players_at(table) < _PLAYERS

    def _take(self, line: dict[str, Any]) -> None:
        match line["kind"]:
            case "accepted":
                self._accepted[line["table"]].append(line["at"])
                self._nodes[line["table"]] = line["node"]
            case "arrived":
                self._where[line["player"]] = line["table"]
            case _:
                self._where.pop(line["player"], None)


def _longest(times: list[float], since: float, until: float) -> float:
    first = max(0, bisect_right(times, since) - 1)
    last = bisect_right(times, until)
    window = times[first : last + 1]
    return max((later - sooner for sooner, later in pairwise(window)), default=0.0)


def now() -> float:
    """Give the time that the records are written in."""
    return time.monotonic()
