"""``/admin/tables`` and ``/admin/announce``: all tables, and what is ordered about them at the nodes.

An order is recorded with the number that its node and the ledger know it by, before it goes out. So the same
order again, under its key, goes out with the same number and has the same outcome, however often.
"""

import secrets
import time
from collections.abc import Awaitable, Callable
from functools import partial
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import trio
from attrs import field, frozen
from quart_trio import QuartTrio

from cardroom.ids import CommandId, NodeId, ShardId, TableId, new_command_id
from cardroom.service.admin_actions import Order
from cardroom.service.admin_orders import (
    MAX_KEY_LETTERS,
    MAX_REASON_LETTERS,
    Answer,
    ReasonBody,
    obey,
    read_order,
)
from cardroom.service.http import RefusedRequest, is_text, read_body, refuse_unless
from cardroom.service.openapi import ADMIN, Page, Parameter, whole_parameter
from cardroom.service.parameters import (
    AFTER_TABLE,
    LIMIT,
    TEXT,
    bad_parameter,
    read_limit,
    read_number,
    read_parameters,
    write_time,
)
from cardroom.service.postgres import Postgres, Row, Transaction
from cardroom.service.redis import RedisAway
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.json_schema import letters, readable, whole
from cardroom.wire.orders import (
    AnnounceTable,
    CloseTable,
    MakeTable,
    OrderBody,
    OrderDone,
    OrderRefused,
    PauseTable,
    ResumeTable,
    TableOrder,
)
from cardroom.wire.presence import TableSummary
from cardroom.wire.refusals import Refusal
from shard_router.api.admin_answers import AllAnnounced, TableList, TableOrdered
from shard_router.api.admin_services import AdminServices
from shard_router.api.admin_users import REASON
from shard_router.api.http import MAX_REQUEST_BYTES, ComeBack
from shard_router.rules.placement import Closed, retry_seconds
from shard_router.store.list_tables import STATES, TableFilter, find_table, list_tables
from shard_router.store.nodes import Directory
from shard_router.store.orders import NodeSilent

_AGAIN_SECONDS: Final = 2
_MAX_ID: Final = 2**63 - 1
_MAX_SHARD: Final = 2**31 - 1
_MAX_LETTERS: Final = 64
_MAX_TEXT_LETTERS: Final = 500
_MIN_SEATS, _MAX_SEATS = 2, 9
_FIRST_ROOM: Final = "Main"
_STATUS: Final = {
    Refusal.NO_SUCH_TABLE: 404,
    Refusal.NO_SUCH_STAKE: 404,
    Refusal.NO_SUCH_SHARD: 404,
    Refusal.NOT_FOUND: 404,
    Refusal.UNAVAILABLE: 503,
    Refusal.LEDGER_AWAY: 503,
    Refusal.TABLE_UNAVAILABLE: 503,
    Refusal.WRONG_OWNER: 503,
    Refusal.BUSY: 503,
}
"""With which status a node's refusal is answered; all others with 409."""


@frozen
class NewTableBody:
    """``POST /admin/tables``: a table in this shard, or in the one with the fewest tables."""

    name: str = field(metadata=letters(1, _MAX_LETTERS))
    stake: str = field(metadata=letters(1, _MAX_LETTERS))
    seat_count: int = field(metadata=whole(_MIN_SEATS, _MAX_SEATS))
    reason: str = field(metadata=letters(1, MAX_REASON_LETTERS))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    shard: ShardId | None = None
    private: bool = False
    room: str = field(default=_FIRST_ROOM, metadata=letters(1, _MAX_LETTERS))
    dry_run: bool = False


@frozen
class WordsBody:
    """``POST .../announce``: what all who watch are told."""

    text: str = field(metadata=readable(1, _MAX_TEXT_LETTERS))
    reason: str = field(metadata=letters(1, MAX_REASON_LETTERS))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    dry_run: bool = False


