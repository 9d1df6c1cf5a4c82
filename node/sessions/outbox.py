"""The bytes that go to one player: written without waiting when the wire takes them, else kept, bounded."""

from typing import Protocol


class Taker(Protocol):
    """The part of a ``Wire`` that bytes are given to."""

    def send(self, data: bytes | bytearray, /) -> int:
        """Take what can be taken at once; say how much."""

    def ask_for_room(self) -> None:
        """See to it that ``Outbox.flush`` is called once there is room."""


class Outbox:
    """Whole frames in order; one that is partly written is finished before any other byte.

    What a wire did not take waits until ``flush``. After a close frame, and on a broken wire, what is offered
    is dropped: that the wire is broken is for the reader to find.
    """

    __slots__ = ("_backlog", "_limit", "_send", "_taker", "is_closing")

    def __init__(self, taker: Taker, backlog_bytes: int) -> None:
        self._taker = taker
        self._send = taker.send
        self._limit = backlog_bytes
        self._backlog = bytearray()
        self.is_closing = False

    def offer(self, frames: bytes) -> bool:
        """Send whole frames, now or later; False when the backlog is full. Never blocks."""
        if self.is_closing:
            return True
        if len(self._backlog) + len(frames) > self._limit:
            return False
        self._put(frames)
        return True

    def close_with(self, close_frame: bytes) -> None:
        """Let a close frame follow what waits, and nothing follow it."""
        if not self.is_closing:
            self._put(close_frame)
            self.is_closing = True

    def flush(self) -> bool:
        """Send what waits, as far as the wire takes it; say whether some is left."""
        try:
            sent = self._send(self._backlog)
        except BlockingIOError:
            return True
        except OSError:
            self.break_off()
        else:
            del self._backlog[:sent]
        return bool(self._backlog)

    def break_off(self) -> None:
        """Drop what waits and what will come: nobody reads it."""
        self.is_closing = True
        self._backlog.clear()

    @property
    def has_backlog(self) -> bool:
        """Say whether something waits to be sent."""
        return bool(self._backlog)

    def _put(self, frames: bytes) -> None:
        if self._backlog:
            self._backlog += frames
            return
        try:
            sent = self._send(frames)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.break_off()
            return
        if sent < len(frames):
            self._backlog += frames[sent:]
            self._taker.ask_for_room()
