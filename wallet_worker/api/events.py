"""What becomes of a player's coins, as server-sent events; for players who sit at no table, above all."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Final

import trio
from quart import Blueprint, Response, request
from quart.wrappers.response import ResponseBody

from cardroom.ids import UserId
from cardroom.service.http import RefusedRequest
from cardroom.service.logins import LoginLookup, LoginsBusy
from cardroom.service.openapi import PLAYER, Answer, Page
from cardroom.service.postgres import PostgresAway, PostgresRefused
from cardroom.wire.refusals import Refusal
from wallet_worker.api.event_feed import EventFeed, Follower
from wallet_worker.api.players import find_login

_MEDIA_TYPE: Final = "text/event-stream"
_COME_BACK: Final = b"retry: 1000\n\n"
_BEAT: Final = b":\n\n"

IsWelcome = Callable[[UserId], bool]


def event_pages(
    feed: EventFeed, logins: LoginLookup, beat_seconds: float, is_welcome: IsWelcome = lambda _: True
) -> Blueprint:
    """Serve ``/api/v1/wallet/events``. Whoever is not ``is_welcome`` any more is sent away."""
    pages = Blueprint("wallet_events", __name__, url_prefix="/api/v1/wallet")

    @pages.get("/events")
    @Page(
        tag="wallet",
        who=PLAYER,
        answers={200: Answer(None, _MEDIA_TYPE)},
        refuses={429: (Refusal.RATE_LIMITED,), 503: (Refusal.BUSY, Refusal.UNAVAILABLE)},
    )
    async def events() -> Response:
        """Tell how far the player's deposits and withdrawals are, as it changes; server-sent events."""
        user_id = (await find_login(logins)).user_id
        token = request.headers["Authorization"].partition(" ")[2].strip()
        feed.check(user_id)

        async def is_logged_in() -> bool:
            return is_welcome(user_id) and await _has_login(logins, token)

        body = _Events(feed, user_id, is_logged_in, beat_seconds) if request.method == "GET" else b""
        response = Response(body, content_type=_MEDIA_TYPE)
        response.timeout = None
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        return response

    return pages


class _Events(ResponseBody):
    """One player's stream, which leaves the feed when the answer ends, however it does."""

    def __init__(
        self,
        feed: EventFeed,
        user_id: UserId,
        is_logged_in: Callable[[], Awaitable[bool]],
        beat_seconds: float,
    ) -> None:
        self._feed = feed
        self._user_id = user_id
        self._is_logged_in = is_logged_in
        self._beat_seconds = beat_seconds
        self._stack = ExitStack()

    async def __aenter__(self) -> AsyncIterator[bytes]:
        """Follow; whom there is no room for any more, since that was looked at, hears nothing."""
        await trio.lowlevel.checkpoint()
        try:
            return self._tell(self._stack.enter_context(self._feed.follow(self._user_id)))
        except RefusedRequest:
            return self._tell(None)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    async def _tell(self, follower: Follower | None) -> AsyncIterator[bytes]:
        """Tell events as they come; at each beat see to it that the login still stands, and show life."""
        yield _COME_BACK
        beat_at = trio.current_time() + self._beat_seconds
        while follower is not None:
            told = _BEAT
            if trio.current_time() < beat_at:
                event = await _next(follower, beat_at)
                if event is None:
                    return
                told = event
            if trio.current_time() >= beat_at:
                if not await self._is_logged_in():
                    return
                beat_at = trio.current_time() + self._beat_seconds
            yield told


async def _next(follower: Follower, until: float) -> bytes | None:
    """Give the next event, or a sign of life when there was none by then; None at the end."""
    with trio.move_on_at(until):
        return await follower.next()
    return _BEAT


async def _has_login(logins: LoginLookup, token: str) -> bool:
    """Say whether a login stands; while nobody can say, the last word does."""
    try:
        return await logins.find(token) is not None
    except (LoginsBusy, PostgresAway, PostgresRefused):
        return True
