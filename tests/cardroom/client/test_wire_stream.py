"""Bytes both ways, also when the other side does not take them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

import pytest
import trio
import trio.testing

from cardroom.client.wire_stream import WireStream, open_stream

MUCH = bytes(range(256)) * 40_000


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[WireStream, trio.SocketStream]]:
    give, take = trio.open_memory_channel[trio.SocketStream](1)

    async def serve(stream: trio.SocketStream) -> None:
        await give.send(stream)
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        listeners: list[trio.SocketListener] = await nursery.start(
            partial(trio.serve_tcp, serve, 0, host="127.0.0.1")
        )
        port = listeners[0].socket.getsockname()[1]
        stream = await open_stream(urlsplit(f"ws://127.0.0.1:{port}"))
        yield stream, await take.receive()
        stream.cut()
        nursery.cancel_scope.cancel()


async def test_what_is_not_taken_at_once_is_kept_in_order() -> None:
    async with connected() as (stream, other):
        assert stream.put(b"first")
        assert not stream.put(MUCH)
        assert not stream.put(b"last")
        received = bytearray()
        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stream.flush)
                nursery.start_soon(stream.flush)
                while len(received) < len(MUCH) + 9:
                    received += await other.receive_some()
        assert received == b"first" + MUCH + b"last"
        assert stream.put(b"more")


async def test_both_ends() -> None:
    async with connected() as (stream, other):
        await other.send_all(b"hello")
        assert await stream.receive() == b"hello"
        await other.send_eof()
        assert await stream.receive() == b""


async def test_who_waits_when_it_is_cut_is_told() -> None:
    async def read(stream: WireStream) -> None:
        with pytest.raises((trio.ClosedResourceError, OSError)):
            await stream.receive()

    async with connected() as (stream, _):
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(read, stream)
                await trio.testing.wait_all_tasks_blocked()
                stream.cut()
        stream.cut()
        with pytest.raises(OSError, match="descriptor"):
            stream.put(b"x")
