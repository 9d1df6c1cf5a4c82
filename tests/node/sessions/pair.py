"""Both ends of a TCP connection whose sockets take little at once."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from node.sessions.sockets import Sockets, SocketWire


@asynccontextmanager
async def open_pair() -> AsyncIterator[tuple[SocketWire, trio.SocketStream]]:
    """Give our end, which is being watched for whoever asks, and the player's."""
    listening = socket.create_server(("127.0.0.1", 0))
    far = socket.create_connection(listening.getsockname())
    near, _ = listening.accept()
    listening.close()
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    far.setblocking(False)
    player = trio.SocketStream(trio.socket.from_stdlib_socket(far))
    sockets = Sockets()
    try:
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(sockets.run)
                yield SocketWire(near, 4096, sockets), player
                nursery.cancel_scope.cancel()
    finally:
        near.close()
        far.close()
        sockets.close()


async def read(player: trio.SocketStream, size: int) -> bytes:
    """Read so many bytes as the player."""
    data = b""
    while len(data) < size:
        data += (more := await player.receive_some(size - len(data)))
        assert more, "the stream ended too early"
    return data
