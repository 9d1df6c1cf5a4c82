"""What administrators may ask of tables, and order."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

import trio
from attrs import field, frozen
from quart import Blueprint, Response

from cardroom.ids import TableId, UserId
from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.logs import Log
from cardroom.service.openapi import ADMIN, Page
from cardroom.service.parameters import AFTER_TABLE, LIMIT, read_limit, read_number, read_parameters
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.escrow import ESCROW_PATH, HeldTables, escrow_codec
from cardroom.wire.json_schema import readable, whole
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import MAX_TABLE_MESSAGE_BYTES, Snapshot
from node.admin.actions import ActionDesk
from node.admin.answers import Announced, AnnouncedEverywhere, Silenced, TableHere, TablesHere
from node.tables.chat_text import clean_text
from node.tables.commands import Announce, Command, Inspect, Silence, TableDetail
from node.tables.denied import Denied
from node.tables.directory import Directory, TableEntry

T = TypeVar("T")

_ANSWER_SECONDS: Final = 2.0
_MAX_BODY_BYTES: Final = 16 * 1024
_MAX_TEXT_LETTERS: Final = 500
MAX_REASON_LETTERS: Final = 200
_MAX_SILENCE_SECONDS: Final = 7 * 24 * 3600
_MAX_ID: Final = 2**63 - 1
_OF_A_TABLE: Final = {404: (Refusal.NO_SUCH_TABLE,), 503: (Refusal.TABLE_UNAVAILABLE,)}


@frozen
class AnnouncementBody:
    """What all at a table are told, and for the log why."""

    text: str = field(metadata=readable(1, _MAX_TEXT_LETTERS))
    reason: str = field(metadata=readable(1, MAX_REASON_LETTERS))


@frozen
class SilenceBody:
    """Who says nothing for so long (0: may speak again), and for the log why."""

    user_id: UserId = field(metadata=whole(1, _MAX_ID))
    seconds: int = field(metadata=whole(0, _MAX_SILENCE_SECONDS))
    reason: str = field(metadata=readable(1, MAX_REASON_LETTERS))


def tables_pages(directory: Directory, actions: ActionDesk, log: Log) -> Blueprint:
    """Serve everything under ``/admin/tables``, and ``/admin/announce``."""
    pages = Blueprint("tables", __name__)
    _add_questions(pages, directory)
    _add_escrow(pages, directory)
    _add_announcements(pages, directory, actions, log)
    _add_silence(pages, directory, actions, log)
    return pages


def _add_questions(pages: Blueprint, directory: Directory) -> None:
    snapshots = Codec[Snapshot](Snapshot, Encoding.JSON, MAX_TABLE_MESSAGE_BYTES, {})

    @pages.get("/admin/tables")
    @Page(tag="tables", who=ADMIN, parameters=(LIMIT, AFTER_TABLE), answers={200: TablesHere})
    async def list_tables() -> dict[str, Any]:
        """List this node's tables by number, ``limit`` of them behind the table ``after``."""
        asked = read_parameters({"limit", "after"})
        limit, after = read_limit(asked), read_number(asked, "after", 0, _MAX_ID, 0)
        found = sorted(
            (entry for entry in directory if entry.summary.table_id > after),
            key=lambda entry: entry.summary.table_id,
        )
        more = found[limit - 1].summary.table_id if len(found) > limit else None
        return {"tables": [_write_entry(entry) for entry in found[:limit]], "next": more}

    @pages.get("/admin/tables/<int:table_id>")
    @Page(tag="tables", who=ADMIN, answers={200: TableHere}, refuses=_OF_A_TABLE)
    async def show_table(table_id: int) -> dict[str, Any]:
        """Show a table as a watcher sees it: no hole cards before the showdown."""
        detail = await _ask(_find(directory, table_id), Inspect)
        return {
            "snapshot": json.loads(snapshots.encode(detail.snapshot)),
            "unsettled_hands": detail.unsettled_hands,
            "last_settled_hand_no": detail.last_settled_hand_no,
            "viewers": detail.viewers,
        }


def _write_entry(entry: TableEntry) -> dict[str, Any]:
    table = entry.summary
    return {
        "table_id": table.table_id,
        "shard": table.shard,
        "name": table.name,
        "stake": table.stake,
        "seat_count": table.seat_count,
        "players": len(table.seats),
        "hand_no": table.hand_no,
        "inbox": len(entry.inbox),
    }


def _add_escrow(pages: Blueprint, directory: Directory) -> None:
    answers = escrow_codec()

    @pages.get(ESCROW_PATH)
    @Page(tag="tables", who=ADMIN, answers={200: HeldTables})
    async def show_escrow() -> Response:
        """Say what this node believes to lie at its tables; the wallet worker's audit compares it."""
        entries = tuple(directory)
        found = await _inspect_all(entries)
        silent = {entry.summary.table_id for entry in entries} - found.keys()
        held = HeldTables(
            tuple(found[table_id].money for table_id in sorted(found)), unanswered=tuple(sorted(silent))
        )
        return Response(answers.encode(held), content_type="application/json")


