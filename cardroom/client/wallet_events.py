"""What becomes of a player's deposits and withdrawals, followed at the wallet without sitting anywhere."""

import random
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import h11
import httpx
import trio

from cardroom.client.account import refusal_of
from cardroom.client.errors import ConnectionLost, ProtocolBroken, RequestRefused
from cardroom.client.limits import ClientLimits
from cardroom.client.socket import stream_errors
from cardroom.client.wire_stream import WireStream, open_stream
from cardroom.wire.codec import Malformed
from cardroom.wire.notices import MAX_EVENT_BYTES, WalletEvent, event_codec
from cardroom.wire.refusals import Refusal

SILENT_SECONDS: Final = 40.0
"""A wallet that says nothing for so long is given up; it gives a sign of life each 15 s."""

_PATH: Final = "/api/v1/wallet/events"
_FIRST_RETRY_SECONDS: Final = 0.5
_MOST_RETRY_SECONDS: Final = 15.0
_MAX_UNREAD_BYTES: Final = 2 * MAX_EVENT_BYTES
_MAX_REFUSAL_BYTES: Final = 16 * 1024
_DATA: Final = b"data"
_CODEC: Final = event_codec()


class EventReader:
    """Takes server-sent events apart, in whatever pieces they come; of an event only its data counts."""

    def __init__(self) -> None:
        self._unread = b""
        self._data: list[bytes] = []

    def feed(self, received: bytes) -> list[WalletEvent]:
        """Give the events that are whole now. Raises ``ProtocolBroken``."""
        *lines, self._unread = (self._unread + received).split(b"\n")
        found = [event for line in lines if (event := self._take(line.removesuffix(b"\r"))) is not None]
        if len(self._unread) + sum(map(len, self._data)) > _MAX_UNREAD_BYTES:
            raise ProtocolBroken("no event of the wallet is that long")
        return found

    def _take(self, line: bytes) -> WalletEvent | None:
        if line:
            name, _, value = line.partition(b":")
            if name == _DATA:
                self._data.append(value.removeprefix(b" "))
            return None
        data, self._data = self._data, []
        return _read(b"\n".join(data)) if data else None


def _read(data: bytes) -> WalletEvent | None:
    """Read an event; one of a later version is passed over."""
    try:
        return _CODEC.decode(data)
    except Malformed as fault:
        if fault.code is Refusal.UNKNOWN_MESSAGE:
            return None
        raise ProtocolBroken(f"no event of the wallet: {fault}") from fault


class _Stream:
    """One connection to a wallet: HTTP, whose answer does not end."""

    def __init__(self, stream: WireStream, url: str) -> None:
        self._stream = stream
        self._url = url
        self._http = h11.Connection(h11.CLIENT)
        self._events = EventReader()

    async def ask(self, address: SplitResult, token: str) -> None:
        """Ask for the events. Raises ``RequestRefused``, ``ConnectionLost`` and ``ProtocolBroken``."""
        headers = [("Host", address.netloc), ("Authorization", f"Bearer {token}")]
        request = h11.Request(method="GET", target=address.path.rstrip("/") + _PATH, headers=headers)
        with stream_errors():
            self._stream.put((self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b""))
            await self._stream.flush()
        answer = await self._next()
        if not isinstance(answer, h11.Response):
            raise ProtocolBroken("no answer of a wallet")
        if answer.status_code != httpx.codes.OK:
            raise await self._refusal(answer)

    async def receive(self) -> list[WalletEvent]:
        """Wait for the next events, or a sign of life. Raises ``ConnectionLost`` and ``ProtocolBroken``."""
        received = await self._next()
        if isinstance(received, h11.Data):
            return self._events.feed(bytes(received.data))
        raise ConnectionLost("the wallet has ended the stream")

    def cut(self) -> None:
        """End the connection. May be repeated."""
        self._stream.cut()

    async def _refusal(self, answer: h11.Response) -> RequestRefused | ProtocolBroken:
        body = b""
        while isinstance(received := await self._next(), h11.Data) and len(body) <= _MAX_REFUSAL_BYTES:
            body += received.data
        request = httpx.Request("GET", self._url)
        return refusal_of(
            httpx.Response(
                answer.status_code, headers=answer.headers.raw_items(), content=body, request=request
            )
        )

    async def _next(self) -> Any:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self._more())
        except h11.RemoteProtocolError as error:
            raise ProtocolBroken(f"no HTTP that a wallet may speak: {error}") from error
        return event

    async def _more(self) -> bytes:
        with trio.move_on_after(SILENT_SECONDS), stream_errors():
            if data := await self._stream.receive():
                return data
        raise ConnectionLost("the wallet says nothing more")


class WalletEvents:
    """The events as they come, for ever. Made by ``follow_wallet``; one task at a time reads them.

    Comes back by itself when the connection is lost; then, as at the beginning, the first event is
    ``NoticesMissed``. A step raises ``RequestRefused``, when the login has ended for instance, and
    ``ProtocolBroken``.
    """

    def __init__(self, wallet_url: str, token: str, limits: ClientLimits) -> None:
        self._url = wallet_url
        self._token = token
        self._limits = limits
        self._stream: _Stream | None = None
        self._events: deque[WalletEvent] = deque()
        self._retry_seconds = _FIRST_RETRY_SECONDS

    def __aiter__(self) -> "WalletEvents":
        return self

    async def __anext__(self) -> WalletEvent:
        while not self._events:
            try:
                await self._receive()
            except ConnectionLost:
                await self._wait(random.uniform(0.0, self._retry_seconds))  # noqa: S311 (spread, not secret)
            except RequestRefused as refused:
                if refused.retry_seconds is None:
                    raise
                await self._wait(refused.retry_seconds)
        return self._events.popleft()

    def cut(self) -> None:
        """End the connection. May be repeated; the next step connects again."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.cut()

    async def _receive(self) -> None:
        is_well = False
        try:
            if self._stream is None:
                self._stream = await self._connect()
            self._events += await self._stream.receive()
            self._retry_seconds, is_well = _FIRST_RETRY_SECONDS, True
        finally:
            if not is_well:
                self.cut()

    async def _connect(self) -> _Stream:
        address = urlsplit(self._url)
        scheme = "wss" if address.scheme == "https" else "ws"
        with trio.move_on_after(self._limits.connect_seconds), stream_errors():
            stream = _Stream(await open_stream(address._replace(scheme=scheme)), self._url)
            try:
                await stream.ask(address, self._token)
            except BaseException:
                stream.cut()
                raise
            return stream
        raise ConnectionLost("no connection in time")

    async def _wait(self, seconds: float) -> None:
        await trio.sleep(seconds)
        self._retry_seconds = min(2 * self._retry_seconds, _MOST_RETRY_SECONDS)


@asynccontextmanager
async def follow_wallet(
    wallet_url: str, token: str, limits: ClientLimits | None = None
) -> AsyncIterator[WalletEvents]:
    """Follow a player's wallet while the block lasts; ``token`` is that of a login (``LoggedIn.token``).

    Notices may be lost and told twice: ask the wallet's pages after ``NoticesMissed``, and for what is so.
    """
    events = WalletEvents(wallet_url, token, limits or ClientLimits())
    try:
        await trio.lowlevel.checkpoint()
        yield events
    finally:
        events.cut()
