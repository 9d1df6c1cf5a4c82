"""A connection from the request for it to the goodbye, over memory: strict, however the bytes are cut."""

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from cardroom.wire.codec import Encoding
from cardroom.wire.frames import Control, Fault, FrameReader, Opcode, Received, write_frame
from node.sessions.line import Line, LineEnded
from tests.fakes.memory_wire import MemoryWire
from tests.node.sessions.pair import open_pair, read
from tests.node.sessions.test_outbox import Writer

MASK = b"\x11\x22\x33\x44"
HEAD = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
LIMIT = 10_000


def sent(opcode: Opcode, payload: bytes) -> bytes:
    return write_frame(opcode, payload, MASK)


def closing(code: int, reason: bytes = b"") -> Control:
    return Control(Opcode.CLOSE, code.to_bytes(2, "big") + reason)


def connected() -> tuple[Line, MemoryWire]:
    wire = MemoryWire()
    return Line(wire, LIMIT), wire


async def told(wire: MemoryWire) -> list[Received]:
    """Give the frames that the player has been sent."""
    await trio.testing.wait_all_tasks_blocked()
    with trio.move_on_after(0.01):
        return FrameReader(LIMIT, are_masked=False).feed(bytes(await wire.far.receive_some()))
    return []


async def test_the_request_may_come_byte_by_byte_and_frames_with_it(autojump_clock: MockClock) -> None:
    line, wire = connected()
    data = HEAD + sent(Opcode.PING, b"hm") + sent(Opcode.TEXT, b"first") + sent(Opcode.BINARY, b"second")

    async def drip() -> None:
        for byte in data:
            await wire.far.send_all(bytes([byte]))
            await trio.sleep(0.01)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(drip)
        assert await line.read_head() == HEAD
        assert await line.first_message() == "first"
    assert line.receive() == [b"second"]
    assert await told(wire) == [Control(Opcode.PONG, b"hm")]
    assert (line.encoding, line.address) == (Encoding.JSON, "192.0.2.1")


async def test_what_came_with_the_first_message_is_kept() -> None:
    line, wire = connected()
    await wire.far.send_all(
        HEAD + sent(Opcode.TEXT, b"1") + sent(Opcode.TEXT, b"2") + sent(Opcode.TEXT, b"3")
    )
    assert await line.read_head() == HEAD
    assert await line.first_message() == "1"
    assert line.receive() == ["2", "3"]
    assert not line.is_over


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n", b"x" * 20_000])
async def test_no_request_comes(data: bytes) -> None:
    line, wire = connected()
    await wire.far.send_all(data)
    await wire.far.aclose()
    with pytest.raises(LineEnded):
        await line.read_head()


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"\x81\x00", Fault.PROTOCOL_ERROR),
        (b"\xff\xff\xff\xff", Fault.PROTOCOL_ERROR),
        (sent(Opcode.TEXT, b"\xff"), Fault.INVALID_TEXT),
        (sent(Opcode.BINARY, bytes(4_097)), Fault.TOO_LARGE),
    ],
)
async def test_who_breaks_the_rules_is_told_which_and_closed(
    autojump_clock: MockClock, data: bytes, fault: Fault
) -> None:
    line, wire = connected()
    await wire.far.send_all(HEAD + data)
    await line.read_head()
    with pytest.raises(LineEnded):
        await line.first_message()
    began = trio.current_time()
    await line.say_goodbye(1000, "normal", seconds=2.0)
    assert trio.current_time() == began, "nothing that follows is waited for"
    assert await told(wire) == [closing(fault, fault.name.lower().encode())]
    assert line.outbox.offer(b"more"), "and nothing follows"
    assert await told(wire) == []


async def test_a_goodbye_is_answered_and_ends_the_line() -> None:
    line, wire = connected()
    await wire.far.send_all(HEAD + sent(Opcode.CLOSE, b"\x0f\xa0mine") + sent(Opcode.TEXT, b"late"))
    await line.read_head()
    with pytest.raises(LineEnded):
        await line.first_message()
    await line.say_goodbye(1000, "normal", seconds=60.0)
    assert await told(wire) == [closing(4000)]


async def test_who_only_pings_is_not_listened_to_for_long() -> None:
    line, wire = connected()
    await wire.far.send_all(HEAD + sent(Opcode.PING, b"") * 100 + sent(Opcode.TEXT, b"late"))
    await line.read_head()
    with pytest.raises(LineEnded):
        await line.first_message()
    assert len(await told(wire)) < 20


async def test_our_goodbye_waits_for_theirs_and_then_for_their_end(autojump_clock: MockClock) -> None:
    line, wire = connected()
    began = trio.current_time()

    async def answer() -> None:
        assert await told(wire) == [closing(4401, b"not_authenticated")]
        await trio.sleep(1.0)
        await wire.far.send_all(sent(Opcode.PING, b"") + sent(Opcode.CLOSE, b"\x11\x31"))
        assert await wire.far.receive_some() == b""
        await trio.sleep(1.0)
        await wire.far.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        await line.say_goodbye(4401, "not_authenticated", seconds=5.0)
        assert 1.0 <= trio.current_time() - began < 1.2
        await line.linger(5.0)
    assert 2.0 <= trio.current_time() - began < 2.3
    assert line.is_gone


async def test_who_does_not_answer_a_goodbye_is_left(autojump_clock: MockClock) -> None:
    line, _ = connected()
    began = trio.current_time()
    await line.say_goodbye(4408, "heartbeat_missed", seconds=2.0)
    await line.linger(2.0)
    assert trio.current_time() - began == pytest.approx(4.0)


async def test_who_goes_on_talking_after_the_goodbye_is_left_at_once(autojump_clock: MockClock) -> None:
    line, wire = connected()
    began = trio.current_time()
    await wire.far.send_all(sent(Opcode.PING, b"") * 200_000)
    await line.say_goodbye(4429, "too_many_messages", seconds=2.0)
    await line.linger(2.0)
    assert trio.current_time() == began
    assert not line.is_gone


async def test_what_could_not_be_sent_before_the_watch_is_sent_then() -> None:
    async with open_pair() as (wire, player):
        line = Line(wire, 1_000_000)
        frame = write_frame(Opcode.BINARY, bytes(60_000))
        assert line.outbox.offer(frame)
        assert line.outbox.has_backlog
        with line.watched(Writer(line.outbox)):
            assert await read(player, len(frame)) == frame


async def test_nobody_says_goodbye_to_who_is_gone() -> None:
    line, wire = connected()
    wire.cut()
    assert line.receive() == []
    assert line.is_gone
    await line.say_goodbye(1000, "normal", seconds=60.0)
    await line.linger(60.0)


async def test_more_pings_than_can_be_answered_are_said_to_be() -> None:
    line, wire = connected()
    ping = Control(Opcode.PING, bytes(100))
    assert line.answer(ping)
    assert line.answer(Control(Opcode.PONG, b""))
    assert not Line(wire, 50).answer(ping)
