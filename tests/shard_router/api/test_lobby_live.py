"""The live lobby through real sockets: what followers are told, who is refused, who is sent away."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import h11
import httpx
import pytest
import trio
from attrs import evolve
from trio_websocket import WebSocketConnection, open_websocket_url

from cardroom.client import RequestRefused, follow_lobby
from cardroom.client.handshake import HEAD_END, Handshake
from cardroom.money import Krw
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from cardroom.wire import keys
from cardroom.wire.frames import Control, FrameReader, Opcode, Received, write_frame
from cardroom.wire.lobby_live import (
    LOBBY_PROTOCOL,
    MAX_LIVE_BYTES,
    LobbyBeat,
    LobbyDelta,
    LobbyMessage,
    LobbySnapshot,
    live_codec,
)
from cardroom.wire.lobby_query import LobbyQuery
from shard_router.app import serve_router
from shard_router.settings import LiveSettings, RouterSettings
from tests.shard_router.front import (
    SHARDS,
    Front,
    NodeHand,
    open_front,
    refusal,
    router_settings,
    table_summary,
)

CODEC = live_codec()
QUICK = LiveSettings(tell_seconds=0.02, look_seconds=0.05, beat_seconds=30.0)


class Events:
    """A client of the server-sent events."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._http = h11.Connection(h11.CLIENT)
        self._text = b""

    async def ask(self, path: str, last: str, address: str) -> int:
        headers = [("Host", "here"), *([("Last-Event-ID", last)] if last else [])]
        headers += [("X-Forwarded-For", address)] if address else []
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
async def events_of(
    front: Front, query: str = "", last: str = "", address: str = ""
) -> AsyncIterator[Events]:
    http = front.settings.http
    async with await trio.open_tcp_stream(http.host, http.port) as stream:
        events = Events(stream)
        assert await events.ask(f"/api/v1/lobby/events{query}", last, address) == 200
        yield events


@asynccontextmanager
async def socket_of(front: Front, query: str = "") -> AsyncIterator[WebSocketConnection]:
    url = f"ws://{front.settings.http.host}:{front.settings.http.port}/api/v1/lobby{query}"
    async with open_websocket_url(url, disconnect_timeout=2.0) as socket:
        yield socket


