"""Signs of life: who is silent is asked for one, and who stays silent is gone.

A sign of life is a whole frame, whatever is in it: a message, or the pong with which every WebSocket library
answers our ping by itself. Bytes of a frame that is not complete are none, so nobody stays by dripping them.
"""

import math
from enum import Enum, unique
from typing import Final

from attrs import Factory, define

PING_FRAME: Final = b"\x89\x00"
"""A ping that says nothing: one whole frame of a server (RFC 6455 section 5.5.2)."""

_SHORT_HEADER: Final = 2
_MORE_LENGTH: Final = {126: 2, 127: 8}
_MASK_BYTES: Final = 4


@unique
class Beat(Enum):
    """What a player's silence calls for."""

    NOTHING = "nothing"
    PING = "ping"
    END = "end"


@define
class Heartbeat:
    """The two limits of one player's silence, on the loop's clock."""

    ping_seconds: float
    silence_seconds: float
    _pinged_at: float = -math.inf

    def next_look(self, heard_at: float) -> float:
        """Say when to look, if nothing is heard until then."""
        return min(heard_at + self.silence_seconds, self._ping_due(heard_at))

    def look(self, heard_at: float, now: float) -> Beat:
        """Say what to do now; a ping is taken as sent."""
        if now >= heard_at + self.silence_seconds:
            return Beat.END
        if now < self._ping_due(heard_at):
            return Beat.NOTHING
        self._pinged_at = now
        return Beat.PING

    def _ping_due(self, heard_at: float) -> float:
        return max(heard_at, self._pinged_at) + self.ping_seconds


@define
class FrameEnds:
    """Finds where frames end among the bytes of a client (RFC 6455 section 5.2)."""

    _header: bytearray = Factory(bytearray)
    _payload_left: int = 0

    def are_in(self, data: bytes) -> bool:
        """Take the next bytes; say whether a frame ended in them."""
        found, place = False, 0
        while place < len(data):
            if self._payload_left:
                step = min(self._payload_left, len(data) - place)
                self._payload_left -= step
                found = found or not self._payload_left
            else:
                step = min(self._header_left, len(data) - place)
                self._header += data[place : place + step]
                found = self._end_header() or found
            place += step
        return found

    @property
    def _header_length(self) -> int:
        if len(self._header) < _SHORT_HEADER:
            return _SHORT_HEADER
        second = self._header[1]
        return _SHORT_HEADER + _MORE_LENGTH.get(second & 0x7F, 0) + (_MASK_BYTES if second & 0x80 else 0)

    @property
    def _header_left(self) -> int:
        return self._header_length - len(self._header)

    def _end_header(self) -> bool:
        """Read the length once the header is whole; say whether the frame ends with it."""
        if self._header_left:
            return False
        length = self._header[1] & 0x7F
        if length in _MORE_LENGTH:
            length = int.from_bytes(self._header[_SHORT_HEADER : _SHORT_HEADER + _MORE_LENGTH[length]])
        self._header.clear()
        self._payload_left = length
        return not length