_LIST_PARAMETERS: Final = (
    LIMIT,
    AFTER_TABLE,
    whole_parameter("shard", 0, _MAX_SHARD, "Of this shard"),
    Parameter("stake", TEXT, "Of this game"),
    Parameter("state", {"enum": list(STATES)}, "That stand so"),
)

_NOT_NOW: Final = (
    Refusal.COMMAND_REUSED,
    Refusal.NAME_TAKEN,
    Refusal.ROOM_CLOSED,
    Refusal.TABLE_HELD,
    Refusal.TABLE_CLOSING,
    Refusal.TABLE_HALTED,
    Refusal.TABLE_NOT_EMPTY,
    Refusal.COMMAND_TOO_OLD,
)


def _orders(takes: type, answer: type, status: int = 200) -> Page:
    """Say what a page that orders something at a node answers; what nodes refuse is among it."""
    return Page(
        tag="tables",
        who=ADMIN,
        takes=takes,
        answers={status: answer},
        refuses={
            400: (Refusal.TEXT_NOT_ALLOWED,),
            404: (Refusal.NO_SUCH_TABLE, Refusal.NO_SUCH_SHARD, Refusal.NO_SUCH_STAKE, Refusal.NOT_FOUND),
            409: _NOT_NOW,
            503: (Refusal.TABLE_UNAVAILABLE, Refusal.LEDGER_AWAY, Refusal.WRONG_OWNER),
        },
    )


def add_table_pages(app: QuartTrio, services: AdminServices) -> None:
    """Add the pages."""
    _add_list(app, services)
    _add_making(app, services)
    _add_modes(app, services)
    _add_announcements(app, services)


def _add_list(app: QuartTrio, services: AdminServices) -> None:
    @app.get("/admin/tables")
    @Page(tag="tables", who=ADMIN, parameters=_LIST_PARAMETERS, answers={200: TableList})
    async def tables() -> dict[str, Any]:
        """List tables by number, private and closed ones too: ``limit`` of them behind table ``after``."""
        asked = read_parameters({"limit", "after", "shard", "stake", "state"})
        if asked.get("state", "open") not in STATES:
            raise bad_parameter("state", f"one of {', '.join(STATES)}")
        shard = ShardId(read_number(asked, "shard", 0, _MAX_SHARD, 0)) if "shard" in asked else None
        wanted = TableFilter(shard, asked.get("stake"), asked.get("state"))
        limit, after = read_limit(asked), read_number(asked, "after", 0, _MAX_ID, 0)
        rows = await list_tables(services.desk.postgres, after, limit + 1, wanted)
        directory = await services.nodes.directory()
        shown = [_write_table(row, directory.tables.get(row["id"])) for row in rows[:limit]]
        return {"tables": shown, "next": shown[-1]["table_id"] if len(rows) > limit else None}


def _add_making(app: QuartTrio, services: AdminServices) -> None:
    bodies = Codec[NewTableBody](NewTableBody, Encoding.JSON, MAX_REQUEST_BYTES, {})

    @app.post("/admin/tables")
    @_orders(NewTableBody, TableOrdered, 201)
    async def make() -> tuple[Answer, int]:
        """Make a table and play it at once; a repeat under the same key gives the same table."""
        body = await read_body(bodies)
        _check(body)
        # A shard that is chosen here is no part of what was asked: a repeat has the first one.
        subject = "any shard" if body.shard is None else f"shard:{body.shard}"
        order = read_order(body, "table_made", subject)
        shard = body.shard
        if shard is None:
            shard = _least_loaded(await services.nodes.directory())
        elif shard not in services.cluster.shards:
            raise RefusedRequest(404, Refusal.NO_SUCH_SHARD)
        making = MakeTable(
            body.name, body.stake, body.seat_count, is_private=body.private, room=body.room, is_extra=False
        )
        return await _order(services, order, shard, making), 201


