"""A player's connection without a network: two memory streams, so that time may be jumped over."""

from collections.abc import Iterator
from contextlib import contextmanager

import trio
import trio.testing

from node.sessions.sockets import Watched

MemoryStream = trio.StapledStream[trio.testing.MemorySendStream, trio.testing.MemoryReceiveStream]


class MemoryWire:
    """The node's end of a connection, as ``Wire`` wants it; ``far`` is the player's. All is taken at once."""

    address = "192.0.2.1"

    def __init__(self) -> None:
        self._to_player = trio.testing.MemoryReceiveStream()
        self._from_player = trio.testing.MemorySendStream(send_all_hook=self._sent, close_hook=self._arrived)
        self.far: MemoryStream = trio.StapledStream(self._from_player, self._to_player)
        self._watched: Watched | None = None
        self._has_arrived = trio.Event()

    def send(self, data: bytes | bytearray, /) -> int:
        """Give the player all of it."""
        try:
            self._to_player.put_data(bytes(data))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ConnectionResetError from error
        return len(data)

    def recv(self, max_bytes: int, /) -> bytes:
        """Give what the player has sent."""
        try:
            return bytes(self._from_player.get_data_nowait(max_bytes))
        except trio.WouldBlock as nothing:
            self._has_arrived = trio.Event()
            raise BlockingIOError from nothing

    async def wait_readable(self) -> None:
        """Wait for the player."""
        await self._has_arrived.wait()

    async def wait_writable(self) -> None:
        """Do not wait: there is room."""
        await trio.lowlevel.checkpoint()

    @contextmanager
    def watched(self, watched: Watched) -> Iterator[None]:
        """Tell of what arrives."""
        self._watched = watched
        try:
            yield
        finally:
            self._watched = None

    def ask_for_room(self) -> None:
        raise AssertionError("all is taken at once")

    def end(self) -> None:
        """The player hears that nothing more comes."""
        self._to_player.put_eof()

    def cut(self) -> None:
        """Break the connection off."""
        self._from_player.close()
        self._to_player.close()

    async def _sent(self) -> None:
        self._arrived()

    def _arrived(self) -> None:
        self._has_arrived.set()
        if self._watched is not None:
            self._watched.read()