class Frames:
    """A WebSocket of which also the goodbye is looked at."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._reader = FrameReader(MAX_LIVE_BYTES, are_masked=False)
        self._received: list[Received] = []

    async def open(self) -> None:
        handshake, data = Handshake("here", "/api/v1/lobby", LOBBY_PROTOCOL), b""
        await self.stream.send_all(handshake.request)
        with trio.fail_after(5):
            while HEAD_END not in data:
                data += await self.stream.receive_some()
        head, _, rest = data.partition(HEAD_END)
        handshake.check(head)
        self._received += self._reader.feed(rest)

    async def goodbye(self) -> tuple[int, str]:
        with trio.fail_after(5):
            while not any(isinstance(one, Control) for one in self._received):
                self._received += self._reader.feed(await self.stream.receive_some())
        last = self._received[-1]
        assert isinstance(last, Control)
        assert last.opcode is Opcode.CLOSE
        return int.from_bytes(last.payload[:2], "big"), last.payload[2:].decode()


@asynccontextmanager
async def frames_of(front: Front) -> AsyncIterator[Frames]:
    http = front.settings.http
    async with await trio.open_tcp_stream(http.host, http.port) as stream:
        frames = Frames(stream)
        await frames.open()
        yield frames


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


async def test_who_comes_back_is_told_what_was_missed(front: Front) -> None:
    table = table_summary(1)
    await front.node.publish(table, table_summary(2))
    async with events_of(front) as events:
        first = await events.next()
        assert first is not None
    async with events_of(front, last=first.id) as events:
        assert await events.next() == LobbyBeat(first.id, is_stale=False)
        await front.node.publish(evolve(table, hand_no=8))
        second = await events.next()
        assert second is not None
        await front.node.publish(evolve(table, hand_no=9), table_summary(3))
        await events.next()
    for query, last in (("", first.id), (f"?after={first.id}", "")):
        async with events_of(front, query, last) as events:
            missed = await events.next()
            assert isinstance(missed, LobbyDelta)
            assert [(one.table_id, one.hand_no) for one in missed.changed] == [(1, 9)]
            assert [line.table_id for line in missed.new] == [3]
    async with socket_of(front, f"?after={second.id}") as socket:
        assert isinstance(await told(socket), LobbyDelta)


async def test_who_shows_another_id_begins_anew(front: Front) -> None:
    await front.node.publish(table_summary(1))
    async with events_of(front) as events:
        first = await events.next()
        assert first is not None
    name, digest, number = first.id.split(".")
    others = (
        "7",
        "x.y.z",
        f"other.{digest}.{number}",
        f"{name}.{digest}.{int(number) + 1}",
        f"{name}.{digest}.-1",
    )
    for last in (*others, f"{name}.{digest}.{'9' * 30}", f"{name}.0.{number}"):
        async with events_of(front, last=last) as events:
            assert await events.next() == first
    async with events_of(front, "?seat_count=6", first.id) as events:
        assert isinstance(await events.next(), LobbySnapshot)


async def test_followers_see_only_what_passes_their_filters(front: Front) -> None:
    empty, full = table_summary(1), table_summary(2, 0, 1, 2, 3, 4, 5, 6)
    await front.node.publish(empty, full)
    async with socket_of(front, "?has_free_seat=true") as socket, socket_of(front, "?min_players=6") as other:
        first, others = await told(socket), await told(other)
        assert isinstance(first, LobbySnapshot)
        assert isinstance(others, LobbySnapshot)
        assert [line.table_id for line in (*first.tables, *others.tables)] == [1, 2]
        await front.node.publish(table_summary(2, 0, 1))
        delta, others_delta = await told(socket), await told(other)
        assert isinstance(delta, LobbyDelta)
        assert isinstance(others_delta, LobbyDelta)
        assert ([line.table_id for line in delta.new], delta.removed) == ([2], ())
        assert (others_delta.new, others_delta.changed, others_delta.removed) == ((), (), (2,))


async def test_a_line_shows_when_its_shard_is_closed(front: Front, redis: Redis) -> None:
    await front.node.publish(table_summary(1))
    async with socket_of(front) as socket:
        await told(socket)
        await redis.delete([keys.lease(SHARDS[0])])
        delta = await told(socket)
        assert isinstance(delta, LobbyDelta)
        assert [(one.table_id, one.is_open) for one in delta.changed] == [(1, False)]


@pytest.mark.parametrize(
    "query", ["?colour=red", "?sort=players", "?limit=3", "?min_players=x", "?state=on", "?after=1&after=2"]
)
async def test_what_cannot_be_followed_is_refused(front: Front, query: str) -> None:
    answer = await front.get(f"/api/v1/lobby/events{query}")
    assert refusal(answer) == (400, "malformed")
    assert answer.json()["detail"].startswith(query[1:].partition("=")[0])
    assert await rejected(front, query) == (400, "malformed")


async def rejected(front: Front, query: str = "") -> tuple[int, str]:
    """Ask for a WebSocket that is refused, and read why."""
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    return refusal(await front.http.get(f"/api/v1/lobby{query}", headers=headers | key))


async def test_beats_show_that_somebody_is_there(settings: RouterSettings, log: Log) -> None:
    quick = evolve(settings, live=evolve(QUICK, beat_seconds=0.1))
    async with open_front(quick, log) as front, events_of(front) as events, socket_of(front) as socket:
        first = await events.next()
        assert first is not None
        assert await events.next() == LobbyBeat(first.id, is_stale=False)
        await told(socket)
        assert await told(socket) == LobbyBeat(first.id, is_stale=False)


async def test_more_followers_than_there_may_be(settings: RouterSettings, log: Log) -> None:
    few = evolve(
        settings,
        live=evolve(QUICK, followers=3, followers_per_address=2),
        trusted_proxies=("127.0.0.1/32",),
    )
    async with open_front(few, log) as front, socket_of(front) as socket, events_of(front) as events:
        await told(socket)
        await events.next()
        answer = await front.get("/api/v1/lobby/events")
        assert refusal(answer) == (429, "rate_limited")
        assert await rejected(front) == (429, "rate_limited")
        async with events_of(front, address="192.0.2.7") as third:
            await third.next()
            answer = await front.http.get("/api/v1/lobby/events", headers={"X-Forwarded-For": "192.0.2.8"})
            assert refusal(answer) == (503, "busy")
            assert int(answer.headers["Retry-After"]) > 0
        await socket.aclose()
        with trio.fail_after(5):
            while await status_of(front) == 429:  # noqa: ASYNC110 (who is gone makes room)
                await trio.sleep(0.02)


async def status_of(front: Front) -> int:
    async with front.http.stream("HEAD", "/api/v1/lobby/events") as answer:
        return answer.status_code


async def test_followers_are_sent_away_when_the_router_stops(settings: RouterSettings, log: Log) -> None:
    stopping = trio.Event()
    async with trio.open_nursery() as nursery, open_redis(settings.redis) as redis:
        await nursery.start(serve_router, settings, log, stopping)
        async with httpx.AsyncClient(trust_env=False) as http:
            front = Front(settings, http, NodeHand(redis))
            async with frames_of(front) as frames, events_of(front) as events:
                await events.next()
                stopping.set()
                assert await events.next() is None
                assert await frames.goodbye() == (1012, "stopping")


async def test_followers_have_nothing_to_say(front: Front) -> None:
    async with frames_of(front) as frames:
        await frames.stream.send_all(write_frame(Opcode.TEXT, b"hello", b"mask") * 8)
        assert await frames.goodbye() == (1008, "talking")


async def test_the_client_library_follows(front: Front) -> None:
    table = table_summary(1)
    await front.node.publish(table, table_summary(2, 0, 5))
    http = front.settings.http
    async with aclosing(follow_lobby(f"http://{http.host}:{http.port}", LobbyQuery(stake="50/100"))) as views:
        first = await anext(views)
        assert list(first.tables) == [1, 2]
        await front.node.publish(evolve(table, hand_no=8), table_summary(3))
        view = await anext(views)
        while len(view.tables) < 3 or view.tables[table.table_id].hand_no < 8:
            view = await anext(views)
        assert view.tables[table.table_id] == evolve(first.tables[table.table_id], hand_no=8)
        await front.node.write(table.shard, table.table_id, b"")
        assert list((await anext(views)).tables) == [2, 3]
    async with aclosing(follow_lobby(f"http://{http.host}:{http.port}", LobbyQuery(stake="x" * 65))) as views:
        with pytest.raises(RequestRefused):
            await anext(views)


async def test_the_client_library_comes_back(settings: RouterSettings, log: Log) -> None:
    http = settings.http
    async with aclosing(follow_lobby(f"http://{http.host}:{http.port}")) as views:
        async with open_front(settings, log) as front:
            await front.node.publish(table_summary(1))
            assert list((await anext(views)).tables) == [1]
        async with open_front(settings, log) as front:
            await front.node.publish(table_summary(2))
            with trio.fail_after(20):
                while list((await anext(views)).tables) != [1, 2]:
                    pass
