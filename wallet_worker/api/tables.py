"""``/admin/tables``: tables made past the stream, and all of them in pages."""

from typing import Any, Final

from quart import Blueprint

from cardroom.ids import TableId
from cardroom.service.admin_orders import Answer, obey, read_order
from cardroom.service.http import RefusedRequest, is_text, read_body, refuse_unless
from cardroom.service.openapi import ADMIN, Page
from cardroom.service.parameters import AFTER_TABLE, LIMIT, read_limit, read_number, read_parameters
from cardroom.service.postgres import Transaction
from cardroom.wire.refusals import Refusal
from wallet_worker.api.bodies import MAX_NAME_LETTERS, MAX_SEATS, MIN_SEATS, TableBody, body_codec
from wallet_worker.api.office import Office
from wallet_worker.api.room_answers import BookedTables, TableMade
from wallet_worker.store.create_table import (
    NewTable,
    NoSuchRoom,
    NoSuchShard,
    RoomClosed,
    TableDiffers,
    find_invitation,
    list_tables,
    make_table,
)

_MAX_ID: Final = 2**63 - 1
_MAX_SHARD: Final = 2**31 - 1


def add_tables(pages: Blueprint, office: Office) -> None:
    """Add the pages."""
    _add_list(pages, office)
    bodies = body_codec(TableBody)

    @pages.post("/tables")
    @Page(
        tag="tables",
        who=ADMIN,
        takes=TableBody,
        answers={201: TableMade},
        refuses={
            404: (Refusal.NOT_FOUND,),
            409: (Refusal.NAME_TAKEN, Refusal.ROOM_CLOSED, Refusal.COMMAND_REUSED),
        },
    )
    async def make() -> tuple[Answer, int]:
        """Make a table; the node that plays the shard is told until it has opened it."""
        body = await read_body(bodies)
        _check(body)
        order = read_order(body, "table_made", f"shard:{body.shard}")
        table = NewTable(
            body.shard, body.name, body.stake, body.seat_count, body.private, body.room, is_told=True
        )

        async def work(transaction: Transaction) -> Answer:
            return await _make(transaction, table)

        answer = await obey(office.postgres, order, work)
        if order.is_dry_run:
            return answer, 201
        office.on_table_made()
        facts = {"shard": body.shard, "stake": body.stake, "room": body.room, "is_private": body.private}
        office.log.info("table.made", table_id=answer["table_id"], by=order.admin, **facts)
        # Not with the record of the order: who may read that need not know how one gets in.
        code = await find_invitation(office.postgres, TableId(answer["table_id"]))
        return answer | {"invitation": code}, 201


def _add_list(pages: Blueprint, office: Office) -> None:
    @pages.get("/tables")
    @Page(tag="tables", who=ADMIN, parameters=(LIMIT, AFTER_TABLE), answers={200: BookedTables})
    async def listed() -> dict[str, Any]:
        """List tables by number, ``limit`` of them behind the table ``after``."""
        asked = read_parameters({"limit", "after"})
        limit = read_limit(asked)
        rows = await list_tables(office.postgres, read_number(asked, "after", 0, _MAX_ID, 0), limit + 1)
        more = rows[limit - 1]["id"] if len(rows) > limit else None
        return {"tables": [dict(row) for row in rows[:limit]], "next": more}


def _check(body: TableBody) -> None:
    refuse_unless(is_text(body.name, MAX_NAME_LETTERS), Refusal.MALFORMED, "name: 1 to 64 letters")
    refuse_unless(is_text(body.stake, MAX_NAME_LETTERS), Refusal.MALFORMED, "stake: 1 to 64 letters")
    refuse_unless(is_text(body.room, MAX_NAME_LETTERS), Refusal.MALFORMED, "room: 1 to 64 letters")
    refuse_unless(MIN_SEATS <= body.seat_count <= MAX_SEATS, Refusal.MALFORMED, "seat_count: 2 to 9")
    if not 0 <= body.shard <= _MAX_SHARD:
        raise RefusedRequest(404, Refusal.NOT_FOUND, "no such shard")


async def _make(transaction: Transaction, table: NewTable) -> Answer:
    try:
        made = await make_table(transaction, table)
    except TableDiffers:
        raise RefusedRequest(409, Refusal.NAME_TAKEN, "the shard has another table of that name") from None
    except NoSuchShard:
        raise RefusedRequest(404, Refusal.NOT_FOUND, "no such shard") from None
    except NoSuchRoom:
        raise RefusedRequest(404, Refusal.NOT_FOUND, "no such room") from None
    except RoomClosed:
        raise RefusedRequest(409, Refusal.ROOM_CLOSED, "the room takes no new tables") from None
    return {"table_id": made.table_id}
