"""Settled hands for administrators, hole cards included: no player's page shows them."""

from typing import Any, Final
from uuid import UUID

from quart import Blueprint

from cardroom.ids import HandId, TableId
from cardroom.service.http import RefusedRequest
from cardroom.service.openapi import ADMIN, Page, Parameter
from cardroom.service.postgres import Postgres, Row
from cardroom.wire.refusals import Refusal
from wallet_worker.api.cursors import PAGE_PARAMETERS, Cursor, read_page, write_page
from wallet_worker.api.room_answers import SettledHands, SettledHandWhole
from wallet_worker.store.read_hands import WholeHand, list_hands, read_hand

_MAX_ID: Final = 2**63 - 1
_HAND_ID: Final = Parameter("hand_id", {"type": "string", "format": "uuid"}, place="path")


def add_hands(pages: Blueprint, postgres: Postgres) -> None:
    """Serve ``/admin/hands/{id}`` and ``/admin/tables/{id}/hands``."""

    @pages.get("/hands/<hand_id>")
    @Page(tag="hands", who=ADMIN, parameters=(_HAND_ID,), answers={200: SettledHandWhole})
    async def hand(hand_id: str) -> dict[str, Any]:
        """Show a hand: what happened, what it did to each player, and the transfer that moved the money."""
        found = await read_hand(postgres, _read_id(hand_id))
        if found is None:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such hand is settled")
        return _write_whole(found)

    @pages.get("/tables/<int:table_id>/hands")
    @Page(
        tag="hands",
        who=ADMIN,
        parameters=PAGE_PARAMETERS,
        answers={200: SettledHands},
        refuses={404: (Refusal.NO_SUCH_TABLE,)},
    )
    async def hands(table_id: int) -> dict[str, Any]:
        """List a table's hands, the newest first; none for a table that does not exist."""
        page = read_page()
        if table_id > _MAX_ID:
            raise RefusedRequest(404, Refusal.NO_SUCH_TABLE, "no such table")
        rows = await list_hands(postgres, TableId(table_id), page.after.at, page.after.number, page.limit)
        return write_page(
            "hands", rows, page, _write_hand, lambda row: Cursor(row["started_at"], row["hand_no"])
        )


def _read_id(text: str) -> HandId:
    try:
        return HandId(UUID(text))
    except ValueError:
        raise RefusedRequest(404, Refusal.NOT_FOUND, "no such hand is settled") from None


def _write_hand(row: Row) -> dict[str, Any]:
    return {
        "hand_id": str(row["hand_id"]),
        "hand_no": row["hand_no"],
        "started_at": row["started_at"].isoformat(),
        "booked_at": row["booked_at"].isoformat(),
        "rake": row["rake"],
    }


def _write_whole(found: WholeHand) -> dict[str, Any]:
    previous = found.hand["previous"]
    transfer = found.transfer
    return _write_hand(found.hand) | {
        "table_id": found.hand["table_id"],
        "previous_hand_id": None if previous is None else str(previous),
        "record_sha256": found.hand["record_sha256"].hex(),
        "has_record": found.hand["has_record"],
        "transfer_id": None if transfer is None else transfer["id"],
        "shard": None if transfer is None else transfer["shard"],
        "batch": None if transfer is None else transfer["batch"],
        "results": [dict(row) for row in found.results],
        "events": [dict(row) for row in found.events],
    }
