"""Make a table; it belongs to its shard for ever."""

from typing import Final

from attrs import frozen

from cardroom.ids import ShardId, TableId
from cardroom.service.postgres import Postgres, Row

_ADD_TABLE: Final = """
INSERT INTO game_table (shard, name, stake, seat_count)
SELECT id, $2, $3, $4 FROM shard WHERE id = $1
ON CONFLICT ON CONSTRAINT game_table_name_key DO NOTHING
"""

_FIND_TABLE: Final = "SELECT id, stake, seat_count FROM game_table WHERE shard = $1 AND name = $2"

_LIST_TABLES: Final = """
SELECT id, shard, name, stake, seat_count, halted_at IS NOT NULL AS is_halted, closed_at IS NOT NULL AS is_closed,
       last_hand_no
FROM game_table ORDER BY id
"""


@frozen
class NewTable:
    """A table to be made; known by its shard and name."""

    shard: ShardId
    name: str
    stake: str
    seat_count: int


class TableDiffers(Exception):
    """The shard has a table of that name already, with another stake or number of seats."""


class NoSuchShard(Exception):
    """The shard is not configured."""


async def create_table(postgres: Postgres, table: NewTable) -> TableId:
    """Make a table, or find it; may be repeated. Raises ``TableDiffers`` or ``NoSuchShard``."""
    async with postgres.transaction() as transaction:
        await transaction.execute(_ADD_TABLE, table.shard, table.name, table.stake, table.seat_count)
        row = await transaction.fetch_one(_FIND_TABLE, table.shard, table.name)
    if row is None:
        raise NoSuchShard
    if (row["stake"], row["seat_count"]) != (table.stake, table.seat_count):
        raise TableDiffers
    return TableId(row["id"])


async def list_tables(postgres: Postgres) -> list[Row]:
    """Give all tables, by id."""
    async with postgres.transaction() as transaction:
        return list(await transaction.fetch(_LIST_TABLES))
