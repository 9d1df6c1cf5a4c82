"""One task watches all sockets: what comes is read, a fault of one is its own, and all have a turn."""

import socket
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
import trio
import trio.testing
from attrs import define, field

from node.sessions.sockets import SocketWire
from tests.node.sessions.pair import open_pair
from tests.node.tables.house import until


@define
class Reading:
    """What was read of a wire."""

    wire: SocketWire
    heard: list[bytes] = field(factory=list)
    error: Exception | None = None
    does: Callable[[], None] = lambda: None

    def read(self) -> None:
        self.does()
        self.heard.append(self.wire.recv(4))

    def write(self) -> bool:
        raise AssertionError("nobody has asked for room")

    def fail(self, error: Exception) -> None:
        self.error = error
        self.heard.append(self.wire.recv(4))


async def test_what_comes_is_read_piece_by_piece_until_the_watch_ends() -> None:
    async with open_pair() as (wire, player):
        reading = Reading(wire)
        await player.send_all(b"before")
        with wire.watched(reading):
            await until(lambda: len(reading.heard) == 2)
            await player.send_all(b"then")
            await until(lambda: len(reading.heard) == 3)
        await player.send_all(b"late")
        await wire.wait_readable()
        assert reading.heard == [b"befo", b"re", b"then"]
        assert wire.recv(4) == b"late"
        assert wire.address == "127.0.0.1"


async def test_a_fault_ends_with_whom_it_came_from() -> None:
    def stumble() -> None:
        raise RuntimeError("stumbled")

    async with AsyncExitStack() as stack:
        first, one = await stack.enter_async_context(open_pair())
        second, two = await stack.enter_async_context(open_pair())
        faulty, sound = Reading(first, does=stumble), Reading(second)
        with first.watched(faulty), second.watched(sound):
            await one.send_all(b"x")
            await until(lambda: faulty.error is not None)
            await two.send_all(b"y")
            await until(lambda: sound.heard == [b"y"])
        assert isinstance(faulty.error, RuntimeError)


async def test_the_end_of_the_other_side_is_read() -> None:
    async with open_pair() as (wire, player):
        reading = Reading(wire)
        with wire.watched(reading):
            await player.aclose()
            await until(lambda: reading.heard[:1] == [b""])


async def test_who_has_much_to_say_holds_up_nobody() -> None:
    async with open_pair() as (wire, player):
        reading = Reading(wire)
        await player.send_all(b"much" * 400)
        turns = 0
        with wire.watched(reading):
            while len(reading.heard) < 400:
                await trio.lowlevel.checkpoint()
                turns += 1
        assert turns > 100, "others ran in between"


async def test_a_broken_wire_is_ended_without_a_word() -> None:
    async with open_pair() as (wire, player):
        player.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        await player.aclose()
        await wire.wait_readable()
        with pytest.raises(ConnectionResetError):
            wire.recv(1)
        wire.end()
