"""Make a table; it belongs to its shard for ever."""

import secrets
from typing import Final

from attrs import field, frozen

from cardroom.ids import ShardId, TableId
from cardroom.service.postgres import Postgres, Reader, Row, Transaction
from wallet_worker.store.create_room import FIRST_ROOM

# The room's row is locked: a room that is being closed is waited for, and then it is closed.
_ADD_TABLE: Final = """
INSERT INTO game_table (shard, name, stake, seat_count, invitation, room_id, is_extra, unopened_since)
SELECT shard.id, $2, $3, $4, $5, room.id, $7, CASE WHEN $8 THEN now() END FROM shard, room
WHERE shard.id = $1 AND room.name = $6 AND room.status = 'open'
FOR SHARE OF room
ON CONFLICT (shard, name) WHERE closed_at IS NULL DO NOTHING
"""

_FIND_TABLE: Final = """
SELECT game_table.id, stake, seat_count, coalesce(invitation, '') AS invitation, room.name AS room
FROM game_table JOIN room ON room.id = game_table.room_id
WHERE shard = $1 AND game_table.name = $2 AND game_table.closed_at IS NULL
"""

_FIND_INVITATION: Final = "SELECT coalesce(invitation, '') AS invitation FROM game_table WHERE id = $1"

_FIND_SHARD: Final = "SELECT id FROM shard WHERE id = $1"

_FIND_ROOM: Final = "SELECT status FROM room WHERE name = $1"

_LIST_TABLES: Final = """
SELECT game_table.id, shard, game_table.name, stake, seat_count, halted_at IS NOT NULL AS is_halted,
       game_table.closed_at IS NOT NULL AS is_closed, paused_at IS NOT NULL AS is_paused,
       closing_at IS NOT NULL AS is_closing, is_extra, last_hand_no, coalesce(invitation, '') AS invitation,
       room.id AS room_id, room.name AS room
FROM game_table JOIN room ON room.id = game_table.room_id WHERE game_table.id > $1
ORDER BY game_table.id LIMIT $2
"""

_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""What codes are made of: no I and O, no 0 and 1, because codes are read aloud and typed."""

_CODE_LETTERS: Final = 10


@frozen
class NewTable:
    """A table to be made; known by its shard and name.

    ``is_told``: the owner of the shard does not know of it, and is to be told until it has opened it.
    """

    shard: ShardId
    name: str
    stake: str
    seat_count: int
    is_private: bool = False
    room: str = FIRST_ROOM
    is_extra: bool = False
    is_told: bool = False


@frozen
class MadeTable:
    """A table that stands; ``invitation`` is the code of a private one, else empty."""

    table_id: TableId
    invitation: str = field(repr=False)
    is_new: bool = True
    """False where it stood already, with all that was asked for."""


class TableDiffers(Exception):
    """The shard has a table of that name already: other stake, room or number of seats, or not as private."""


class NoSuchShard(Exception):
    """The shard is not configured."""


class NoSuchRoom(Exception):
    """There is no room of that name."""


class RoomClosed(Exception):
    """The room takes no new tables."""


async def create_table(postgres: Postgres, table: NewTable) -> MadeTable:
    """Make a table in a transaction of its own; see ``make_table``."""
    async with postgres.transaction() as transaction:
        return await make_table(transaction, table)


async def make_table(transaction: Transaction, table: NewTable) -> MadeTable:
    """Make a table, or find it; may be repeated, with the same code, also when its room has been closed since.

    A closed table is not found: its name is free. Raises ``TableDiffers``, ``NoSuchShard``, ``NoSuchRoom``,
    ``RoomClosed``.
    """
    code = draw_invitation() if table.is_private else None
    facts = (table.shard, table.name, table.stake, table.seat_count)
    added = await transaction.execute(_ADD_TABLE, *facts, code, table.room, table.is_extra, table.is_told)
    row = await transaction.fetch_one(_FIND_TABLE, table.shard, table.name)
    if row is None:
        raise await _say_why(transaction, table)
    stands = (row["stake"], row["seat_count"], row["invitation"] != "", row["room"])
    if stands != (table.stake, table.seat_count, table.is_private, table.room):
        raise TableDiffers
    return MadeTable(TableId(row["id"]), row["invitation"], is_new=added == 1)


async def _say_why(transaction: Transaction, table: NewTable) -> NoSuchShard | NoSuchRoom | RoomClosed:
    """Find out what a table that could not be made lacks."""
    if await transaction.fetch_one(_FIND_SHARD, table.shard) is None:
        return NoSuchShard()
    if await transaction.fetch_one(_FIND_ROOM, table.room) is None:
        return NoSuchRoom()
    return RoomClosed()


async def find_invitation(reader: Reader, table_id: TableId) -> str:
    """Give the code of a table that stands; empty for a public one."""
    row = await reader.fetch_one(_FIND_INVITATION, table_id)
    assert row is not None, "tables are never deleted"
    return str(row["invitation"])


def draw_invitation() -> str:
    """Draw a code that nobody guesses: 50 bits from the operating system."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS))


async def list_tables(postgres: Postgres, after: int, limit: int) -> list[Row]:
    """Give tables by id, the closed ones too, behind the id ``after``."""
    async with postgres.transaction() as transaction:
        return list(await transaction.fetch(_LIST_TABLES, after, limit))
