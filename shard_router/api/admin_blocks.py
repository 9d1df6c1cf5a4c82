"""``/admin/blocks``: players and networks that are kept out, until a time or for good."""

from typing import Any, Final

from attrs import evolve, field, frozen
from quart_trio import QuartTrio

from cardroom.ids import UserId
from cardroom.service.admin_orders import (
    MAX_KEY_LETTERS,
    MAX_REASON_LETTERS,
    Answer,
    ReasonBody,
    obey,
    read_order,
)
from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.openapi import ADMIN, Page, Parameter
from cardroom.service.parameters import (
    BEFORE,
    LIMIT,
    bad_parameter,
    read_before,
    read_limit,
    read_parameters,
    write_time,
)
from cardroom.service.postgres import Row, Transaction
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.json_schema import letters, whole
from cardroom.wire.refusals import Refusal
from shard_router.api.admin_answers import BlockMade, Blocks, BlockTaken
from shard_router.api.admin_services import AdminServices
from shard_router.api.admin_users import REASON, no_such_player
from shard_router.api.http import MAX_REQUEST_BYTES
from shard_router.store.blocks import (
    NewBlock,
    NoSuchBlock,
    NoSuchPlayer,
    add_block,
    list_blocks,
    remove_block,
)

_MAX_ID: Final = 2**63 - 1
_ALL: Final = Parameter("all", {"const": "1"}, "Those that have ended, too")
_RULE: Final = "user_id or network, one of both; seconds above 0, or none for good; no bits of a host"


@frozen
class BlockBody:
    """``POST /admin/blocks``: a player or a network (``192.0.2.0/24``, or one address), for so long."""

    reason: str = field(metadata=letters(1, MAX_REASON_LETTERS))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    user_id: UserId | None = None
    network: str | None = None
    seconds: int | None = field(default=None, metadata=whole(1))
    dry_run: bool = False


def add_block_pages(app: QuartTrio, services: AdminServices) -> None:
    """Add the pages; all processes act on a block within two seconds."""
    _add_list(app, services)
    _add_blocking(app, services)
    _add_unblocking(app, services)


def _add_list(app: QuartTrio, services: AdminServices) -> None:
    @app.get("/admin/blocks")
    @Page(tag="players", who=ADMIN, parameters=(LIMIT, BEFORE, _ALL), answers={200: Blocks})
    async def blocks() -> dict[str, Any]:
        """List the blocks that stand, or with ``all=1`` those that have ended too; the newest first."""
        asked = read_parameters({"limit", "before", "all"})
        if asked.get("all", "1") != "1":
            raise bad_parameter("all", "1, or leave it out")
        limit, before = read_limit(asked), read_before(asked)
        postgres, only_standing = services.desk.postgres, "all" not in asked
        rows = await list_blocks(postgres, before, limit + 1, only_standing=only_standing)
        more = rows[limit - 1]["id"] if len(rows) > limit else None
        return {"blocks": [_write_block(row) for row in rows[:limit]], "next_before": more}


def _add_blocking(app: QuartTrio, services: AdminServices) -> None:
    bodies = Codec[BlockBody](BlockBody, Encoding.JSON, MAX_REQUEST_BYTES, {})
    desk = services.desk

    @app.post("/admin/blocks")
    @Page(
        tag="players",
        who=ADMIN,
        takes=BlockBody,
        answers={201: BlockMade},
        refuses={404: (Refusal.NOT_FOUND,), 409: (Refusal.COMMAND_REUSED,)},
    )
    async def block() -> tuple[Answer, int]:
        """Keep a player or a network out; a player's sessions end at once."""
        body = await read_body(bodies)
        about = f"user:{body.user_id}" if body.network is None else f"network:{body.network[:64]}"
        order = read_order(body, "blocked", about)
        wanted = _read_block(body, order.admin)

        async def work(transaction: Transaction) -> Answer:
            user = wanted.user_id
            ended = 0 if user is None else await desk.logins.end_all(transaction, user)
            try:
                made = await add_block(transaction, wanted)
            except NoSuchPlayer:
                raise no_such_player() from None
            return {"block": made.block_id, "expires_at": write_time(made.expires_at), "ended": ended}

        answer = await obey(desk.postgres, order, work)
        if not order.is_dry_run:
            services.log.warning("block.made", block=answer["block"], about=about, by=order.admin)
        return answer, 201


def _add_unblocking(app: QuartTrio, services: AdminServices) -> None:
    desk = services.desk

    @app.delete("/admin/blocks/<int:number>")
    @Page(
        tag="players",
        who=ADMIN,
        takes=ReasonBody,
        answers={200: BlockTaken},
        refuses={409: (Refusal.COMMAND_REUSED,)},
    )
    async def unblock(number: int) -> Answer:
        """Take one block away; others against the same stay."""
        body = await read_body(REASON)
        order = read_order(body, "unblocked", f"block:{number}")

        async def work(transaction: Transaction) -> Answer:
            if number > _MAX_ID:
                raise _no_such_block()
            try:
                row = await remove_block(transaction, number, order.admin, order.reason)
            except NoSuchBlock:
                raise _no_such_block() from None
            return {"block": number, "user_id": row["user_id"], "network": row["network"]}

        return await obey(desk.postgres, order, work)


def _no_such_block() -> RefusedRequest:
    return RefusedRequest(404, Refusal.NOT_FOUND, "no such block stands")


def _read_block(body: BlockBody, by: str) -> NewBlock:
    if body.user_id is not None and not 0 < body.user_id <= _MAX_ID:
        raise no_such_player()
    try:
        found = NewBlock(body.reason, by, body.user_id, body.network)
        return evolve(found, seconds=None if body.seconds is None else float(body.seconds))
    except (ValueError, OverflowError):
        raise RefusedRequest(400, Refusal.MALFORMED, _RULE) from None


def _write_block(row: Row) -> dict[str, Any]:
    facts = ("user_id", "network", "reason", "blocked_by", "removed_by", "removed_reason")
    times = ("blocked_at", "expires_at", "removed_at")
    return (
        {"block": row["id"]}
        | {name: row[name] for name in facts}
        | {name: write_time(row[name]) for name in times}
    )
