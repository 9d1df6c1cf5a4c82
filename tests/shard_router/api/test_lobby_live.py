"""The live lobby through real sockets: what followers are told, who is refused, who is sent away."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import h11
import pytest
import trio
from attrs import evolve
from trio_websocket import WebSocketConnection, open_websocket_url

from cardroom.money import Krw
from cardroom.service.logs import Log
from cardroom.service.settings import PostgresSettings, RedisSettings
from cardroom.wire.lobby_live import LobbyDelta, LobbyMessage, LobbySnapshot, live_codec
from shard_router.settings import LiveSettings, RouterSettings
from tests.shard_router.front import Front, open_front, router_settings, table_summary

CODEC = live_codec()
QUICK = LiveSettings(tell_seconds=0.02, look_seconds=0.05, beat_seconds=30.0)


class Events:
    """A client of the server-sent events."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._http = h11.Connection(h11.CLIENT)
        self._text = b""

    async def ask(self, path: str, last: str) -> int:
        headers = [("Host", "here"), *([("Last-Event-ID", last)] if last else [])]
        await self._send(h11.Request(method="GET", target=path, headers=headers))
        await self._send(h11.EndOfMessage())
        answer = await self._receive()
        assert isinstance(answer, h11.Response)
        assert dict(answer.headers)[b"content-type"].startswith(b"text/event-stream")
        return answer.status_code

    async def next(self) -> LobbyMessage | None:
        """Give the next message; None at the end."""
        while True:
            while b"\n\n" not in self._text:
                received = await self._receive()
                if not isinstance(received, h11.Data):
                    return None
                self._text += bytes(received.data)
            text, _, self._text = self._text.partition(b"\n\n")
            event = dict(line.split(": ", 1) for line in text.decode().splitlines())
            if "data" in event:
                break
        message = CODEC.decode(event["data"])
        assert event["id"] == message.id
        assert event["event"] == json.loads(event["data"])["type"]
        return message

    async def _send(self, event: h11.Event) -> None:
        await self._stream.send_all(self._http.send(event) or b"")

    async def _receive(self) -> h11.Event:
        with trio.fail_after(5):
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self._stream.receive_some())
        assert not isinstance(event, type)
        return event


@asynccontextmanager
async def events_of(front: Front, query: str = "", last: str = "") -> AsyncIterator[Events]:
    http = front.settings.http
    async with await trio.open_tcp_stream(http.host, http.port) as stream:
        events = Events(stream)
        assert await events.ask(f"/api/v1/lobby/events{query}", last) == 200
        yield events


@asynccontextmanager
async def socket_of(front: Front, query: str = "") -> AsyncIterator[WebSocketConnection]:
    url = f"ws://{front.settings.http.host}:{front.settings.http.port}/api/v1/lobby{query}"
    async with open_websocket_url(url, disconnect_timeout=2.0) as socket:
        yield socket


async def told(socket: WebSocketConnection) -> LobbyMessage:
    with trio.fail_after(5):
        return CODEC.decode(await socket.get_message())


@pytest.fixture
def settings(database: PostgresSettings, redis_settings: RedisSettings) -> RouterSettings:
    return evolve(router_settings(database, redis_settings), live=QUICK)


@pytest.fixture
async def front(settings: RouterSettings, log: Log) -> AsyncIterator[Front]:
    async with open_front(settings, log) as opened:
        await opened.node.open_both_shards()
        yield opened


async def test_both_ways_tell_all_first_and_then_what_changes(front: Front) -> None:
    table = table_summary(1, 0, 5)
    hidden = evolve(table_summary(9), is_private=True, name="Back room")
    await front.node.publish(table, table_summary(2, 1), hidden)
    async with events_of(front) as events, socket_of(front) as socket:
        first = await events.next()
        assert isinstance(first, LobbySnapshot)
        assert [(line.table_id, line.players, line.is_open) for line in first.tables] == [
            (1, 1, True),
            (2, 0, True),
        ]
        assert await told(socket) == first
        await front.node.publish(evolve(table, hand_no=8, average_pot=Krw(700)))
        delta = await events.next()
        assert isinstance(delta, LobbyDelta)
        assert (delta.new, delta.removed) == ((), ())
        assert [(one.table_id, one.hand_no, one.average_pot, one.players) for one in delta.changed] == [
            (1, 8, 700, None)
        ]
        assert await told(socket) == delta
        await front.node.publish(evolve(hidden, hand_no=9), table_summary(3))
        delta = await events.next()
        assert isinstance(delta, LobbyDelta)
        assert [line.table_id for line in delta.new] == [3]
        await front.node.write(table.shard, table.table_id, b"")
        delta = await events.next()
        assert isinstance(delta, LobbyDelta)
        assert (delta.new, delta.changed, delta.removed) == ((), (), (1,))
