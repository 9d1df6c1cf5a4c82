"""A worker's page of wallet events at a real socket, and clients that read it as slowly as they like."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import h11
import trio
from attrs import define, field, frozen

from cardroom.ids import UserId
from cardroom.local.servers import free_port
from cardroom.service.http import serve_http
from cardroom.service.logins import LoginLookup, LookupSettings
from cardroom.service.redis import Redis
from cardroom.service.settings import Bind
from cardroom.wire import keys
from cardroom.wire.notices import PlayerNotice, WalletEvent, event_codec, notice_codec
from tests.fakes.conformity import watch_answers
from tests.node.tables.house import until
from tests.wallet_worker.house import LOG, House
from tests.wallet_worker.office import guarded_app
from wallet_worker.api.bodies import add_away_answers
from wallet_worker.api.event_feed import EventFeed
from wallet_worker.api.events import event_pages
from wallet_worker.payment_settings import NoticeSettings

PATH = "/api/v1/wallet/events"
_CODEC = event_codec()
_DATA = re.compile(rb"^data: (.*)$", re.MULTILINE)


@frozen
class Desk:
    """One worker, as far as it serves events."""

    port: int
    feed: EventFeed
    stopping: trio.Event

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def open_desk(
    house: House,
    redis: Redis,
    settings: NoticeSettings | None = None,
    is_welcome: Callable[[UserId], bool] = lambda _: True,
) -> AsyncIterator[Desk]:
    """Serve events until the end of the block; notices are heard when it begins."""
    settings = settings or NoticeSettings()
    feed = EventFeed(redis, settings, LOG)
    app = guarded_app()
    add_away_answers(app, LOG)
    logins = LoginLookup(redis, house.database, LookupSettings())
    app.register_blueprint(event_pages(feed, logins, settings.beat_seconds, is_welcome))
    watch_answers(app)
    desk = Desk(free_port(), feed, trio.Event())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(feed.run)
        async with trio.open_nursery() as serving:
            await serving.start(serve_http, app, Bind("127.0.0.1", desk.port), desk.stopping)
            await until(lambda: feed.is_listening)
            yield desk
            feed.stop()
            desk.stopping.set()
        nursery.cancel_scope.cancel()


async def publish(redis: Redis, user_id: UserId, *notices: PlayerNotice) -> None:
    async with redis.pipeline(transaction=False) as pipeline:
        for notice in notices:
            pipeline.publish(keys.user(user_id), notice_codec().encode(notice))


@define
class Stream:
    """A client that reads when it is asked to."""

    stream: trio.SocketStream
    _http: h11.Connection = field(factory=lambda: h11.Connection(h11.CLIENT))
    _text: bytes = b""
    beats: int = 0

    async def ask(self, token: str) -> int:
        headers = [("Host", "here"), ("Authorization", f"Bearer {token}")]
        await self._send(h11.Request(method="GET", target=PATH, headers=headers))
        await self._send(h11.EndOfMessage())
        answer = await self._receive()
        assert isinstance(answer, h11.Response)
        if answer.status_code == 200:
            assert dict(answer.headers)[b"content-type"].startswith(b"text/event-stream")
        return answer.status_code

    async def next(self) -> WalletEvent | None:
        """Give the next event; None at the end."""
        while True:
            while b"\n\n" not in self._text:
                received = await self._receive()
                if not isinstance(received, h11.Data):
                    return None
                self._text += bytes(received.data)
            text, _, self._text = self._text.partition(b"\n\n")
            self.beats += text == b":"
            if found := _DATA.search(text):
                return _CODEC.decode(found[1])

    async def _send(self, event: h11.Event) -> None:
        await self.stream.send_all(self._http.send(event) or b"")

    async def _receive(self) -> h11.Event:
        with trio.fail_after(8):
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self.stream.receive_some())
        assert not isinstance(event, type)
        return event


@asynccontextmanager
async def stream_of(desk: Desk, token: str, *, reads: bool = True) -> AsyncIterator[Stream]:
    """Follow over one connection; who does not read has hardly any room for what comes."""
    stream = await trio.open_tcp_stream("127.0.0.1", desk.port)
    if not reads:
        stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, 4096)
    async with stream:
        followed = Stream(stream)
        assert await followed.ask(token) == 200
        yield followed
