"""The bytes to one player over a socket pair: whole frames, in order, bounded, nothing after a close."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
import trio.testing
from attrs import define

from cardroom.wire.frames import Opcode, write_close, write_frame
from node.sessions.outbox import Outbox
from tests.node.sessions.pair import open_pair, read

CLOSE = write_close(1000, "")
PONG = write_frame(Opcode.PONG, b"pong")


def frame(letter: bytes, size: int) -> bytes:
    return write_frame(Opcode.BINARY, letter * size)


@define
class Writer:
    """Lets an outbox go on when there is room."""

    outbox: Outbox
    times: int = 0

    def read(self) -> None:
        """Leave it to others to find a broken wire."""

    def write(self) -> bool:
        self.times += 1
        return self.outbox.flush()

    def fail(self, error: Exception) -> None:
        raise AssertionError from error


@asynccontextmanager
async def open_outbox(limit: int = 1_000_000) -> AsyncIterator[tuple[Outbox, trio.SocketStream, Writer]]:
    async with open_pair() as (wire, player):
        outbox = Outbox(wire, limit)
        writer = Writer(outbox)
        with wire.watched(writer):
            yield outbox, player, writer


async def test_frames_and_control_frames_arrive_whole_and_in_order() -> None:
    async with open_outbox() as (outbox, player, _):
        frames = [frame(bytes([letter]), 9_000) for letter in range(65, 85)]
        frames.insert(10, PONG)
        for one in frames:
            assert outbox.offer(one)
        assert outbox.has_backlog
        expected = b"".join(frames)
        assert await read(player, len(expected)) == expected
        await trio.testing.wait_all_tasks_blocked()
        assert not outbox.has_backlog


async def test_a_short_message_goes_out_at_once() -> None:
    async with open_outbox() as (outbox, player, writer):
        assert outbox.offer(frame(b"a", 200))
        assert not outbox.has_backlog
        assert await read(player, 204) == frame(b"a", 200)
        await trio.sleep(0.01)
        assert writer.times == 0, "nobody asks for room without need"


async def test_nobody_asks_for_room_once_all_is_sent() -> None:
    async with open_outbox() as (outbox, player, writer):
        full = frame(b"a", 60_000)
        outbox.offer(full)
        assert await read(player, len(full)) == full
        await trio.testing.wait_all_tasks_blocked()
        times = writer.times
        await trio.sleep(0.02)
        assert writer.times == times > 0
        outbox.offer(full)
        assert await read(player, len(full)) == full


async def test_the_backlog_is_bounded_and_what_was_refused_leaves_no_trace() -> None:
    async with open_outbox(limit=50_000) as (outbox, player, _):
        taken = 0
        while outbox.offer(frame(b"x", 9_996)):
            taken += 1
        assert not outbox.offer(frame(b"y", 9_996))
        assert set((await read(player, taken * 10_000)).replace(b"\x82\x7e\x27\x0c", b"")) == {ord("x")}
        await trio.testing.wait_all_tasks_blocked()
        assert outbox.offer(frame(b"z", 100))
        assert await read(player, 102) == frame(b"z", 100)


async def test_after_a_close_frame_nothing_follows() -> None:
    async with open_outbox(limit=60_500) as (outbox, player, _):
        full = frame(b"a", 60_000)
        outbox.offer(full)
        outbox.close_with(CLOSE)
        assert outbox.offer(frame(b"b", 1_000)), "dropped: it is no fault of the player"
        outbox.close_with(CLOSE)
        assert await read(player, len(full) + len(CLOSE)) == full + CLOSE
        with trio.move_on_after(0.05) as waiting:
            await player.receive_some()
        assert waiting.cancelled_caught


async def test_a_broken_peer_breaks_no_table() -> None:
    async with open_outbox() as (outbox, player, _):
        outbox.offer(frame(b"a", 60_000))
        await player.aclose()
        while not outbox.is_closing:
            assert outbox.offer(frame(b"b", 10))
            await trio.lowlevel.checkpoint()
        assert not outbox.has_backlog
        assert outbox.offer(frame(b"b", 10))
