"""Make a table; it belongs to its shard for ever."""

import secrets
from typing import Final

from attrs import field, frozen

from cardroom.ids import ShardId, TableId
from cardroom.service.postgres import Postgres, Row

_ADD_TABLE: Final = """
INSERT INTO game_table (shard, name, stake, seat_count, invitation)
SELECT id, $2, $3, $4, $5 FROM shard WHERE id = $1
ON CONFLICT ON CONSTRAINT game_table_name_key DO NOTHING
"""

_FIND_TABLE: Final = """
SELECT id, stake, seat_count, coalesce(invitation, '') AS invitation
FROM game_table WHERE shard = $1 AND name = $2
"""

_LIST_TABLES: Final = """
SELECT id, shard, name, stake, seat_count, halted_at IS NOT NULL AS is_halted, closed_at IS NOT NULL AS is_closed,
       last_hand_no, coalesce(invitation, '') AS invitation
FROM game_table ORDER BY id
"""

_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""What codes are made of: no I and O, no 0 and 1, because codes are read aloud and typed."""

_CODE_LETTERS: Final = 10


@frozen
class NewTable:
    """A table to be made; known by its shard and name."""

    shard: ShardId
    name: str
    stake: str
    seat_count: int
    is_private: bool = False


@frozen
class MadeTable:
    """A table that stands; ``invitation`` is the code of a private one, else empty."""

    table_id: TableId
    invitation: str = field(repr=False)


class TableDiffers(Exception):
    """The shard has a table of that name already: other stake or number of seats, or not as private."""


class NoSuchShard(Exception):
    """The shard is not configured."""


async def create_table(postgres: Postgres, table: NewTable) -> MadeTable:
    """Make a table, or find it; may be repeated, with the same code. Raises ``TableDiffers``, ``NoSuchShard``."""
    code = draw_invitation() if table.is_private else None
    async with postgres.transaction() as transaction:
        await transaction.execute(_ADD_TABLE, table.shard, table.name, table.stake, table.seat_count, code)
        row = await transaction.fetch_one(_FIND_TABLE, table.shard, table.name)
    if row is None:
        raise NoSuchShard
    stands = (row["stake"], row["seat_count"], row["invitation"] != "")
    if stands != (table.stake, table.seat_count, table.is_private):
        raise TableDiffers
    return MadeTable(TableId(row["id"]), row["invitation"])


def draw_invitation() -> str:
    """Draw a code that nobody guesses: 50 bits from the operating system."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS))


async def list_tables(postgres: Postgres) -> list[Row]:
    """Give all tables, by id."""
    async with postgres.transaction() as transaction:
        return list(await transaction.fetch(_LIST_TABLES))
