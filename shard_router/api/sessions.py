"""A player's sessions: list them, end one, end all."""

from typing import Final
from uuid import UUID

from quart import Response
from quart_trio import QuartTrio

from cardroom.service.http import RefusedRequest
from cardroom.service.openapi import PLAYER, Page, Parameter
from cardroom.wire.accounts import SessionLine, SessionList
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.refusals import Refusal
from shard_router.api.auth import Desk
from shard_router.api.http import answer, require_login
from shard_router.store.logins import Session

_MAX_LIST_BYTES: Final = 1024 * 1024

_SESSIONS: Final = Codec[SessionList](SessionList, Encoding.JSON, _MAX_LIST_BYTES, {})


def _write_line(session: Session, current: UUID) -> SessionLine:
    return SessionLine(
        session_id=session.session_id,
        created_unix_ms=session.created_ms,
        seen_unix_ms=session.seen_ms,
        expires_unix_ms=session.expires_ms,
        address=session.address,
        user_agent=session.user_agent,
        is_current=session.session_id == current,
    )


def _read_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as fault:
        raise RefusedRequest(404, Refusal.NOT_FOUND) from fault


def add_session_pages(app: QuartTrio, desk: Desk) -> None:
    """Serve ``/api/v1/me/sessions`` and ``/api/v1/auth/logout-everywhere``; what is ended ends at once."""

    @app.get("/api/v1/me/sessions")
    @Page(tag="account", who=PLAYER, answers={200: SessionList})
    async def sessions() -> Response:
        """List the player's open sessions, the newest first."""
        login = await require_login(desk.logins)
        found = await desk.logins.list_of(login.user_id)
        lines = tuple(_write_line(session, login.session_id) for session in found)
        return answer(_SESSIONS, SessionList(lines))

    @app.delete("/api/v1/me/sessions/<session_id>")
    @Page(
        tag="account",
        who=PLAYER,
        answers={204: None},
        parameters=(Parameter("session_id", {"type": "string", "format": "uuid"}, place="path"),),
    )
    async def end_session(session_id: str) -> Response:
        """End one of the player's sessions, at once."""
        login = await require_login(desk.logins)
        async with desk.postgres.transaction() as transaction:
            is_own = await desk.logins.end_one(transaction, login.user_id, _read_id(session_id))
        if not is_own:
            raise RefusedRequest(404, Refusal.NOT_FOUND)
        return Response(b"", status=204)

    @app.post("/api/v1/auth/logout-everywhere")
    @Page(tag="account", who=PLAYER, answers={204: None})
    async def log_out_everywhere() -> Response:
        """End all of the player's sessions, this one too."""
        login = await require_login(desk.logins)
        async with desk.postgres.transaction() as transaction:
            await desk.logins.end_all(transaction, login.user_id)
        return Response(b"", status=204)
