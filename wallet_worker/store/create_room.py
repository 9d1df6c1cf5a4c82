"""Make a room, close it, list rooms."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from cardroom.service.postgres import Postgres, Row, Transaction

FIRST_ROOM: Final = "Main"
"""The room that a migration makes; tables are made there if nothing else is said."""

_ADD_ROOM: Final = "INSERT INTO room (name) VALUES ($1) ON CONFLICT ON CONSTRAINT room_name_key DO NOTHING"

_FIND_ROOM: Final = "SELECT id, name, status, created_at, closed_at FROM room WHERE name = $1"

_CLOSE_ROOM: Final = """
UPDATE room SET status = 'closed', closed_at = coalesce(closed_at, now()) WHERE id = $1
RETURNING id, name, status, created_at, closed_at
"""

_LIST_ROOMS: Final = """
SELECT id, name, status, created_at, closed_at FROM room
WHERE status = $1 AND (created_at, id) < ($2, $3)
ORDER BY created_at DESC, id DESC LIMIT $4
"""


@frozen
class RoomPlace:
    """Where a list of rooms goes on: behind the room of this time and number."""

    created_at: datetime
    room_id: int


async def create_room(transaction: Transaction, name: str) -> Row:
    """Make a room, or find it, closed or not; may be repeated."""
    await transaction.execute(_ADD_ROOM, name)
    row = await transaction.fetch_one(_FIND_ROOM, name)
    assert row is not None, "it was made or stood there"
    return row


async def close_room(transaction: Transaction, room_id: int) -> Row | None:
    """Let no new table be made in a room; may be repeated. None where there is no such room."""
    return await transaction.fetch_one(_CLOSE_ROOM, room_id)


async def list_rooms(postgres: Postgres, status: str, before: RoomPlace, limit: int) -> Sequence[Row]:
    """Give rooms of a status, the newest first, behind ``before``."""
    async with postgres.transaction() as transaction:
        return await transaction.fetch(_LIST_ROOMS, status, before.created_at, before.room_id, limit)
