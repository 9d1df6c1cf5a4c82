"""Messages over a WebSocket: encoded, bounded, with a limit on every wait."""

import os
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlsplit

import trio

from cardroom.client.errors import ClientError, ConnectionLost, ProtocolBroken, RequestRefused
from cardroom.client.handshake import HEAD_END, MAX_HEAD_BYTES, Handshake
from cardroom.client.limits import ClientLimits
from cardroom.client.wire_stream import WireStream, open_stream
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.frames import Control, FrameReader, Opcode, Received, write_frame
from cardroom.wire.player import PlayerMessage, player_codec
from cardroom.wire.table import MAX_TABLE_MESSAGE_BYTES, Refused, TableMessage, TablePaused, table_codec

T = TypeVar("T")

_GOODBYE: Final = 1000
_NO_CODE: Final = 1005
_NO_GOODBYE: Final = 1006
_CODE_BYTES: Final = 2
_MASK_BYTES: Final = 4


class Socket:
    """A connection that carries player messages out and table messages in. Made by ``open_socket``."""

    def __init__(self, url: str, stream: WireStream, encoding: Encoding, limits: ClientLimits) -> None:
        self.url = url
        self.encoding = encoding
        self._stream = stream
        self._opcode = Opcode.TEXT if encoding is Encoding.JSON else Opcode.BINARY
        self._outgoing, self._incoming = _codecs(encoding)
        self._limits = limits
        self._reader = FrameReader(MAX_TABLE_MESSAGE_BYTES, are_masked=False)
        self._messages: deque[bytes | str] = deque()
        self._end: ClientError | None = None
        self._has_ended = trio.Event()
        self._is_read = False
        self._is_leaving = False

    async def send(self, message: PlayerMessage) -> None:
        """Send one message; a connection that does not take it in time is closed."""
        if self._end is not None:
            raise self._end
        await self._send(masked_frame(self._opcode, self._outgoing.encode(message)))

    async def receive(self) -> TableMessage:
        """Wait for the next message, without a limit: silence is the pinging task's business."""
        while not self._messages:
            await self._fill()
        try:
            return self._incoming.decode(self._messages.popleft())
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
        if self._end is None:
            with trio.move_on_after(self._limits.close_seconds), suppress(ClientError):
                self.say_goodbye()
                with stream_errors():
                    await self._stream.flush()
                if self._is_read:
                    await self._has_ended.wait()
                while self._end is None:
                    await self._fill()
            self._end_with(ConnectionLost("the connection is closed", _GOODBYE))
        self.cut()
        await trio.lowlevel.checkpoint()

    def say_goodbye(self) -> None:
        """Ask the node to end the connection, once, without waiting for it."""
        if not self._is_leaving:
            self._is_leaving = True
            with suppress(ClientError), stream_errors():
                self._stream.put(masked_frame(Opcode.CLOSE, _GOODBYE.to_bytes(_CODE_BYTES, "big")))

    def cut(self) -> None:
        """End the connection without a goodbye, as a network does that fails."""
        self._stream.cut()

    def start_with(self, data: bytes) -> None:
        """Take what came behind the handshake."""
        for received in self._reader.feed(data):
            self._take(received)
        self._check_frames()

    async def _send(self, frame: bytes) -> None:
        with stream_errors():
            if self._stream.put(frame):
                return
        with trio.move_on_after(self._limits.send_seconds) as sending, stream_errors():
            await self._stream.flush()
        if sending.cancelled_caught:
            self._end_with(ConnectionLost("the node does not read"))
            self.cut()
            raise ConnectionLost("the node does not read")

    async def _fill(self) -> None:
        """Read once, and keep the messages that are whole."""
        if self._end is not None:
            raise self._end
        self._is_read = True
        try:
            with stream_errors():
                data = await self._stream.receive()
            for received in self._reader.feed(data):
                if isinstance(received, Control) and received.opcode is Opcode.PING:
                    await self._send(masked_frame(Opcode.PONG, received.payload))
                else:
                    self._take(received)
            self._check_frames()
        except ClientError as end:
            self._end_with(end)
            return
        finally:
            self._is_read = False
        if not data:
            self._end_with(ConnectionLost("the connection is closed", _NO_GOODBYE))

    def _take(self, received: Received) -> None:
        if not isinstance(received, Control):
            self._messages.append(received)
        elif received.opcode is Opcode.CLOSE and self._end is None:
            payload = received.payload
            code = int.from_bytes(payload[:_CODE_BYTES], "big") if payload else _NO_CODE
            self.say_goodbye()
            self._end_with(ConnectionLost("the connection is closed", code))

    def _check_frames(self) -> None:
        fault = self._reader.fault
        if fault is not None:
            raise ProtocolBroken(f"no frame that a node may send: {fault.name.lower()}")

    def _end_with(self, end: ClientError) -> None:
        self._end = self._end or end
        self._has_ended.set()


def masked_frame(opcode: Opcode, payload: bytes) -> bytes:
    """Write a frame as a client's has to be, under a mask that nobody can foresee."""
    return write_frame(opcode, payload, os.urandom(_MASK_BYTES))


@cache
def _codecs(encoding: Encoding) -> tuple[Codec[PlayerMessage], Codec[TableMessage]]:
    """Give both codecs of an encoding; building them costs more than using them."""
    return player_codec(encoding), table_codec(encoding)


@asynccontextmanager
async def open_socket(url: str, encoding: Encoding, limits: ClientLimits) -> AsyncIterator[Socket]:
    """Connect, with the encoding as subprotocol; closes at the end of the block."""
    address = urlsplit(url)
    with trio.move_on_after(limits.connect_seconds) as connecting, stream_errors():
        stream = await open_stream(address)
    if connecting.cancelled_caught:
        raise ConnectionLost("no connection in time")
    try:
        with trio.move_on_after(limits.connect_seconds) as shaking, stream_errors():
            rest = await _shake_hands(stream, address, encoding)
        if shaking.cancelled_caught:
            raise ConnectionLost("no connection in time")
        socket = Socket(url, stream, encoding, limits)
        socket.start_with(rest)
        yield socket
        await socket.close()
    finally:
        stream.cut()


async def _shake_hands(stream: WireStream, address: SplitResult, encoding: Encoding) -> bytes:
    """Agree on the WebSocket; gives the bytes that came behind the answer."""
    handshake = Handshake(address.netloc, address.path or "/", encoding.value)
    if not stream.put(handshake.request):
        await stream.flush()
    data = b""
    while HEAD_END not in data:
        more = await stream.receive()
        if not more:
            raise ConnectionLost("closed during the handshake")
        data += more
        if len(data) > MAX_HEAD_BYTES:
            raise ProtocolBroken("the answer to the handshake is too long")
    head, _, rest = data.partition(HEAD_END)
    handshake.check(head)
    return rest


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
        error = group.exceptions[0] if len(group.exceptions) == 1 else group
        context = error.__context__
        try:
            raise error
        finally:
            error.__context__ = context


@contextmanager
def stream_errors() -> Iterator[None]:
    """Translate the system's errors around one call into ``ConnectionLost``."""
    try:
        yield
    except (OSError, trio.BrokenResourceError, trio.ClosedResourceError) as error:
        raise ConnectionLost(str(error) or type(error).__name__) from error
