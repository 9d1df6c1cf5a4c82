"""What administrators may ask of tables."""

import json
from typing import Any

import trio
from quart import Blueprint

from cardroom.ids import TableId
from cardroom.service.http import RefusedRequest
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import MAX_TABLE_MESSAGE_BYTES, Snapshot
from node.tables.commands import Inspect, TableDetail
from node.tables.directory import Directory

_ANSWER_SECONDS = 2.0


def tables_pages(directory: Directory) -> Blueprint:
    """Serve ``/admin/tables`` and ``/admin/tables/{id}``."""
    pages = Blueprint("tables", __name__)
    snapshots = Codec[Snapshot](Snapshot, Encoding.JSON, MAX_TABLE_MESSAGE_BYTES, {})

    @pages.get("/admin/tables")
    async def list_tables() -> dict[str, Any]:
        return {
            "tables": [
                {
                    "table_id": one.table_id,
                    "shard": one.shard,
                    "name": one.name,
                    "stake": one.stake,
                    "seat_count": one.seat_count,
                    "players": len(one.seats),
                    "hand_no": one.hand_no,
                    "inbox": len(entry.inbox),
                }
                for entry in directory
                for one in [entry.summary]
            ]
        }

    @pages.get("/admin/tables/<int:table_id>")
    async def show_table(table_id: int) -> dict[str, Any]:
        detail = await _inspect(directory, TableId(table_id))
        return {
            "snapshot": json.loads(snapshots.encode(detail.snapshot)),
            "unsettled_hands": detail.unsettled_hands,
            "last_settled_hand_no": detail.last_settled_hand_no,
            "viewers": detail.viewers,
        }

    return pages


async def _inspect(directory: Directory, table_id: TableId) -> TableDetail:
    """Ask the table's task; refused when it is not here, or does not answer in time."""
    entry = directory.find(table_id)
    if entry is None:
        raise RefusedRequest(404, Refusal.NO_SUCH_TABLE)
    send, receive = trio.open_memory_channel[TableDetail](1)
    entry.inbox.deliver(Inspect(send.send_nowait))
    with trio.move_on_after(_ANSWER_SECONDS):
        return await receive.receive()
    raise RefusedRequest(503, Refusal.TABLE_UNAVAILABLE, "the table does not answer")
