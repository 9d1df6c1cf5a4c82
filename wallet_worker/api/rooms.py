"""Rooms, as administrators make, list and close them; a table's room is said when the table is made."""

from typing import Any, Final

from quart import Blueprint, request

from cardroom.service.admin_orders import Answer, ReasonBody, obey, read_order
from cardroom.service.http import RefusedRequest, is_text, read_body, refuse_unless
from cardroom.service.openapi import ADMIN, Page, Parameter
from cardroom.service.postgres import Row, Transaction
from cardroom.wire.refusals import Refusal
from wallet_worker.api.bodies import MAX_NAME_LETTERS, RoomBody, body_codec
from wallet_worker.api.cursors import PAGE_PARAMETERS, Cursor, read_page, write_page
from wallet_worker.api.office import Office
from wallet_worker.api.room_answers import Room, Rooms
from wallet_worker.store.create_room import RoomPlace, close_room, create_room, list_rooms

_STATUSES: Final = ("open", "closed")
_MAX_ID: Final = 2**63 - 1
_STATUS: Final = Parameter("status", {"type": "string", "enum": list(_STATUSES), "default": "open"})


def add_rooms(pages: Blueprint, office: Office) -> None:
    """Serve ``/admin/rooms``."""
    _add_list(pages, office)
    _add_closing(pages, office)
    bodies = body_codec(RoomBody)

    @pages.post("/rooms")
    @Page(
        tag="rooms",
        who=ADMIN,
        takes=RoomBody,
        answers={201: Room},
        refuses={409: (Refusal.ROOM_CLOSED, Refusal.COMMAND_REUSED)},
    )
    async def make_room() -> tuple[Answer, int]:
        """Make a room, once per name; a room of that name that is closed is not opened again."""
        body = await read_body(bodies)
        refuse_unless(is_text(body.name, MAX_NAME_LETTERS), Refusal.MALFORMED, "name: 1 to 64 letters")
        order = read_order(body, "room_made", f"room:{body.name}")

        async def work(transaction: Transaction) -> Answer:
            room = _write_room(await create_room(transaction, body.name))
            if room["status"] != "open":
                raise RefusedRequest(409, Refusal.ROOM_CLOSED, "a closed room has this name")
            return room

        room = await obey(office.postgres, order, work)
        office.log.info("room.made", room_id=room["room_id"], by=order.admin)
        return room, 201


def _add_closing(pages: Blueprint, office: Office) -> None:
    closing = body_codec(ReasonBody)

    @pages.post("/rooms/<int:room_id>/close")
    @Page(
        tag="rooms",
        who=ADMIN,
        takes=ReasonBody,
        answers={200: Room},
        refuses={409: (Refusal.COMMAND_REUSED,)},
    )
    async def close(room_id: int) -> Answer:
        """Let no new table be made in a room; may be repeated. Its tables go on."""
        body = await read_body(closing)
        order = read_order(body, "room_closed", f"room:{room_id}")

        async def work(transaction: Transaction) -> Answer:
            row = await close_room(transaction, room_id) if room_id <= _MAX_ID else None
            if row is None:
                raise RefusedRequest(404, Refusal.NOT_FOUND, "no such room")
            return _write_room(row)

        room = await obey(office.postgres, order, work)
        office.log.info("room.closed", room_id=room_id, by=order.admin)
        return room


def _add_list(pages: Blueprint, office: Office) -> None:
    @pages.get("/rooms")
    @Page(tag="rooms", who=ADMIN, parameters=(_STATUS, *PAGE_PARAMETERS), answers={200: Rooms})
    async def listed_rooms() -> dict[str, Any]:
        """List the rooms of a status, the newest first."""
        status = request.args.get("status", "open")
        refuse_unless(status in _STATUSES, Refusal.MALFORMED, "status: open or closed")
        page = read_page()
        before = RoomPlace(page.after.at, page.after.number)
        rows = await list_rooms(office.postgres, status, before, page.limit)
        return write_page("rooms", rows, page, _write_room, lambda row: Cursor(row["created_at"], row["id"]))


def _write_room(row: Row) -> dict[str, Any]:
    closed_at = row["closed_at"]
    return {
        "room_id": row["id"],
        "name": row["name"],
        "status": row["status"],
        "created_at": row["created_at"].isoformat(),
        "closed_at": closed_at.isoformat() if closed_at is not None else None,
    }
