"""A player's WebSocket connection: bytes and frames both ways, from the request for it to the goodbye.

The table tasks write to it and the watch of the sockets reads from it; only its own beginning and end are
waited for, by its task.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import trio

from cardroom.wire.codec import Encoding
from cardroom.wire.frames import Control, FrameReader, Opcode, Received, write_close, write_frame
from cardroom.wire.player import MAX_PLAYER_MESSAGE_BYTES
from node.sessions.outbox import Outbox
from node.sessions.sockets import Watched, Wire

_RECEIVE_BYTES: Final = 4096
_MAX_HEAD_BYTES: Final = 16 * 1024
_HEAD_ENDS: Final = b"\r\n\r\n"
_CONTROLS_AT_FIRST: Final = 16
"""So many control frames may come before the first message: nothing else counts them yet."""
_READS_AFTER_GOODBYE: Final = 100
"""So often it is looked at what still comes after our last word: more than from who keeps to the limits."""


class LineEnded(Exception):
    """The other side has closed the connection, has broken the rules of WebSocket, or is gone."""


class Line:
    """One connection; ``encoding`` and ``address`` are what its handshake found out."""

    __slots__ = ("_reader", "_unheard", "_wire", "address", "encoding", "is_gone", "outbox")

    def __init__(self, wire: Wire, backlog_bytes: int) -> None:
        self._wire = wire
        self._reader = FrameReader(MAX_PLAYER_MESSAGE_BYTES, are_masked=True)
        self._unheard: list[Received] = []
        self.outbox = Outbox(wire, backlog_bytes)
        self.encoding = Encoding.JSON
        self.address = wire.address
        self.is_gone = False

    @property
    def wire(self) -> Wire:
        """What carries the bytes."""
        return self._wire

    @contextmanager
    def watched(self, watched: Watched) -> Iterator[None]:
        """Let it read and write as ``Wire.watched`` does; what could not be sent before is sent, too."""
        with self._wire.watched(watched):
            if self.outbox.has_backlog:
                self._wire.ask_for_room()
            yield

    @property
    def is_over(self) -> bool:
        """Say whether nothing more can be received."""
        return self.is_gone or self._reader.is_over

    def receive(self) -> list[Received]:
        """Give what has come since: whole messages and control frames. Never blocks; see ``is_over``."""
        data = self._receive_bytes()
        received = self._reader.feed(data) if data else []
        if self._unheard:
            received, self._unheard = self._unheard + received, []
        return received

    def answer(self, control: Control) -> bool:
        """Do what the protocol asks for on a control frame; False when the backlog is full."""
        if control.opcode is Opcode.PING:
            return self.outbox.offer(write_frame(Opcode.PONG, control.payload))
        if control.opcode is Opcode.CLOSE:
            self.outbox.close_with(write_frame(Opcode.CLOSE, control.payload[:2]))
        return True

    async def read_head(self) -> bytes:
        """Wait for the request that asks for a WebSocket, up to its empty line; raises ``LineEnded``."""
        head = b""
        while _HEAD_ENDS not in head:
            await self._wire.wait_readable()
            head += self._receive_bytes() or b""
            if self.is_gone or len(head) > _MAX_HEAD_BYTES:
                raise LineEnded
        end = head.index(_HEAD_ENDS) + len(_HEAD_ENDS)
        self._unheard = self._reader.feed(head[end:])
        return head[:end]

    async def first_message(self) -> str | bytes:
        """Wait for a message; what came with it is kept. Raises ``LineEnded``."""
        controls = 0
        while True:
            received = self.receive()
            for number, one in enumerate(received, start=1):
                if not isinstance(one, Control):
                    self._unheard = received[number:]
                    return one
                self.answer(one)
                controls += 1
                if controls > _CONTROLS_AT_FIRST:
                    raise LineEnded
            if self.is_over:
                raise LineEnded
            await self._wire.wait_readable()

    async def say_goodbye(self, code: int, reason: str, seconds: float) -> None:
        """Close, and wait up to ``seconds`` until the other side has read it and closes, too.

        Not for who goes on talking instead.
        """
        if self.is_gone:
            return
        fault = self._reader.fault
        self.outbox.close_with(
            write_close(code, reason) if fault is None else write_close(fault, fault.name.lower())
        )
        with trio.move_on_after(seconds):
            await self._drain()
            for _ in range(_READS_AFTER_GOODBYE):
                if self.is_over:
                    return
                await self._wire.wait_readable()
                self.receive()

    async def linger(self, seconds: float) -> None:
        """Say that nothing more comes and wait for the other side to go, so that it reads our last words."""
        self._wire.end()
        with trio.move_on_after(seconds):
            for _ in range(_READS_AFTER_GOODBYE):
                if self.is_gone:
                    return
                await self._wire.wait_readable()
                self._receive_bytes()

    async def _drain(self) -> None:
        while self.outbox.has_backlog:
            await self._wire.wait_writable()
            self.outbox.flush()

    def _receive_bytes(self) -> bytes | None:
        """Give what has come; nothing if nothing has, and notice the end."""
        try:
            data = self._wire.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            self.is_gone = True
            self.outbox.break_off()
        return data
