"""The bytes to one player over a socket pair: whole frames, in order, bounded, nothing after a close."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from node.sessions.outbox import PlayerStream, SocketWire

CLOSE = b"\x88\x02\x03\xe8"
PONG = b"\x8a\x04pong"


def frame(letter: bytes, size: int) -> bytes:
    return b"\x82\x7e" + size.to_bytes(2, "big") + letter * size


@asynccontextmanager
async def pair(limit: int = 1_000_000) -> AsyncIterator[tuple[PlayerStream, trio.SocketStream]]:
    """Give our end, whose socket takes little at once, and the player's."""
    listening = socket.create_server(("127.0.0.1", 0))
    far = socket.create_connection(listening.getsockname())
    near, _ = listening.accept()
    listening.close()
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    far.setblocking(False)
    player = trio.SocketStream(trio.socket.from_stdlib_socket(far))
    stream = PlayerStream(SocketWire(near, send_buffer_bytes=4096), limit)
    try:
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stream.run_writer)
                yield stream, player
                nursery.cancel_scope.cancel()
    finally:
        near.close()
        far.close()


async def read(player: trio.SocketStream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += (more := await player.receive_some(size - len(data)))
        assert more, "the stream ended too early"
    return data


async def test_frames_and_control_frames_arrive_whole_and_in_order() -> None:
    async with pair() as (stream, player):
        frames = [frame(bytes([letter]), 9_000) for letter in range(65, 85)]
        for one in frames[:10]:
            assert stream.offer(one)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.send_all, PONG)
            await trio.testing.wait_all_tasks_blocked()
            for one in frames[10:]:
                assert stream.offer(one)
            expected = b"".join(frames[:10]) + PONG + b"".join(frames[10:])
            assert await read(player, len(expected)) == expected


async def test_a_short_message_goes_out_without_the_writer() -> None:
    async with pair() as (stream, player):
        assert stream.offer(frame(b"a", 200))
        assert await read(player, 204) == frame(b"a", 200)


async def test_the_backlog_is_bounded_and_what_was_refused_leaves_no_trace() -> None:
    async with pair(limit=50_000) as (stream, player):
        taken = 0
        while stream.offer(frame(b"x", 9_996)):
            taken += 1
        assert not stream.offer(frame(b"y", 9_996))
        assert set((await read(player, taken * 10_000)).replace(b"\x82\x7e\x27\x0c", b"")) == {ord("x")}
        await stream.wait_send_all_might_not_block()
        assert stream.offer(frame(b"z", 100))
        assert await read(player, 104) == frame(b"z", 100)


async def test_after_a_close_frame_nothing_follows() -> None:
    async with pair() as (stream, player):
        full = frame(b"a", 60_000)
        stream.offer(full)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.send_all, CLOSE)
            await trio.testing.wait_all_tasks_blocked()
            assert stream.offer(frame(b"b", 100))  # dropped: it is no fault of the player
            with pytest.raises(trio.BrokenResourceError):
                await stream.send_all(PONG)
            assert await read(player, len(full) + len(CLOSE)) == full + CLOSE
        await stream.linger(0.05)
        assert await player.receive_some() == b""


async def test_a_cancelled_send_is_finished_before_the_next_byte() -> None:
    async with pair() as (stream, player):
        full = frame(b"a", 60_000)
        with trio.move_on_after(0.01):
            await stream.send_all(full)
        stream.offer(frame(b"b", 10))
        assert await read(player, len(full) + 14) == full + frame(b"b", 10)


async def _send_until_it_breaks(stream: PlayerStream) -> None:
    while True:
        assert stream.offer(frame(b"b", 10))
        await stream.send_all(PONG)


async def test_a_broken_peer_breaks_no_table() -> None:
    async with pair() as (stream, player):
        stream.offer(frame(b"a", 60_000))
        await player.aclose()
        with pytest.raises(trio.BrokenResourceError):
            await _send_until_it_breaks(stream)
        assert stream.offer(frame(b"b", 10))
        await stream.wait_send_all_might_not_block()


async def test_lingering_ends_when_the_other_side_goes_or_the_time_is_over() -> None:
    async with pair() as (stream, player):
        await stream.linger(0.05)
        await player.send_all(b"still talking")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.linger, 60)
            await player.aclose()
        await stream.aclose()
        assert stream.offer(b"late")
        await stream.linger(60)
