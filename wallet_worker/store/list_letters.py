"""The dead letters, for who has to decide about them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from cardroom.ids import ShardId
from cardroom.service.postgres import Postgres, Row

MAX_PAGE: Final = 200
"""No page of letters is longer."""

_COLUMNS: Final = """id, shard, stream_id, command_id, table_id, reason, buried_at, resolution, resolved_by,
    resolved_reason, resolved_at, failed_at, failure"""

_LIST_LETTERS: Final = f"""
SELECT {_COLUMNS} FROM dead_letter
WHERE ($1::bigint IS NULL OR id < $1) AND ($2 OR resolved_at IS NULL)
ORDER BY id DESC LIMIT $3
"""

_COUNT_WAITING: Final = "SELECT count(*) AS waiting FROM dead_letter WHERE resolved_at IS NULL AND shard = $1"


@frozen
class Page:
    """Letters, the newest first; the next page begins below ``before``, None after the last."""

    letters: Sequence[Mapping[str, Any]]
    before: int | None


async def list_letters(postgres: Postgres, before: int | None, limit: int, *, with_resolved: bool) -> Page:
    """Give letters with an id below ``before``; those that wait, or all."""
    assert 1 <= limit <= MAX_PAGE, "a page is bounded"
    async with postgres.transaction() as transaction:
        rows = await transaction.fetch(_LIST_LETTERS, before, with_resolved, limit + 1)
    letters = [_describe(row) for row in rows[:limit]]
    return Page(letters, letters[-1]["id"] if len(rows) > limit else None)


async def count_waiting(postgres: Postgres, shard: ShardId) -> int:
    """Count the letters of a shard that nobody has resolved yet."""
    row = await postgres.fetch_one(_COUNT_WAITING, shard)
    assert row is not None, "a count is a row"
    return int(row["waiting"])


def _describe(row: Row) -> dict[str, Any]:
    """Write a letter as a document; times are UTC in ISO 8601, its payload stays in the database."""
    document = dict(row)
    for name in ("buried_at", "resolved_at", "failed_at"):
        document[name] = document[name].isoformat() if document[name] else None
    document["command_id"] = str(document["command_id"]) if document["command_id"] else None
    return document
