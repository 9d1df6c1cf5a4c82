"""All tables as the ledger has them, private and closed ones too; never the code of a private one."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from cardroom.ids import ShardId, TableId
from cardroom.service.postgres import Postgres, Row

_FIELDS: Final = """
id, room_id, shard, name, stake, seat_count, is_private, is_extra, created_at, closed_at, closing_at,
paused_at, halted_at, last_hand_no
"""

LIST_TABLES: Final = f"""
SELECT {_FIELDS} FROM tables
WHERE id > $1 AND ($3::integer IS NULL OR shard = $3) AND ($4::text IS NULL OR stake = $4)
  AND CASE $5
      WHEN 'open' THEN closed_at IS NULL
      WHEN 'closed' THEN closed_at IS NOT NULL
      WHEN 'closing' THEN closed_at IS NULL AND closing_at IS NOT NULL
      WHEN 'paused' THEN closed_at IS NULL AND paused_at IS NOT NULL
      WHEN 'halted' THEN closed_at IS NULL AND halted_at IS NOT NULL
      ELSE true
  END
ORDER BY id LIMIT $2
"""  # noqa: S608 (a list of columns)

FIND_TABLE: Final = "SELECT shard, closed_at IS NOT NULL AS is_closed FROM tables WHERE id = $1"

STATES: Final = ("open", "closed", "closing", "paused", "halted")


@frozen
class TableFilter:
    """Which tables are asked for; None is any. ``state`` is one of ``STATES``."""

    shard: ShardId | None = None
    stake: str | None = None
    state: str | None = None


async def list_tables(postgres: Postgres, after: int, limit: int, asked: TableFilter) -> Sequence[Row]:
    """Give tables behind the one of the number ``after``, by number."""
    return await postgres.fetch(LIST_TABLES, after, limit, asked.shard, asked.stake, asked.state or "any")


async def find_table(postgres: Postgres, table_id: TableId) -> Row | None:
    """Give the shard of a table and whether it is closed, if there is such a table."""
    return await postgres.fetch_one(FIND_TABLE, table_id)