def _add_announcements(pages: Blueprint, directory: Directory, actions: ActionDesk, log: Log) -> None:
    bodies = Codec[AnnouncementBody](AnnouncementBody, Encoding.JSON, _MAX_BODY_BYTES, {})

    @pages.post("/admin/tables/<int:table_id>/announce")
    @Page(
        tag="tables",
        who=ADMIN,
        takes=AnnouncementBody,
        answers={200: Announced},
        refuses=_OF_A_TABLE | {400: (Refusal.TEXT_NOT_ALLOWED,)},
    )
    async def announce(table_id: int) -> dict[str, Any]:
        """Tell all who watch a table; an announcement that is repeated is told again."""
        entry = _find(directory, table_id)
        body = await read_body(bodies)
        text, reason = check_text(body.text, _MAX_TEXT_LETTERS, "text"), check_reason(body.reason)
        await actions.note("table_announced", f"table:{table_id}", reason, text=text)
        table_seq = await _ask(entry, partial(Announce, text))
        log.info("table.announced", table_id=table_id, text=text, reason=reason)
        return {"table_id": table_id, "table_seq": table_seq}

    @pages.post("/admin/announce")
    @Page(
        tag="tables",
        who=ADMIN,
        takes=AnnouncementBody,
        answers={200: AnnouncedEverywhere},
        refuses={400: (Refusal.TEXT_NOT_ALLOWED,)},
    )
    async def announce_everywhere() -> dict[str, Any]:
        """Tell all who watch any table of this node; says which tables did not answer in time."""
        body = await read_body(bodies)
        text, reason = check_text(body.text, _MAX_TEXT_LETTERS, "text"), check_reason(body.reason)
        await actions.note("node_announced", "all tables", reason, text=text)
        entries = tuple(directory)
        silent = await _announce_everywhere(entries, text)
        told = len(entries) - len(silent)
        log.info("node.announced", tables=told, unanswered=sorted(silent), text=text, reason=reason)
        return {"tables": told, "unanswered": sorted(silent)}


def _add_silence(pages: Blueprint, directory: Directory, actions: ActionDesk, log: Log) -> None:
    bodies = Codec[SilenceBody](SilenceBody, Encoding.JSON, _MAX_BODY_BYTES, {})

    @pages.post("/admin/tables/<int:table_id>/silence")
    @Page(
        tag="tables",
        who=ADMIN,
        takes=SilenceBody,
        answers={200: Silenced},
        refuses=_OF_A_TABLE | {400: (Refusal.TEXT_NOT_ALLOWED,), 409: (Refusal.BUSY,)},
    )
    async def silence(table_id: int) -> dict[str, Any]:
        """Let a player say nothing at a table for a time; a later order takes the place of an earlier one."""
        entry = _find(directory, table_id)
        body = await read_body(bodies)
        user_id, seconds, reason = body.user_id, body.seconds, check_reason(body.reason)
        if not 0 < user_id <= _MAX_ID:
            raise RefusedRequest(400, Refusal.MALFORMED, "user_id: no player has such a number")
        if not 0 <= seconds <= _MAX_SILENCE_SECONDS:
            raise RefusedRequest(400, Refusal.MALFORMED, f"seconds: 0 to {_MAX_SILENCE_SECONDS}")
        facts = {"user_id": user_id, "seconds": seconds}
        await actions.note("table_silenced", f"table:{table_id}", reason, **facts)
        if not await _ask(entry, partial(Silence, user_id, seconds)):
            raise RefusedRequest(409, Refusal.BUSY, "too many players are silenced at this table")
        log.info("table.silenced", table_id=table_id, user_id=user_id, seconds=seconds, reason=reason)
        return {"table_id": table_id, "user_id": user_id, "seconds": seconds}


def _find(directory: Directory, table_id: int) -> TableEntry:
    entry = directory.find(TableId(table_id))
    if entry is None:
        raise RefusedRequest(404, Refusal.NO_SUCH_TABLE)
    return entry


def check_reason(reason: str) -> str:
    """Give the reason of an order, cleaned; refused: none, or too long."""
    return check_text(reason, MAX_REASON_LETTERS, "reason")


def check_text(text: str, most_letters: int, field: str) -> str:
    """Give a line of text, cleaned; refused: an empty one, or too long."""
    try:
        return clean_text(text, most_letters)
    except Denied as denied:
        raise RefusedRequest(400, denied.code, f"{field}: 1 to {most_letters} letters, one line") from denied


async def _ask(entry: TableEntry, command: Callable[[Callable[[T], None]], Command]) -> T:
    """Give a table's task a command and wait for its answer; refused when there is none in time.

    What was ordered may still be done then: the command stays in the inbox.
    """
    send, receive = trio.open_memory_channel[T](1)
    entry.inbox.deliver(command(send.send_nowait))
    with trio.move_on_after(_ANSWER_SECONDS):
        return await receive.receive()
    raise RefusedRequest(503, Refusal.TABLE_UNAVAILABLE, "the table does not answer")


async def _inspect_all(entries: tuple[TableEntry, ...]) -> dict[TableId, TableDetail]:
    """Ask all tables at once; give the answers that have come in time."""
    found: dict[TableId, TableDetail] = {}
    send, receive = trio.open_memory_channel[tuple[TableId, TableDetail]](len(entries))
    for entry in entries:
        entry.inbox.deliver(_inspection(entry.summary.table_id, send))
    with trio.move_on_after(_ANSWER_SECONDS):
        while len(found) < len(entries):
            table_id, detail = await receive.receive()
            found[table_id] = detail
    return found


def _inspection(table_id: TableId, told: trio.MemorySendChannel[tuple[TableId, TableDetail]]) -> Inspect:
    return Inspect(lambda detail: told.send_nowait((table_id, detail)))


async def _announce_everywhere(entries: tuple[TableEntry, ...], text: str) -> set[TableId]:
    """Tell all tables at once; give those that have not answered in time."""
    silent = {entry.summary.table_id for entry in entries}
    send, receive = trio.open_memory_channel[TableId](len(entries))
    for entry in entries:
        entry.inbox.deliver(_announcement(entry.summary.table_id, text, send))
    with trio.move_on_after(_ANSWER_SECONDS):
        while silent:
            silent.remove(await receive.receive())
    return silent


def _announcement(table_id: TableId, text: str, told: trio.MemorySendChannel[TableId]) -> Announce:
    return Announce(text, lambda _: told.send_nowait(table_id))
