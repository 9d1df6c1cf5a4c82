"""Players' sockets: none is waited for by a task of its own while the game goes on; one task watches all.

A message then costs no switch between tasks and no new registration with the system, and a connection that
does nothing costs next to nothing.
"""

import contextlib
import select
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol

import trio

_AT_ONCE: Final = 64
"""So many connections are served before tables and all others have their turn."""


class Watched(Protocol):
    """What is done with a connection once its wire allows it. None of this blocks."""

    def read(self) -> None:
        """Take what has come, or notice that nothing more will; some may be left for the next turn."""

    def write(self) -> bool:
        """Send what waits; say whether some is left."""

    def fail(self, error: Exception) -> None:
        """End, since reading or writing has shown a fault of ours."""


class Wire(Protocol):
    """One end of a connection to a player, never waited for by ``send`` and ``recv``.

    These raise ``BlockingIOError`` when they would have to wait, and ``OSError`` when it is broken.
    """

    @property
    def address(self) -> str:
        """The other side's address without the port; nothing if it is gone already."""

    def send(self, data: bytes | bytearray, /) -> int:
        """Take what can be taken at once; say how much."""

    def recv(self, max_bytes: int, /) -> bytes:
        """Give what has come; nothing when the other side has ended."""

    async def wait_readable(self) -> None:
        """Wait until ``recv`` need not wait. Not while the wire is watched."""

    async def wait_writable(self) -> None:
        """Wait until ``send`` need not wait. Not while the wire is watched."""

    def watched(self, watched: Watched) -> AbstractContextManager[None]:
        """Let it read whenever something comes, for as long as the context lasts."""

    def ask_for_room(self) -> None:
        """Let who is watched write once there is room."""

    def end(self) -> None:
        """Say that nothing more comes."""


class Sockets:
    """Waits for the sockets that are watched; ``run`` must be running."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._watched: dict[int, Watched] = {}

    @contextmanager
    def watched(self, descriptor: int, watched: Watched) -> Iterator[None]:
        """Watch a socket, which stays open as long as that lasts."""
        self._epoll.register(descriptor, select.EPOLLIN)
        self._watched[descriptor] = watched
        try:
            yield
        finally:
            self._epoll.unregister(descriptor)
            del self._watched[descriptor]

    def ask_for_room(self, descriptor: int) -> None:
        """Let a socket that is watched write, once it can."""
        if descriptor in self._watched:
            self._epoll.modify(descriptor, select.EPOLLIN | select.EPOLLOUT)

    async def run(self) -> None:
        """Serve the sockets until cancelled; of many that are ready each has its turn."""
        while True:
            await trio.lowlevel.wait_readable(self._epoll)
            for descriptor, events in self._epoll.poll(0, _AT_ONCE):
                self._serve(descriptor, events)

    def _serve(self, descriptor: int, events: int) -> None:
        watched = self._watched[descriptor]
        try:
            if events & select.EPOLLOUT and not watched.write():
                self._epoll.modify(descriptor, select.EPOLLIN)
            if events != select.EPOLLOUT:
                watched.read()
        except Exception as error:  # noqa: BLE001 (the border of one session, which reports it)
            watched.fail(error)

    def close(self) -> None:
        """Close what the system holds for the watch; no socket is watched any more."""
        self._epoll.close()


class SocketWire:
    """A TCP connection, as the listener has accepted it. Whoever made it closes it."""

    def __init__(self, connection: socket.socket, send_buffer_bytes: int, sockets: Sockets) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer_bytes)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self.address = _address_of(connection)
        self.send = connection.send
        self.recv = connection.recv
        self._connection = connection
        self._sockets = sockets

    async def wait_readable(self) -> None:
        """See ``Wire``."""
        await trio.lowlevel.wait_readable(self._connection)

    async def wait_writable(self) -> None:
        """See ``Wire``."""
        await trio.lowlevel.wait_writable(self._connection)

    def watched(self, watched: Watched) -> AbstractContextManager[None]:
        """See ``Wire``."""
        return self._sockets.watched(self._connection.fileno(), watched)

    def ask_for_room(self) -> None:
        """See ``Wire``."""
        self._sockets.ask_for_room(self._connection.fileno())

    def end(self) -> None:
        """See ``Wire``."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)


def _address_of(connection: socket.socket) -> str:
    """Give the other side's address without the port; nothing if it is gone already."""
    try:
        name = connection.getpeername()
        return str(name[0]) if isinstance(name, tuple) else ""
    except OSError:
        return ""
