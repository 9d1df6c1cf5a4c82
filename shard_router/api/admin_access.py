"""``/admin/users/{id}/sessions`` and ``second-factor``: what lets a player in, seen and taken away."""

from typing import Any
from uuid import UUID

from quart_trio import QuartTrio

from cardroom.service.admin_orders import Answer, ReasonBody, obey, read_order
from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.openapi import ADMIN, Page
from cardroom.service.postgres import Transaction
from cardroom.wire.refusals import Refusal
from shard_router.api.admin_answers import SessionEnded, SessionsEnded, UsersSessions
from shard_router.api.admin_services import AdminServices
from shard_router.api.admin_users import REASON, read_user, require_player
from shard_router.rules.letters import second_factor_changed
from shard_router.store.logins import Session
from shard_router.store.post import Notice


def _ends(answer: type, *refusals: Refusal) -> Page:
    """Say what a page that takes something away answers."""
    return Page(
        tag="players",
        who=ADMIN,
        takes=ReasonBody,
        answers={200: answer},
        refuses={409: (Refusal.COMMAND_REUSED, *refusals)},
    )


def add_access_pages(app: QuartTrio, services: AdminServices) -> None:
    """Add the pages; what is ended ends at once, in every process."""
    _add_sessions(app, services)
    _add_second_factor(app, services)


def _add_sessions(app: QuartTrio, services: AdminServices) -> None:
    desk = services.desk

    @app.get("/admin/users/<int:user_id>/sessions")
    @Page(tag="players", who=ADMIN, answers={200: UsersSessions})
    async def sessions(user_id: int) -> dict[str, Any]:
        """List a player's open sessions, the newest first."""
        await require_player(desk.postgres, user_id)
        found = await desk.logins.list_of(read_user(user_id))
        return {"sessions": [_write_session(one) for one in found]}

    @app.delete("/admin/users/<int:user_id>/sessions/<uuid:session_id>")
    @_ends(SessionEnded)
    async def end_session(user_id: int, session_id: UUID) -> Answer:
        """End one session of a player."""
        body = await read_body(REASON)
        order = read_order(body, "session_ended", f"user:{user_id}", session=str(session_id))

        async def work(transaction: Transaction) -> Answer:
            if not await desk.logins.end_one(transaction, read_user(user_id), session_id):
                raise RefusedRequest(404, Refusal.NOT_FOUND, "no such session is open")
            return {"user_id": user_id, "session_id": str(session_id)}

        return await obey(desk.postgres, order, work)

    @app.delete("/admin/users/<int:user_id>/sessions")
    @_ends(SessionsEnded)
    async def end_sessions(user_id: int) -> Answer:
        """End all sessions of a player; says how many there were."""
        body = await read_body(REASON)
        order = read_order(body, "sessions_ended", f"user:{user_id}")
        await require_player(desk.postgres, user_id)

        async def work(transaction: Transaction) -> Answer:
            ended = await desk.logins.end_all(transaction, read_user(user_id))
            return {"user_id": user_id, "ended": ended}

        return await obey(desk.postgres, order, work)


def _add_second_factor(app: QuartTrio, services: AdminServices) -> None:
    desk = services.desk

    @app.delete("/admin/users/<int:user_id>/second-factor")
    @_ends(SessionsEnded, Refusal.SECOND_FACTOR_OFF)
    async def take_away(user_id: int) -> Answer:
        """Take a player's second factor away, for who has lost it; all sessions end, and a mail says so."""
        factors = desk.require_factors()
        body = await read_body(REASON)
        order = read_order(body, "second_factor_taken", f"user:{user_id}")
        user, letters = read_user(user_id), list[Notice]()
        row = await require_player(desk.postgres, user_id)

        async def work(transaction: Transaction) -> Answer:
            if not await factors.take_away(transaction, user):
                raise RefusedRequest(409, Refusal.SECOND_FACTOR_OFF, "there is none to take away")
            letters.append(Notice(row["email"], second_factor_changed(row["nickname"], is_on=False)))
            return {"user_id": user_id, "ended": await desk.logins.end_all(transaction, user)}

        answer = await obey(desk.postgres, order, work)
        if not order.is_dry_run:
            services.log.warning("second_factor.taken", user_id=user_id, by=order.admin)
        if not order.is_dry_run and desk.post is not None:
            for letter in letters:  # none for an order that is repeated
                desk.post.put(letter)
        return answer


def _write_session(session: Session) -> dict[str, Any]:
    return {
        "session_id": str(session.session_id),
        "created_unix_ms": session.created_ms,
        "seen_unix_ms": session.seen_ms,
        "expires_unix_ms": session.expires_ms,
        "address": session.address,
        "user_agent": session.user_agent,
    }