def _add_modes(app: QuartTrio, services: AdminServices) -> None:
    async def give(table_id: int, action: str, body: OrderBody) -> Answer:
        said = await read_body(REASON)
        order = read_order(said, action, f"table:{table_id}")
        shard = await _require_shard(services.desk.postgres, table_id)
        return await _order(services, order, shard, body)

    @app.post("/admin/tables/<int:table_id>/close")
    @_orders(ReasonBody, TableOrdered)
    async def close(table_id: int) -> Answer:
        """Close a table for ever: the hand in play ends, all are paid out and told why. It has then begun."""
        return await give(table_id, "table_closed", CloseTable(TableId(table_id), only_if_empty=False))

    @app.post("/admin/tables/<int:table_id>/pause")
    @_orders(ReasonBody, TableOrdered)
    async def pause(table_id: int) -> Answer:
        """Let no hand be dealt after the one in play, and nobody sit down, until it is resumed."""
        return await give(table_id, "table_paused", PauseTable(TableId(table_id)))

    @app.post("/admin/tables/<int:table_id>/resume")
    @_orders(ReasonBody, TableOrdered)
    async def resume(table_id: int) -> Answer:
        """End a pause."""
        return await give(table_id, "table_resumed", ResumeTable(TableId(table_id)))


def _add_announcements(app: QuartTrio, services: AdminServices) -> None:
    bodies = Codec[WordsBody](WordsBody, Encoding.JSON, MAX_REQUEST_BYTES, {})

    @app.post("/admin/tables/<int:table_id>/announce")
    @_orders(WordsBody, TableOrdered)
    async def announce(table_id: int) -> Answer:
        """Tell all who watch a table."""
        body = await read_body(bodies)
        _check_words(body)
        order = read_order(body, "table_announced", f"table:{table_id}")
        shard = await _require_shard(services.desk.postgres, table_id)
        return await _order(services, order, shard, AnnounceTable(TableId(table_id), body.text))

    @app.post("/admin/announce")
    @_orders(WordsBody, AllAnnounced)
    async def announce_everywhere() -> Answer:
        """Tell all who watch any table; says which tables were not reached in time. A repeat tries those."""
        body = await read_body(bodies)
        _check_words(body)
        order = read_order(body, "all_announced", "all tables")
        directory = await services.nodes.directory()
        answer = await obey(services.desk.postgres, order, partial(_note, {"tables": len(directory.tables)}))
        if order.is_dry_run:
            return answer
        silent = await _tell_all(services, order, CommandId(UUID(answer["order_id"])), directory, body.text)
        services.log.info("all.announced", by=order.admin, unanswered=len(silent))
        return {
            "order_id": answer["order_id"],
            "tables": len(directory.tables) - len(silent),
            "unanswered": silent,
        }


async def _order(services: AdminServices, order: Order, shard: ShardId, body: OrderBody) -> Answer:
    """Record an order and give it to the node that plays the shard; refused as the node refuses it."""
    answer = await obey(services.desk.postgres, order, partial(_note, {"shard": shard}))
    if order.is_dry_run:
        return answer
    shard = ShardId(answer["shard"])
    number = CommandId(UUID(answer["order_id"]))
    node = await _find_node(services, shard)
    table_order = TableOrder(number, shard, order.admin, order.reason, body)
    outcome = await _give(services, node, table_order, services.answer_seconds)
    services.log.info("table.ordered", action=order.action, subject=order.subject, by=order.admin)
    return answer | {"table_id": outcome.table_id} | _invitation(outcome)


