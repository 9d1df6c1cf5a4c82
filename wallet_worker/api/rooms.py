"""Rooms, as administrators make, list and close them; a table's room is said when the table is made."""

from typing import Any, Final

from quart import Blueprint, request

from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.logs import Log
from cardroom.service.openapi import ADMIN, Page, Parameter
from cardroom.service.postgres import Postgres, Row
from cardroom.wire.refusals import Refusal
from wallet_worker.api.bodies import MAX_NAME_LETTERS, RoomBody, body_codec, is_text, refuse_unless
from wallet_worker.api.cursors import PAGE_PARAMETERS, Cursor, read_page, write_page
from wallet_worker.api.room_answers import Room, Rooms
from wallet_worker.store.create_room import RoomPlace, close_room, create_room, list_rooms

_STATUSES: Final = ("open", "closed")
_MAX_ID: Final = 2**63 - 1
_STATUS: Final = Parameter("status", {"type": "string", "enum": list(_STATUSES), "default": "open"})


def add_rooms(pages: Blueprint, postgres: Postgres, log: Log) -> None:
    """Serve ``/admin/rooms``."""
    bodies = body_codec(RoomBody)

    @pages.post("/rooms")
    @Page(
        tag="rooms",
        who=ADMIN,
        takes=RoomBody,
        answers={201: Room},
        refuses={409: (Refusal.ROOM_CLOSED,)},
    )
    async def make_room() -> tuple[dict[str, Any], int]:
        """Make a room, once per name; a room of that name that is closed is not opened again."""
        body = await read_body(bodies)
        refuse_unless(is_text(body.name, MAX_NAME_LETTERS), Refusal.MALFORMED, "name: 1 to 64 letters")
        room = _write_room(await create_room(postgres, body.name))
        if room["status"] != "open":
            raise RefusedRequest(409, Refusal.ROOM_CLOSED, "a closed room has this name")
        log.info("room.made", room_id=room["room_id"])
        return room, 201

    @pages.get("/rooms")
    @Page(tag="rooms", who=ADMIN, parameters=(_STATUS, *PAGE_PARAMETERS), answers={200: Rooms})
    async def listed_rooms() -> dict[str, Any]:
        """List the rooms of a status, the newest first."""
        status = request.args.get("status", "open")
        refuse_unless(status in _STATUSES, Refusal.MALFORMED, "status: open or closed")
        page = read_page()
        rows = await list_rooms(postgres, status, RoomPlace(page.after.at, page.after.number), page.limit)
        return write_page("rooms", rows, page, _write_room, lambda row: Cursor(row["created_at"], row["id"]))

    @pages.post("/rooms/<int:room_id>/close")
    @Page(tag="rooms", who=ADMIN, answers={200: Room})
    async def close(room_id: int) -> dict[str, Any]:
        """Let no new table be made in a room; may be repeated. Its tables go on."""
        row = await close_room(postgres, room_id) if room_id <= _MAX_ID else None
        if row is None:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such room")
        log.info("room.closed", room_id=room_id)
        return _write_room(row)


def _write_room(row: Row) -> dict[str, Any]:
    closed_at = row["closed_at"]
    return {
        "room_id": row["id"],
        "name": row["name"],
        "status": row["status"],
        "created_at": row["created_at"].isoformat(),
        "closed_at": closed_at.isoformat() if closed_at is not None else None,
    }
