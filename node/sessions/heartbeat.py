"""Signs of life: who is silent is asked for one, and who stays silent is gone.

A sign of life is a whole message, or the pong with which every WebSocket library answers our ping by itself.
Bytes of a frame that is not complete are none, nor are fragments, so nobody stays by dripping them.
"""

import math
from enum import Enum, unique
from typing import Final, Protocol

import trio
from attrs import define

from cardroom.wire.frames import Opcode, write_frame

PING_FRAME: Final = write_frame(Opcode.PING, b"")
_LOOKS: Final = 4
"""So often at least the shorter of the two limits is looked at, and so exactly both are kept."""
_SELDOMLY_SECONDS: Final = 1.0


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

    def look(self, heard_at: float, now: float) -> Beat:
        """Say what to do now; a ping is taken as sent."""
        if now >= heard_at + self.silence_seconds:
            return Beat.END
        if now < max(heard_at, self._pinged_at) + self.ping_seconds:
            return Beat.NOTHING
        self._pinged_at = now
        return Beat.PING


class Silenceable(Protocol):
    """A connection whose silence is looked at."""

    @property
    def heard_at(self) -> float:
        """When something was heard, on the loop's clock."""

    def notice_silence(self, now: float) -> None:
        """Do what a silence calls for, that may be too long."""


class Heartbeats:
    """Looks at all connections once in a while: a deadline for each would move with every message."""

    def __init__(self, ping_seconds: float, silence_seconds: float) -> None:
        self._least_seconds = min(ping_seconds, silence_seconds)
        self._every_seconds = min(_SELDOMLY_SECONDS, self._least_seconds / _LOOKS)
        self._connections: dict[int, Silenceable] = {}

    def add(self, connection: Silenceable) -> None:
        """Look at a connection from now on."""
        self._connections[id(connection)] = connection

    def remove(self, connection: Silenceable) -> None:
        """Look at it no more."""
        del self._connections[id(connection)]

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await trio.sleep(self._every_seconds)
            now = trio.current_time()
            before = now - self._least_seconds
            for connection in self._connections.values():
                if connection.heard_at <= before:
                    connection.notice_silence(now)