async def _note(facts: dict[str, Any], _: Transaction) -> Answer:
    """Draw the number that an order is known by; it is recorded with the order, and a repeat finds it."""
    number = new_command_id(time.time_ns() // 1_000_000, secrets.token_bytes(10))
    return {"order_id": str(number)} | facts


async def _give(services: AdminServices, node: NodeId, order: TableOrder, seconds: float) -> OrderDone:
    try:
        outcome = await services.orders.give(node, order, seconds)
    except NodeSilent:
        raise ComeBack(Refusal.TABLE_UNAVAILABLE, _AGAIN_SECONDS) from None
    if isinstance(outcome, OrderRefused):
        raise RefusedRequest(_STATUS.get(outcome.code, 409), outcome.code)
    return outcome


async def _find_node(services: AdminServices, shard: ShardId) -> NodeId:
    place = await services.nodes.place(shard)
    if isinstance(place, Closed):
        raise ComeBack(Refusal.TABLE_UNAVAILABLE, retry_seconds(place))
    return place.node


async def _tell_all(
    services: AdminServices, order: Order, number: CommandId, directory: Directory, text: str
) -> list[TableId]:
    """Tell every table, several at once; gives those that were not reached in time."""
    silent = set(directory.tables)

    async def tell(table: TableSummary) -> None:
        place = directory.places[table.shard]
        if isinstance(place, Closed):
            return
        # Of each table's order the number follows from the whole one's: so a repeat tells nobody twice.
        digest = sha256(f"{number} {table.table_id}".encode()).digest()
        own = new_command_id(number.int >> 80, digest[:10])
        words = AnnounceTable(table.table_id, text)
        table_order = TableOrder(own, table.shard, order.admin, order.reason, words)
        try:
            await _give(services, place.node, table_order, services.everywhere_seconds)
        except (RefusedRequest, RedisAway):
            return
        silent.discard(table.table_id)

    with trio.move_on_after(services.everywhere_seconds):
        await _all_of(tell, list(directory.tables.values()))
    return sorted(silent)


async def _all_of(tell: Callable[[TableSummary], Awaitable[None]], tables: list[TableSummary]) -> None:
    async with trio.open_nursery() as nursery:
        for table in tables:
            nursery.start_soon(tell, table)


async def _require_shard(postgres: Postgres, table_id: int) -> ShardId:
    row = await find_table(postgres, TableId(table_id)) if table_id <= _MAX_ID else None
    if row is None or row["is_closed"]:
        raise RefusedRequest(404, Refusal.NO_SUCH_TABLE)
    return ShardId(row["shard"])


def _least_loaded(directory: Directory) -> ShardId:
    """Give the shard with the fewest tables among those that are played now; refused where none is."""
    held = [shard for shard, place in directory.places.items() if not isinstance(place, Closed)]
    if not held:
        raise ComeBack(Refusal.TABLE_UNAVAILABLE, retry_seconds(Closed.NOT_HELD))
    tables = [table.shard for table in directory.tables.values()]
    return min(held, key=lambda shard: (tables.count(shard), shard))


def _check(body: NewTableBody) -> None:
    for name, text in (("name", body.name), ("stake", body.stake), ("room", body.room)):
        refuse_unless(is_text(text, _MAX_LETTERS), Refusal.MALFORMED, f"{name}: 1 to {_MAX_LETTERS} letters")
    seats_fit = _MIN_SEATS <= body.seat_count <= _MAX_SEATS
    refuse_unless(seats_fit, Refusal.MALFORMED, f"seat_count: {_MIN_SEATS} to {_MAX_SEATS}")


def _check_words(body: WordsBody) -> None:
    is_line = is_text(body.text, _MAX_TEXT_LETTERS) and body.text.isprintable()
    detail = f"text: 1 to {_MAX_TEXT_LETTERS} letters, one line"
    refuse_unless(is_line, Refusal.TEXT_NOT_ALLOWED, detail)


def _invitation(outcome: OrderDone) -> Answer:
    return {"invitation": outcome.invitation} if outcome.invitation else {}


def _write_table(row: Row, summary: TableSummary | None) -> dict[str, Any]:
    times = ("created_at", "closed_at", "closing_at", "paused_at", "halted_at")
    facts = ("room_id", "shard", "name", "stake", "seat_count", "is_private", "is_extra", "last_hand_no")
    return (
        {"table_id": row["id"]}
        | {name: row[name] for name in facts}
        | {name: write_time(row[name]) for name in times}
        | {
            "is_played": summary is not None,
            "players": 0 if summary is None else len(summary.seats),
            "waiting": 0 if summary is None else summary.waiting,
        }
    )
