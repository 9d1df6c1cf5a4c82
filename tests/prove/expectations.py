"""What can be expected of a statement's plan, and the words for it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from attrs import field, frozen

NOW: Final = datetime.now(UTC)
WEEK_AGO: Final = NOW - timedelta(days=7)
FAR: Final = 2**62


@frozen
class Expected:
    """What is expected of a statement's plan."""

    uses: frozenset[str] = frozenset()
    months: Mapping[str, int] = field(factory=dict)
    """Of each table, so many months may be read at most; the ledger has nine, six of them with rows."""
    values: Mapping[int, Any] = field(factory=dict)
    """Values that matter, by their numbers from 1; ``AS_MANY`` is as many as there are in arrays."""
    may_read: frozenset[str] = frozenset()
    """Large tables that it may read from one end to the other."""
    why: str = ""


def by(*uses: str, months: Mapping[str, int] | None = None, **values: Any) -> Expected:
    """Give what uses these indexes; values are named by their numbers, as in ``_2=...``."""
    numbered = {int(name.removeprefix("_")): value for name, value in values.items()}
    return Expected(frozenset(uses), months or {}, numbered)


def reads(*tables: str, why: str) -> Expected:
    return Expected(may_read=frozenset(tables), why=why)


FEW: Final = Expected(why="only tables of a few rows: shards and their progress, workers")
A_ROW_A_COIN: Final = Expected(why="a table of one row for each coin")
ONE_ROW: Final = Expected(why="a table of one row")
ADDS: Final = Expected(why="adds rows, and looks up nothing but the keys it must not repeat")
ASKS: Final = Expected(why="reads no table")
FINDS_FAULTS: Final = "verification reads everything, on purpose; checkpoints keep it short"
