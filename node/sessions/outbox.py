"""The bytes that go to one player: written without blocking when the socket takes them, else kept, bounded.

The stream under trio-websocket is ours, so that a table can write a frame straight to the socket. A partly
written frame is always finished before any other byte, control frames of the library included.
"""

import contextlib
import socket
from collections import deque
from typing import Protocol

import trio

from node.sessions.heartbeat import FrameEnds

_CLOSE_FRAME = 0x88
"""First byte of a close frame: the whole message, operation 8 (RFC 6455 section 5.2)."""
_RECEIVE_BYTES = 4096


class Wire(Protocol):
    """One end of a connection to a player. What breaks raises ``OSError``."""

    @property
    def address(self) -> str:
        """The other side's address without the port; nothing if it is gone already."""

    def send_now(self, data: memoryview) -> int:
        """Take what can be taken without waiting; say how much."""

    async def send(self, data: memoryview) -> int:
        """Wait until some of it can be taken, and take it; say how much."""

    async def receive(self, max_bytes: int) -> bytes:
        """Wait for the other side; nothing when it has ended."""

    def end(self) -> None:
        """Say that nothing more comes."""

    def close(self) -> None:
        """Break the connection off. May be repeated."""


class SocketWire:
    """A TCP connection, as the listener has accepted it."""

    def __init__(self, connection: socket.socket, send_buffer_bytes: int) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer_bytes)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self.address = _address_of(connection)
        self._direct = connection
        self._socket = trio.socket.from_stdlib_socket(connection)

    def send_now(self, data: memoryview) -> int:
        """See ``Wire``."""
        try:
            return self._direct.send(data)
        except BlockingIOError:
            return 0

    async def send(self, data: memoryview) -> int:
        """See ``Wire``."""
        return await self._socket.send(data)

    async def receive(self, max_bytes: int) -> bytes:
        """See ``Wire``."""
        return await self._socket.recv(max_bytes)

    def end(self) -> None:
        """See ``Wire``."""
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """See ``Wire``."""
        self._socket.close()


class PlayerStream(trio.abc.Stream):
    """A connection shared by the WebSocket library (which awaits) and the table tasks (which must not).

    ``run_writer`` must be running: it sends what the wire did not take at once.
    """

    def __init__(self, wire: Wire, backlog_bytes: int) -> None:
        self._wire = wire
        self._backlog: deque[memoryview] = deque()
        self._backlog_bytes = 0
        self._limit = backlog_bytes
        self._is_closing = False
        self._has_backlog = trio.Event()
        self._is_drained = trio.Event()
        self._is_drained.set()
        self._frames: FrameEnds | None = None
        self.heard_at = trio.current_time()

    @property
    def peer_address(self) -> str:
        """The other side's address without the port."""
        return self._wire.address

    def begin_frames(self) -> None:
        """From here on the other side sends frames; ``heard_at`` is when the last whole one was received."""
        self._frames = FrameEnds()
        self.heard_at = trio.current_time()

    def offer(self, frames: bytes) -> bool:
        """Send whole frames, now or later; False when the backlog is full. Never blocks.

        After a close frame nothing follows: then the frames are dropped.
        """
        if self._is_closing:
            return True
        if self._backlog_bytes + len(frames) > self._limit:
            return False
        self._put(frames)
        return True

    def _put(self, data: bytes) -> None:
        rest = memoryview(data)
        if not self._backlog:
            rest = rest[self._send_now(rest) :]
        if rest:
            self._backlog.append(rest)
            self._backlog_bytes += len(rest)
            self._has_backlog.set()
            if self._is_drained.is_set():
                self._is_drained = trio.Event()

    def _send_now(self, data: memoryview) -> int:
        """Give the wire what it takes without waiting; a broken one is found by the reader."""
        try:
            return self._wire.send_now(data)
        except OSError:
            self._is_closing = True
            return len(data)

    async def run_writer(self) -> None:
        """Send the backlog whenever there is one, until cancelled or the connection breaks."""
        while True:
            await self._has_backlog.wait()
            try:
                while self._backlog:
                    await self._send_first()
            except OSError:
                self._is_closing = True
                self._backlog.clear()
                self._backlog_bytes = 0
            self._has_backlog = trio.Event()
            self._is_drained.set()

    async def _send_first(self) -> None:
        sent = await self._wire.send(self._backlog[0])
        self._backlog_bytes -= sent
        rest = self._backlog[0][sent:]
        if rest:
            self._backlog[0] = rest
        else:
            self._backlog.popleft()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes of the WebSocket library, in order with the frames; its caller sets the time limit."""
        await trio.lowlevel.checkpoint()
        if self._is_closing:
            raise trio.BrokenResourceError("the connection is closing")
        data = bytes(data)
        self._put(data)
        if data and data[0] == _CLOSE_FRAME:
            self._is_closing = True
        await self._is_drained.wait()

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until the backlog is gone."""
        await self._is_drained.wait()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Receive bytes for the WebSocket library."""
        try:
            data = await self._wire.receive(max_bytes or _RECEIVE_BYTES)
        except OSError as error:
            raise trio.BrokenResourceError(str(error)) from error
        if self._frames is not None and self._frames.are_in(data):
            self.heard_at = trio.current_time()
        return data

    async def aclose(self) -> None:
        """Close the connection; what is in the backlog is dropped."""
        self._is_closing = True
        self._wire.close()
        await trio.lowlevel.checkpoint()

    async def linger(self, seconds: float) -> None:
        """Say that nothing more comes and wait for the other side to go, so that it reads our last words."""
        with trio.move_on_after(seconds), contextlib.suppress(OSError, trio.ClosedResourceError):
            self._wire.end()
            while await self._wire.receive(_RECEIVE_BYTES):
                pass


def _address_of(connection: socket.socket) -> str:
    """Give the other side's address without the port; nothing if it is gone already."""
    try:
        name = connection.getpeername()
        return str(name[0]) if isinstance(name, tuple) else ""
    except OSError:
        return ""
