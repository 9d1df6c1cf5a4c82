"""What is published in Redis, heard over one connection that takes no slot of the client's pool.

The pool hangs up on it as on any line: when another server is the one to hear, or when this one answers
nothing. A server that is silent is asked for a sign of life, so that one that is gone is noticed.
"""

import math
from collections.abc import Callable
from typing import Any, Final, NoReturn

import trio
from coredis.exceptions import ConnectionError as ConnectionFailed

from cardroom.service.redis_line import RedisLine, Servers, Word, pack, receive

Heed = Callable[[bytes, bytes], None]
"""Takes a channel and what was published there; neither waits nor fails."""

QUIET_SECONDS: Final = 5.0
"""After so long without a word the server is asked for a sign of life."""


class RedisEar(RedisLine):
    """A line on which nothing is asked: its server tells what others publish.

    What is published while nobody listens is lost; so is what a listener does not take for so long that the
    server hangs up (``client-output-buffer-limit pubsub``).
    """

    def __init__(
        self, servers: Servers, connect_seconds: float, call_seconds: float, quiet_seconds: float
    ) -> None:
        super().__init__(servers, connect_seconds, call_seconds)
        self._quiet_seconds = quiet_seconds

    async def listen(self, pattern: str, heed: Heed, begun: Callable[[], None]) -> NoReturn:
        """Hear all channels of a pattern until something is wrong, which is raised as ``ask`` does.

        ``begun`` is called once it is heard what is published from then on. May be repeated, by one task at
        a time: each listens over a new connection.
        """
        assert not self._is_asked, "an ear serves one task at a time"
        self._is_asked = True
        try:
            await self._open()
            self._say((b"PSUBSCRIBE", pattern))
            while True:
                for answer in await self._next_answers():
                    _take(answer, heed, begun)
        finally:
            self._is_asked, self.due = False, math.inf
            self.close()
            self._servers.doubt()

    async def _next_answers(self) -> list[Any]:
        """Wait for a word of the server, and ask for one where none comes."""
        line = self._socket
        if line is None:
            raise trio.ClosedResourceError("somebody hung up")
        with trio.move_on_after(self._quiet_seconds) as waiting:
            await trio.lowlevel.wait_readable(line)
        if waiting.cancelled_caught:
            self._say((b"PING",))
            await trio.lowlevel.wait_readable(line)
        self.due = math.inf
        self._reader.feed(receive(line))
        answers = []
        while (answer := self._reader.gets()) is not False:
            answers.append(answer)
        return answers

    def _say(self, words: tuple[Word, ...]) -> None:
        """Send a few bytes, for which there is room: nothing else waits to be sent."""
        if self._socket is None:
            raise trio.ClosedResourceError("somebody hung up")
        self.due = trio.current_time() + self._call_seconds
        self._socket.sendall(pack(words))


def _take(answer: Any, heed: Heed, begun: Callable[[], None]) -> None:
    match answer:
        case BaseException():
            raise answer
        case [b"pmessage", _, bytes(channel), bytes(message)]:
            heed(channel, message)
        case [b"psubscribe", *_]:
            begun()
        case [b"pong", *_]:
            pass
        case _:
            raise ConnectionFailed("the server says what is no message")
