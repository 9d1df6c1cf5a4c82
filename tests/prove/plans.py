"""How PostgreSQL carries a statement out: the indexes it uses, the months it reads, and what it reads whole.

Each statement is explained twice, as the server may run a prepared statement: planned for its values, and
planned for any. The second plan counts where the server would keep to it: where it promises to cost no more.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import asyncpg
from attrs import frozen

Connection = asyncpg.Connection

LARGE_ROWS: Final = 1_500
"""A table, or a month of one, with more rows than this is never to be read from one end to the other."""

AS_MANY: Final = object()
"""Stands for the number of rows that a statement is asked for at once."""

_ENDS_EARLY: Final = frozenset(
    {
        "Limit",
        "Append",
        "Merge Append",
        "Incremental Sort",
        "Subquery Scan",
        "LockRows",
        "Result",
        "Nested Loop",
    }
)
"""What asks for no more rows than it is asked for."""

_MONTH: Final = re.compile(r"_\d{4}_\d{2}(?=_|$)")

_SAMPLES: Final[Mapping[str, Any]] = {
    "int2": 1,
    "int4": 1,
    "int8": 1,
    "float8": 60.0,
    "bool": True,
    "text": "1",
    "bytea": b"\x01" * 32,
    "jsonb": "{}",
}

_SIZES: Final = """
SELECT relname AS name, reltuples::bigint AS rows FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""

_INDEXES: Final = """
SELECT child.relname AS name, coalesce(parent.relname, child.relname) AS family,
       indpred IS NOT NULL AS is_partial
FROM pg_class AS child JOIN pg_index ON indexrelid = child.oid
LEFT JOIN pg_inherits ON inhrelid = child.oid
LEFT JOIN pg_class AS parent ON parent.oid = inhparent
WHERE child.relkind = 'i' AND child.relnamespace = 'public'::regnamespace
"""

# In a function, because there the statement's values are not given, and so cannot be looked at.
_EXPLAIN_FOR_ANY: Final = """
CREATE FUNCTION pg_temp.explain_for_any(statement text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON, GENERIC_PLAN) ' || statement INTO plan;
    RETURN plan;
END
$$
"""


@frozen
class Catalog:
    """The rows of each table and month, and of which table's index each index is a part."""

    rows: Mapping[str, int]
    indexes: Mapping[str, str]
    partial: frozenset[str]
    """Indexes of some rows only."""

    def is_large(self, name: str) -> bool:
        """Say whether a table or month has too many rows to be read whole."""
        return self.rows.get(name, 0) > LARGE_ROWS


@frozen
class Plan:
    """What a statement does. ``months`` are the parts that it reads of each table that is in months."""

    indexes: frozenset[str]
    read_whole: frozenset[str]
    months: Mapping[str, int]


async def read_catalog(connection: Connection) -> Catalog:
    """Read what the planner knows; after ``ANALYZE``. The connection is then fit for ``explain``."""
    await connection.execute(_EXPLAIN_FOR_ANY, timeout=10)
    rows = {row["name"]: row["rows"] for row in await connection.fetch(_SIZES, timeout=10)}
    found = await connection.fetch(_INDEXES, timeout=10)
    indexes = {row["name"]: row["family"] for row in found}
    return Catalog(rows, indexes, frozenset(row["name"] for row in found if row["is_partial"]))


async def explain(
    connection: Connection, catalog: Catalog, sql: str, values: Mapping[int, Any], rows: int
) -> Plan:
    """Explain a statement for these values, numbered from 1.

    What is not given is made up by its type, arrays with so many ``rows``.
    """
    statement = await connection.prepare(sql, timeout=10)
    taken = [
        rows if values.get(number) is AS_MANY else values.get(number, _make_up(kind.name, rows))
        for number, kind in enumerate(statement.get_parameters(), 1)
    ]
    custom, generic = [
        json.loads(text)[0]["Plan"]
        for text in (
            await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *taken, timeout=10),
            await connection.fetchval("SELECT pg_temp.explain_for_any($1)", sql, timeout=10),
        )
    ]
    used = [custom, generic] if generic["Total Cost"] <= custom["Total Cost"] + _charge(custom) else [custom]
    return Plan(
        indexes=frozenset(_indexes(custom, catalog)),
        read_whole=frozenset({name for plan in used for name in _read_whole(plan, catalog)}),
        months=_months(custom),
    )


def _charge(plan: Mapping[str, Any]) -> float:
    """Give what the server adds to a plan for values, because it has to be made each time."""
    tables = sum("Relation Name" in node for node in _nodes(plan))
    return 2.5 * (tables + 1)


def _make_up(kind: str, rows: int) -> Any:
    if kind.endswith("[]"):
        one = _make_up(kind.removesuffix("[]"), rows)
        return [one + number if isinstance(one, int) else one for number in range(rows)]
    match kind:
        case "uuid":
            return uuid4()
        case "timestamptz":
            return datetime.now(UTC)
        case _:
            return _SAMPLES.get(kind)


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _indexes(plan: Mapping[str, Any], catalog: Catalog) -> Iterator[str]:
    for node in _nodes(plan):
        if "Index Name" in node:
            yield catalog.indexes.get(node["Index Name"], node["Index Name"])


def _read_whole(plan: Mapping[str, Any], catalog: Catalog, *, is_cut: bool = False) -> Iterator[str]:
    """Name large tables that are read from one end to the other, by themselves or along an index.

    Along an index is well under a limit, because then the reading ends where the page is full.
    """
    kind = plan["Node Type"]
    name = plan.get("Relation Name", "")
    is_along = kind in {"Index Scan", "Index Only Scan"} and plan["Index Name"] not in catalog.partial
    along = is_along and "Index Cond" not in plan and not is_cut
    if (kind == "Seq Scan" or along) and catalog.is_large(name):
        yield _MONTH.sub("", name)
    cuts = is_cut or kind == "Limit"
    for child in plan.get("Plans", ()):
        yield from _read_whole(child, catalog, is_cut=cuts and kind in _ENDS_EARLY)


def _months(plan: Mapping[str, Any]) -> Mapping[str, int]:
    months: dict[str, set[str]] = {}
    for node in _nodes(plan):
        name = node.get("Relation Name", "")
        family = _MONTH.sub("", name)
        if family != name and node["Node Type"] != "ModifyTable":
            months.setdefault(family, set()).add(name)
    return {family: len(names) for family, names in sorted(months.items())}


def in_words(months: Mapping[str, int]) -> Sequence[str]:
    """Write how many months of each table are read."""
    return [f"{family}: {count}" for family, count in months.items()]
