"""The processes that play: this one, or children that hear and tell over pipes."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import trio

from loadtest.crowd import Order, Second, play
from loadtest.share import Share, write_share

_MAX_LINE_BYTES: Final = 4 * 1024 * 1024
_ORDERS: Final = 16
_KILL_SECONDS: Final = 5.0

Take = Callable[[int, Second], None]
"""Takes what the process of an index tells."""


class PartFailed(Exception):
    """A process that played ended before it was told to."""


class Part:
    """One process that plays. Orders are given without waiting."""

    def __init__(self, share: Share) -> None:
        self.share = share
        self.ended = trio.Event()
        self._give, self._orders = trio.open_memory_channel[Order](_ORDERS)

    def order(self, order: Order) -> None:
        """Give an order; a process that has ended hears it no more."""
        if not self.ended.is_set():
            self._give.send_nowait(order)

    async def play_here(self, take: Take) -> None:
        """Play in this process."""
        await play(self.share, self._orders, lambda second: take(self.share.index, second))
        self.ended.set()

    async def play_in_child(self, take: Take) -> None:
        """Play in a process of its own; raises ``PartFailed`` if that ends badly."""
        command = [sys.executable, "-m", "loadtest.child"]
        async with trio.open_nursery() as nursery:
            process = await trio.lowlevel.open_process(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
            try:
                nursery.start_soon(self._pass_on, process)
                await self._listen(process, take)
                code = await process.wait()
            finally:
                with trio.move_on_after(2 * _KILL_SECONDS, shield=True):
                    await _end(process)
            nursery.cancel_scope.cancel()
        self.ended.set()
        if code != 0:
            raise PartFailed(f"Process {self.share.index + 1} of the load test ended with code {code}")

    async def _pass_on(self, process: trio.Process) -> None:
        assert process.stdin is not None, "it is a pipe"
        try:
            await process.stdin.send_all((write_share(self.share) + "\n").encode())
            async for order in self._orders:
                await process.stdin.send_all((order.value + "\n").encode())
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return  # it has ended, and its code says why

    async def _listen(self, process: trio.Process, take: Take) -> None:
        assert process.stdout is not None, "it is a pipe"
        async for line in read_lines(process.stdout):
            take(self.share.index, Second.of_document(json.loads(line)))


async def read_lines(stream: trio.abc.ReceiveStream) -> AsyncIterator[bytes]:
    """Give a stream line by line; a line that is not whole at the end is dropped."""
    buffered = bytearray()
    async for data in stream:
        buffered += data
        assert len(buffered) <= _MAX_LINE_BYTES, "a line of a second is short"
        *lines, rest = buffered.split(b"\n")
        buffered = bytearray(rest)
        for line in lines:
            yield bytes(line)


async def _end(process: trio.Process) -> None:
    """End a child that still runs, calmly if it can be."""
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        with trio.move_on_after(_KILL_SECONDS):
            await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()


@asynccontextmanager
async def open_parts(shares: Sequence[Share], take: Take) -> AsyncIterator[list[Part]]:
    """Let every share be played, one in this process and several in children; at the end all are ended."""
    parts = [Part(share) for share in shares]
    async with trio.open_nursery() as nursery:
        for part in parts:
            nursery.start_soon(part.play_here if len(parts) == 1 else part.play_in_child, take)
        yield parts
        nursery.cancel_scope.cancel()
