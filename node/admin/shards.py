"""What administrators may ask of shards, and order: who plays them, moving one, draining the node."""

from typing import Any, Final

from attrs import field, frozen
from quart import Blueprint

from cardroom.ids import NodeId, ShardId
from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.openapi import ADMIN, Page
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.json_schema import readable
from cardroom.wire.refusals import Refusal
from node.admin.actions import ActionDesk
from node.admin.answers import Drain, MoveBegun, Shard, Shards
from node.admin.tables import MAX_REASON_LETTERS, check_reason, check_text
from node.shards.desk import ShardDesk
from node.shards.moving import MoveRefused, ShardMove, ShardReport

_MAX_BODY_BYTES: Final = 16 * 1024
_MAX_NODE_LETTERS: Final = 64
_STATUS: Final = {Refusal.NO_SUCH_SHARD: 404, Refusal.UNAVAILABLE: 503, Refusal.LEDGER_AWAY: 503}
"""With which status an order is refused; all others with 409."""


@frozen
class MoveBody:
    """To which node a shard goes, and for the log why."""

    to: str = field(metadata=readable(1, 64))
    reason: str = field(metadata=readable(1, MAX_REASON_LETTERS))


@frozen
class DrainBody:
    """Why the node gives its shards away, or why no more."""

    reason: str = field(metadata=readable(1, MAX_REASON_LETTERS))


def shards_pages(desk: ShardDesk, actions: ActionDesk) -> Blueprint:
    """Serve everything under ``/admin/shards``, and ``/admin/drain``."""
    pages = Blueprint("shards", __name__)
    _add_shards(pages, desk)
    _add_move(pages, desk, actions)
    _add_drain(pages, desk, actions)
    return pages


def _add_shards(pages: Blueprint, desk: ShardDesk) -> None:
    @pages.get("/admin/shards")
    @Page(tag="shards", who=ADMIN, answers={200: Shards})
    async def list_shards() -> dict[str, Any]:
        """List the shards that this node plays or stands by for."""
        return {"shards": [_write_report(one) for one in desk.reports()]}

    @pages.get("/admin/shards/<int:shard>")
    @Page(tag="shards", who=ADMIN, answers={200: Shard}, refuses={404: (Refusal.NO_SUCH_SHARD,)})
    async def show_shard(shard: int) -> dict[str, Any]:
        """Show a shard: who holds it, how old the lease is, and how far a move has come."""
        try:
            return _write_report(desk.find(ShardId(shard)).report())
        except MoveRefused as refused:
            raise _refusal_of(refused) from None


def _add_move(pages: Blueprint, desk: ShardDesk, actions: ActionDesk) -> None:
    bodies = Codec[MoveBody](MoveBody, Encoding.JSON, _MAX_BODY_BYTES, {})

    @pages.post("/admin/shards/<int:shard>/move")
    @Page(
        tag="shards",
        who=ADMIN,
        takes=MoveBody,
        answers={202: MoveBegun},
        refuses={
            400: (Refusal.TEXT_NOT_ALLOWED,),
            404: (Refusal.NO_SUCH_SHARD,),
            409: (
                Refusal.SHARD_NOT_HELD, Refusal.NODE_AWAY, Refusal.NODE_NOT_STANDBY, Refusal.MOVE_UNDER_WAY,
            ),
            503: (Refusal.LEDGER_AWAY,),
        },
    )  # fmt: skip
    async def move_shard(shard: int) -> tuple[dict[str, Any], int]:
        """Begin to move a shard to another node; how it goes on, ``/admin/shards/{id}`` says."""
        body = await read_body(bodies)
        reason = check_reason(body.reason)
        try:
            desk.find(ShardId(shard))
            to = check_text(body.to, _MAX_NODE_LETTERS, "to")
            await actions.note("shard_moved", f"shard:{shard}", reason, to=to)
            move = await desk.order_move(ShardId(shard), NodeId(to), reason)
        except MoveRefused as refused:
            raise _refusal_of(refused) from None
        return {"shard": shard, "move": _write_move(move)}, 202


def _add_drain(pages: Blueprint, desk: ShardDesk, actions: ActionDesk) -> None:
    bodies = Codec[DrainBody](DrainBody, Encoding.JSON, _MAX_BODY_BYTES, {})

    @pages.post("/admin/drain")
    @Page(
        tag="shards",
        who=ADMIN,
        takes=DrainBody,
        answers={202: Drain},
        refuses={400: (Refusal.TEXT_NOT_ALLOWED,)},
    )
    async def drain() -> tuple[dict[str, Any], int]:
        """Begin to give all shards away; a repeat changes the reason only."""
        body = await read_body(bodies)
        reason = check_reason(body.reason)
        await actions.note("node_drained", "all shards", reason)
        desk.order_drain(reason)
        return _write_drain(desk), 202

    @pages.get("/admin/drain")
    @Page(tag="shards", who=ADMIN, answers={200: Drain})
    async def show_drain() -> dict[str, Any]:
        """Say whether the node gives its shards away, and how far it has come."""
        return _write_drain(desk)

    @pages.delete("/admin/drain")
    @Page(
        tag="shards",
        who=ADMIN,
        takes=DrainBody,
        answers={200: Drain},
        refuses={400: (Refusal.TEXT_NOT_ALLOWED,)},
    )
    async def cancel_drain() -> dict[str, Any]:
        """Give no more away; what has moved stays where it is. May be repeated."""
        body = await read_body(bodies)
        await actions.note("drain_cancelled", "all shards", check_reason(body.reason))
        desk.cancel_drain()
        return _write_drain(desk)


def _refusal_of(refused: MoveRefused) -> RefusedRequest:
    return RefusedRequest(_STATUS.get(refused.code, 409), refused.code)


def _write_drain(desk: ShardDesk) -> dict[str, Any]:
    reports = desk.reports()
    return {
        "is_draining": desk.is_draining,
        "reason": desk.drain_reason,
        "is_done": desk.is_draining and not any(one.is_open for one in reports),
        "shards": [_write_report(one) for one in reports],
    }


def _write_report(report: ShardReport) -> dict[str, Any]:
    return {
        "shard": report.shard,
        "is_home": report.is_home,
        "is_open": report.is_open,
        "owner": report.owner,
        "epoch": report.epoch,
        "lease_age_ms": report.lease_age_ms,
        "tables": report.tables,
        "hands_in_play": report.hands_in_play,
        "viewers": report.viewers,
        "journal_waiting": report.journal_waiting,
        "move": None if report.move is None else _write_move(report.move),
    }


def _write_move(move: ShardMove) -> dict[str, Any]:
    return {
        "to": move.to,
        "reason": move.reason,
        "ordered_unix_ms": move.ordered_unix_ms,
        "phase": move.phase.value,
        "hands_in_play": move.hands_in_play,
        "pause_ms": move.pause_ms,
    }
