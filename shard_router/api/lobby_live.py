"""The lobby as it changes, by WebSocket and by server-sent events."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final

import trio
from quart import Response, request, websocket
from quart.wrappers.response import ResponseBody
from quart_trio import QuartTrio

from cardroom.service.addresses import limit_network
from cardroom.service.entry import player_address
from cardroom.service.http import RefusedRequest
from cardroom.service.limit_rules import Rule, limited
from cardroom.service.openapi import Answer, Page, Parameter
from cardroom.service.redis import RedisAway
from cardroom.wire.lobby_live import LOBBY_PROTOCOL
from cardroom.wire.lobby_query import LobbyQuery
from cardroom.wire.refusals import Refusal
from shard_router.api.lobby import FILTER_PARAMETERS, lobby_query
from shard_router.api.lobby_feed import FollowEnd, Follower, LobbyFeed, Told

_AFTER: Final = "after"
_SAYINGS: Final = 8
"""Followers have nothing to say; whoever sends more messages than that is sent away."""

_LAST_PARAMETERS: Final = (
    Parameter(_AFTER, {"type": "string"}, "The id of the last message that was received"),
    Parameter("Last-Event-ID", {"type": "string"}, "The same, as browsers say it", place="header"),
)
_COME_BACK_MS: Final = 1000


def add_live_pages(app: QuartTrio, feed: LobbyFeed, beat_seconds: float) -> None:
    """Serve ``/api/v1/lobby`` (WebSocket) and ``/api/v1/lobby/events`` (server-sent events) to everybody.

    Both take the filters of the list, and ``after``, the id of the last message that was received, which
    server-sent events give as ``Last-Event-ID``, too.
    """

    @app.websocket("/api/v1/lobby")
    @limited(Rule.LOBBY)
    async def lobby() -> None:
        query, last = _read_wish(list(websocket.args.items(multi=True)))
        async with feed.follow(query, last, limit_network(player_address())) as follower:
            is_named = LOBBY_PROTOCOL in websocket.requested_subprotocols
            await websocket.accept(subprotocol=LOBBY_PROTOCOL if is_named else None)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_hear_out, follower)
                while (told := await _next(feed, follower, query, beat_seconds)) is not None:
                    await websocket.send(told.text)
                nursery.cancel_scope.cancel()
            if (end := follower.end) is not None:
                await websocket.close(end.close_code, end.value)

    @app.get("/api/v1/lobby/events")
    @limited(Rule.LOBBY)
    @Page(
        tag="lobby",
        parameters=(*FILTER_PARAMETERS, *_LAST_PARAMETERS),
        answers={200: Answer(None, media_type="text/event-stream")},
    )
    async def events() -> Response:
        """Tell of the lobby as it changes, as server-sent events."""
        query, last = _read_wish(list(request.args.items(multi=True)))
        address = limit_network(player_address())
        feed.check(address)
        await feed.look()
        last = request.headers.get("Last-Event-ID", last)
        body = _Events(feed, query, last, address, beat_seconds) if request.method == "GET" else b""
        response = Response(body, content_type="text/event-stream")
        response.timeout = None
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        return response


class _Events(ResponseBody):
    """Server-sent events to one follower, who leaves when the answer ends, however it does."""

    def __init__(
        self, feed: LobbyFeed, query: LobbyQuery, last: str, address: str, beat_seconds: float
    ) -> None:
        self._feed = feed
        self._query = query
        self._last = last
        self._address = address
        self._beat_seconds = beat_seconds
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> AsyncIterator[bytes]:
        """Follow the lobby; whom nobody can serve any more, since that was looked at, hears nothing."""
        try:
            following = self._feed.follow(self._query, self._last, self._address)
            return self._tell(await self._stack.enter_async_context(following))
        except (RefusedRequest, RedisAway):
            return self._tell(None)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _tell(self, follower: Follower | None) -> AsyncIterator[bytes]:
        yield f"retry: {_COME_BACK_MS}\n\n".encode()
        while (
            follower is not None
            and (told := await _next(self._feed, follower, self._query, self._beat_seconds)) is not None
        ):
            yield told.as_event()


async def _next(feed: LobbyFeed, follower: Follower, query: LobbyQuery, beat_seconds: float) -> Told | None:
    """Give the next message, or a sign of life after a time without any."""
    with trio.move_on_after(beat_seconds):
        return await follower.next()
    return feed.beat(query)


async def _hear_out(follower: Follower) -> None:
    for _ in range(_SAYINGS):
        await websocket.receive()
    follower.close(FollowEnd.TALKING)


def _read_wish(parameters: Sequence[tuple[str, str]]) -> tuple[LobbyQuery, str]:
    """Read filters and the last message's id; refused: what the list refuses, and order and parts."""
    last = [value for name, value in parameters if name == _AFTER]
    if len(last) > 1:
        raise RefusedRequest(400, Refusal.MALFORMED, f"{_AFTER}: stands twice")
    others = [(name, value) for name, value in parameters if name != _AFTER]
    return lobby_query(others, filters_only=True), last[0] if last else ""
