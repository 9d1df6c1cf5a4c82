"""Messages over a WebSocket: encoded, bounded, with a limit on every wait."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlsplit

import trio
from trio_websocket import ConnectionClosed, HandshakeError, WebSocketConnection, wrap_client_stream
from wsproto.utilities import LocalProtocolError

from cardroom.client.errors import ConnectionLost, ProtocolBroken, RequestRefused
from cardroom.client.limits import ClientLimits
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.player import PlayerMessage, player_codec
from cardroom.wire.table import MAX_TABLE_MESSAGE_BYTES, Refused, TableMessage, TablePaused, table_codec

T = TypeVar("T")

_RECEIVE_BYTES: Final = 64 * 1024
_MESSAGE_QUEUE: Final = 64
_PORT: Final = 80
_TLS_PORT: Final = 443


class Socket:
    """A connection that carries player messages out and table messages in. Made by ``open_socket``."""

    def __init__(
        self, url: str, connection: WebSocketConnection, encoding: Encoding, limits: ClientLimits
    ) -> None:
        self.url = url
        self.encoding = encoding
        self._connection = connection
        self._is_text = encoding is Encoding.JSON
        self._outgoing, self._incoming = _codecs(encoding)
        self._limits = limits

    async def send(self, message: PlayerMessage) -> None:
        """Send one message; a connection that does not take it in time is closed."""
        data = self._outgoing.encode(message)
        with trio.move_on_after(self._limits.send_seconds) as sending, _socket_errors():
            await self._connection.send_message(data.decode() if self._is_text else data)
        if sending.cancelled_caught:
            await self.close()
            raise ConnectionLost("the node does not read")

    async def receive(self) -> TableMessage:
        """Wait for the next message, without a limit: silence is the pinging task's business."""
        with _socket_errors():
            data = await self._connection.get_message()
        try:
            return self._incoming.decode(data)
        except Malformed as error:
            raise ProtocolBroken(f"no message of this protocol: {error}") from error

    async def receive_first(self, kind: type[T]) -> T:
        """Wait, within the limit, for a message of the kind that must come now."""
        message = await self.receive_in_time()
        while isinstance(message, TablePaused):  # what is asked for comes when the table goes on
            message = await self.receive()
        if isinstance(message, Refused):
            raise RequestRefused(message.code)
        if not isinstance(message, kind):
            raise ProtocolBroken(f"{kind.__name__} expected, not {type(message).__name__}")
        return message

    async def receive_in_time(self) -> TableMessage:
        """Wait for the next message, within the limit for answers."""
        with trio.move_on_after(self._limits.answer_seconds):
            return await self.receive()
        raise ConnectionLost("no answer in time")

    async def close(self) -> None:
        """Say goodbye; whoever does not answer in time is left without. May be repeated."""
        with trio.move_on_after(self._limits.close_seconds):
            await self._connection.aclose()


@cache
def _codecs(encoding: Encoding) -> tuple[Codec[PlayerMessage], Codec[TableMessage]]:
    """Give both codecs of an encoding; building them costs more than using them."""
    return player_codec(encoding), table_codec(encoding)


@asynccontextmanager
async def open_socket(url: str, encoding: Encoding, limits: ClientLimits) -> AsyncIterator[Socket]:
    """Connect, with the encoding as subprotocol; closes at the end of the block."""
    address = urlsplit(url)
    with trio.move_on_after(limits.connect_seconds) as connecting, _socket_errors():
        stream = await _open_stream(address)
    if connecting.cancelled_caught:
        raise ConnectionLost("no connection in time")
    try:
        async with open_nursery() as nursery:
            connection = await _shake_hands(nursery, stream, address, encoding, limits)
            socket = Socket(url, connection, encoding, limits)
            yield socket
            await socket.close()
    finally:
        await trio.aclose_forcefully(stream)


_Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]


async def _open_stream(address: SplitResult) -> _Stream:
    host = address.hostname or ""
    if address.scheme == "wss":
        return await trio.open_ssl_over_tcp_stream(host, address.port or _TLS_PORT, https_compatible=True)
    return await trio.open_tcp_stream(host, address.port or _PORT)


async def _shake_hands(
    nursery: trio.Nursery, stream: _Stream, address: SplitResult, encoding: Encoding, limits: ClientLimits
) -> WebSocketConnection:
    watched = _WatchedStream(stream)
    with trio.move_on_after(limits.connect_seconds) as shaking, _socket_errors():
        watched.on_end = shaking.cancel
        connection = await wrap_client_stream(
            nursery,
            watched,  # type: ignore[arg-type]  # it only wants a stream
            address.netloc,
            address.path or "/",
            subprotocols=[encoding.value],
            message_queue_size=_MESSAGE_QUEUE,
            max_message_size=MAX_TABLE_MESSAGE_BYTES,
            receive_buffer_size=_RECEIVE_BYTES,
        )
    if shaking.cancelled_caught:
        raise ConnectionLost("closed during the handshake" if watched.has_ended else "no connection in time")
    watched.on_end = None
    if connection.subprotocol != encoding.value:
        raise ProtocolBroken(f"the node does not speak {encoding.value}")
    return connection


class _WatchedStream(trio.abc.Stream):
    """A stream that tells when the other side ends it: trio-websocket waits for the rest of a handshake."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream
        self.on_end: Callable[[], None] | None = None
        self.has_ended = False

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data: bytes | bytearray = b""
        try:
            data = await self._stream.receive_some(max_bytes)
        finally:
            if not data:
                self.has_ended = True
                if self.on_end is not None:
                    self.on_end()
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()


@asynccontextmanager
async def open_nursery() -> AsyncIterator[trio.Nursery]:
    """Give a nursery for tasks that serve the block: they end with it, and its error leaves as it is."""
    try:
        async with trio.open_nursery(strict_exception_groups=True) as nursery:
            try:
                yield nursery
            finally:
                nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        ended, rest = group.split((ConnectionClosed, HandshakeError, LocalProtocolError))
        if rest is None:
            raise ConnectionLost(str(ended)) from group
        error = rest.exceptions[0] if len(rest.exceptions) == 1 else rest
        context = error.__context__
        try:
            raise error
        finally:
            error.__context__ = context


@contextmanager
def _socket_errors() -> Iterator[None]:
    try:
        yield
    except ConnectionClosed as error:
        reason = error.reason
        code = None if reason is None else reason.code
        raise ConnectionLost("the connection is closed", code) from error
    except (HandshakeError, OSError, trio.BrokenResourceError, trio.ClosedResourceError) as error:
        raise ConnectionLost(str(error) or type(error).__name__) from error
