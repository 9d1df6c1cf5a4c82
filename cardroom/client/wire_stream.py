"""The bytes of one connection: read and written without a task switch where the system has or takes them."""

import socket
from abc import ABC, abstractmethod
from typing import Final
from urllib.parse import SplitResult

import trio

_RECEIVE_BYTES: Final = 64 * 1024
_PORT: Final = 80
_TLS_PORT: Final = 443


class WireStream(ABC):
    """One connection. Raises ``OSError`` and trio's errors of broken and closed resources."""

    def __init__(self) -> None:
        self._unsent = bytearray()
        self._flushing = trio.Lock()

    @abstractmethod
    async def receive(self) -> bytes:
        """Wait for bytes; none at the end."""

    @abstractmethod
    def put(self, data: bytes) -> bool:
        """Write what the connection takes at once and keep the rest; says whether all is written."""

    @abstractmethod
    async def flush(self) -> None:
        """Write what ``put`` has kept."""

    @abstractmethod
    def cut(self) -> None:
        """End the connection at once, without a goodbye. May be repeated."""


class PlainStream(WireStream):
    """A TCP connection, used directly: trio is asked only where there is nothing to read or no room."""

    def __init__(self, stream: trio.SocketStream) -> None:
        super().__init__()
        self._socket = socket.socket(fileno=stream.socket.detach())
        self._socket.setblocking(False)

    async def receive(self) -> bytes:
        """Wait for bytes; none at the end."""
        while True:
            self._check_is_open()
            await trio.lowlevel.wait_readable(self._socket)
            try:
                return self._socket.recv(_RECEIVE_BYTES)
            except BlockingIOError:
                continue

    def put(self, data: bytes) -> bool:
        """Write what the connection takes at once and keep the rest; says whether all is written."""
        if self._unsent:
            self._unsent += data
            return False
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        if sent == len(data):
            return True
        self._unsent += data[sent:]
        return False

    async def flush(self) -> None:
        """Write what ``put`` has kept."""
        async with self._flushing:
            while self._unsent:
                self._check_is_open()
                await trio.lowlevel.wait_writable(self._socket)
                try:
                    del self._unsent[: self._socket.send(self._unsent)]
                except BlockingIOError:
                    continue

    def cut(self) -> None:
        """End the connection at once, without a goodbye. May be repeated."""
        if self._socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()

    def _check_is_open(self) -> None:
        if self._socket.fileno() < 0:
            raise trio.ClosedResourceError("cut off")


class TlsStream(WireStream):
    """A connection with TLS, through trio's stream."""

    def __init__(self, stream: "trio.SSLStream[trio.SocketStream]") -> None:
        super().__init__()
        self._stream = stream

    async def receive(self) -> bytes:
        """Wait for bytes; none at the end."""
        return bytes(await self._stream.receive_some(_RECEIVE_BYTES))

    def put(self, data: bytes) -> bool:
        """Keep all for ``flush``."""
        self._unsent += data
        return False

    async def flush(self) -> None:
        """Write what ``put`` has kept; cancelled in the middle it ends the connection."""
        async with self._flushing:
            data, self._unsent = self._unsent, bytearray()
            try:
                await self._stream.send_all(data)
            except trio.Cancelled:
                self.cut()
                raise

    def cut(self) -> None:
        """End the connection at once, without a goodbye. May be repeated."""
        self._stream.transport_stream.socket.close()


async def open_stream(address: SplitResult) -> WireStream:
    """Connect to where a WebSocket address leads."""
    host = address.hostname or ""
    if address.scheme == "wss":
        port = address.port or _TLS_PORT
        return TlsStream(await trio.open_ssl_over_tcp_stream(host, port, https_compatible=True))
    return PlainStream(await trio.open_tcp_stream(host, address.port or _PORT))
