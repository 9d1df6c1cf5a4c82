"""What administrators may ask of players."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from quart import Blueprint

from cardroom.ids import UserId
from cardroom.service.openapi import ADMIN, Page
from node.admin.answers import PlayersHere
from node.tables.directory import Directory

Census = Callable[[], Mapping[UserId, int]]
"""Counts the open connections of each connected player."""


def players_pages(directory: Directory, census: Census) -> Blueprint:
    """Serve ``/admin/players``: who is connected to this node, and who holds which seats."""
    pages = Blueprint("players", __name__)

    @pages.get("/admin/players")
    @Page(tag="players", who=ADMIN, answers={200: PlayersHere})
    async def list_players() -> dict[str, Any]:
        """List who is connected to this node or has a seat here."""
        seats: dict[UserId, list[dict[str, int]]] = defaultdict(list)
        for entry in directory:
            for seat in entry.summary.seats:
                seats[seat.user_id].append({"table_id": entry.summary.table_id, "seat": seat.seat})
        connected = census()
        return {
            "players": [
                {
                    "user_id": user_id,
                    "connections": connected.get(user_id, 0),
                    "seats": seats.get(user_id, []),
                }
                for user_id in sorted(seats.keys() | connected.keys())
            ]
        }

    return pages
