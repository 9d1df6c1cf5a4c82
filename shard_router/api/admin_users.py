"""``/admin/users``: look for players, see how one stands, freeze one."""

import json
from typing import Any, Final

from quart_trio import QuartTrio

from cardroom.ids import UserId
from cardroom.service.admin_guard import STAFF, refuse_role, role_who_asks
from cardroom.service.admin_orders import Answer, ReasonBody, obey, read_order
from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.openapi import ADMIN, Page, Parameter
from cardroom.service.parameters import LIMIT, TEXT, read_limit, read_parameters, write_time
from cardroom.service.player_freeze import NoPlayerToFreeze, freeze_player
from cardroom.service.postgres import Postgres, Row, Transaction
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.refusals import Refusal
from shard_router.api.admin_answers import UserFrozen, Users, UserWhole
from shard_router.api.admin_services import AdminServices
from shard_router.api.http import MAX_REQUEST_BYTES
from shard_router.api.protection import PROTECTION
from shard_router.store.find_players import find_player, list_blocks_of, list_by_email, list_by_nickname

REASON: Final = Codec[ReasonBody](ReasonBody, Encoding.JSON, MAX_REQUEST_BYTES, {})

_MAX_ID: Final = 2**63 - 1
_QUERY: Final = Parameter("query", TEXT, "A number, the beginning of a nickname, or of an address with its @")
_AFTER: Final = Parameter("after", TEXT, "``next`` of the page before")
_FREEZE: Final = Page(
    tag="players",
    who=ADMIN,
    takes=ReasonBody,
    answers={200: UserFrozen},
    refuses={409: (Refusal.COMMAND_REUSED,)},
)
_MAX_ID_DIGITS: Final = 19


def add_user_pages(app: QuartTrio, services: AdminServices) -> None:
    """Add the pages."""
    postgres = services.desk.postgres

    @app.get("/admin/users")
    @Page(tag="players", who=ADMIN, parameters=(LIMIT, _QUERY, _AFTER), answers={200: Users})
    async def users() -> dict[str, Any]:
        """Look for players: by number, by the beginning of a nickname, or of an address if there is an @."""
        asked = read_parameters({"query", "limit", "after"})
        query, after, limit = asked.get("query", ""), asked.get("after", ""), read_limit(asked)
        if "@" in query:
            refuse_role(STAFF)
            rows = list(await list_by_email(postgres, query, after, limit + 1))
        else:
            rows = list(await list_by_nickname(postgres, query, after, limit + 1))
        more = rows[limit - 1]["place"] if len(rows) > limit else None
        by_number = [] if after else await _find_by_number(postgres, query)
        shown = [*by_number, *rows[:limit]]
        return {"users": [_write_user(row) for row in shown], "next": more}

    @app.get("/admin/users/<int:user_id>")
    @Page(tag="players", who=ADMIN, answers={200: UserWhole})
    async def user(user_id: int) -> dict[str, Any]:
        """Show how a player stands: account, freeze, second factor, blocks, seats, and own limits."""
        row = await require_player(postgres, user_id)
        directory = await services.nodes.directory()
        seats = [
            {"table_id": table.table_id, "shard": table.shard, "name": table.name, "seat": seat}
            for table, seat in directory.seats_of(UserId(user_id))
        ]
        blocks = [_write_block(one) for one in await list_blocks_of(postgres, UserId(user_id))]
        limits = json.loads(PROTECTION.encode(await services.protection.show(UserId(user_id))))
        return _write_user(row) | {"blocks": blocks, "seats": seats, "protection": limits}

    _add_freezes(app, services)


def _add_freezes(app: QuartTrio, services: AdminServices) -> None:
    async def set_player(user_id: int, *, is_frozen: bool) -> Answer:
        body = await read_body(REASON)
        order = read_order(body, "freeze_player" if is_frozen else "unfreeze_player", f"user:{user_id}")

        async def work(transaction: Transaction) -> Answer:
            try:
                return await freeze_player(transaction, read_user(user_id), is_frozen=is_frozen)
            except NoPlayerToFreeze:
                raise no_such_player() from None

        answer = await obey(services.desk.postgres, order, work)
        if not order.is_dry_run:
            services.log.warning("player.frozen", user_id=user_id, is_frozen=is_frozen, by=order.admin)
        return answer

    @app.post("/admin/users/<int:user_id>/freeze")
    @_FREEZE
    async def freeze(user_id: int) -> Answer:
        """Freeze a player: no money to a table or out of the house; hands go on. May be repeated."""
        return await set_player(user_id, is_frozen=True)

    @app.post("/admin/users/<int:user_id>/unfreeze")
    @_FREEZE
    async def unfreeze(user_id: int) -> Answer:
        """End the freeze of a player. May be repeated."""
        return await set_player(user_id, is_frozen=False)


async def require_player(postgres: Postgres, user_id: int) -> Row:
    """Give a player; refused where there is none of that number."""
    row = await find_player(postgres, read_user(user_id))
    if row is None:
        raise no_such_player()
    return row


def read_user(user_id: int) -> UserId:
    """Read a player's number; refused: one that no player has."""
    if not 0 < user_id <= _MAX_ID:
        raise no_such_player()
    return UserId(user_id)


def no_such_player() -> RefusedRequest:
    """Give the refusal of a player who is none."""
    return RefusedRequest(404, Refusal.NOT_FOUND, "no such player")


async def _find_by_number(postgres: Postgres, query: str) -> list[Row]:
    if not (query.isascii() and query.isdigit() and len(query) <= _MAX_ID_DIGITS and int(query) <= _MAX_ID):
        return []
    row = await find_player(postgres, UserId(int(query)))
    return [] if row is None else [row]


def _write_user(row: Row) -> dict[str, Any]:
    email = row["email"]
    return {
        "user_id": row["id"],
        "nickname": row["nickname"],
        "email": email if role_who_asks() in STAFF else mask_email(email),
        "created_at": write_time(row["created_at"]),
        "frozen_at": write_time(row["frozen_at"]),
        "self_excluded_until": write_time(row["self_excluded_until"]),
        "second_factor_at": write_time(row["second_factor_at"]),
    }


def _write_block(row: Row) -> dict[str, Any]:
    times = {name: write_time(row[name]) for name in ("blocked_at", "expires_at")}
    return {"block": row["id"], "reason": row["reason"], "blocked_by": row["blocked_by"]} | times


def mask_email(email: str) -> str:
    """Leave of an address what lets two be told apart, and nobody be written to: ``a***@e***``."""
    name, _, place = email.rpartition("@")
    return f"{name[:1]}***@{place[:1]}***"
