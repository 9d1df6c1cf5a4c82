"""A line of one's own to Redis, for who asks hundreds of times a second, one thing at a time.

The client's pool serves any number of tasks: two tasks a connection, queues, and limits around each call.
Over a line nothing stands between the asking task and the socket: what is asked is sent at once, without a
task switch, and the task wakes when the answer is there.
"""

import math
import socket
from collections.abc import Sequence
from typing import Any, Final, Protocol

import hiredis
import trio
from coredis.connection import TCPLocation
from coredis.exceptions import (
    BusyLoadingError,
    ReadOnlyError,
    ResponseError,
    StalePrimaryError,
    UnblockedError,
)
from coredis.exceptions import ConnectionError as ConnectionFailed
from coredis.parser import Parser

from cardroom.service.settings import Confirmation

Word = str | bytes | int | float

_READ_BYTES: Final = 64 * 1024
_NOT_PRIMARY: Final = ("MASTERDOWN", "NOREPLICAS")
_ERRORS: Final = Parser()


class Servers(Protocol):
    """Who knows which server to connect to, and hangs up on the lines that lead to another."""

    @property
    def open_lines(self) -> "set[RedisLine]":
        """The lines that are open."""

    @property
    def must_be_primary(self) -> bool:
        """Whether a server must say that it is a primary before it is asked anything."""

    async def find_server(self) -> TCPLocation:
        """Give the server to connect to; raises coredis's or the system's errors where none is known."""

    def doubt(self) -> None:
        """The server did not answer, or is the wrong one: look for it anew."""


class RedisLine:
    """One connection, opened when something is asked; only one task at a time may ask.

    Whatever goes wrong under way closes it: the next question is never given the answer to an earlier one.
    So does who watches the open lines when an answer is overdue: a limit around each question would cost a
    fourth of it. ``due`` is when the answer must be there, by trio's clock.
    """

    def __init__(self, servers: Servers, connect_seconds: float, call_seconds: float) -> None:
        self._servers = servers
        self._connect_seconds = connect_seconds
        self._call_seconds = call_seconds
        self._socket: socket.socket | None = None
        self._reader = hiredis.Reader()
        self._is_asked = False
        self.due = math.inf

    async def ask(self, *commands: Sequence[Word], wait_seconds: float = 0.0) -> list[object]:
        """Send commands in one write; give their answers. What was not answered is not sent again.

        ``wait_seconds`` is what the commands themselves may wait at the server. Raises the first error that
        is among the answers (``NoScriptError`` and others), ``OSError``, or trio's ``TooSlowError`` (nobody
        connects us) and ``ClosedResourceError`` (the answer is overdue, or the line was closed).
        """
        assert not self._is_asked, "a line serves one task at a time"
        self._is_asked, is_well = True, False
        try:
            if not self._is_sound():
                await self._open()
            answers = await self._exchange(commands, self._call_seconds + wait_seconds)
            is_well = not any(map(is_wrong_server, answers))
        finally:
            self._is_asked, self.due = False, math.inf
            if not is_well:
                self.close()
                self._servers.doubt()
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return answers

    async def ask_confirmed(self, command: Sequence[Word], confirmation: Confirmation) -> tuple[object, bool]:
        """Ask one thing, and wait until enough replicas have what it wrote; gives the answer, and if they do.

        Raises as ``ask`` does.
        """
        if not confirmation.replicas:
            return (await self.ask(command))[0], True
        wait = (b"WAIT", confirmation.replicas, int(confirmation.seconds * 1000))
        answer, confirmed = await self.ask(command, wait)
        assert isinstance(confirmed, int), "WAIT answers with a number"
        return answer, confirmed >= confirmation.replicas

    def close(self) -> None:
        """Hang up; who waits for an answer gets trio's ``ClosedResourceError``. The next one opens it."""
        taken, self._socket = self._socket, None
        if taken is not None:
            self._servers.open_lines.discard(self)
            trio.lowlevel.notify_closing(taken)
            taken.close()

    def _is_sound(self) -> bool:
        """Notice a server that has hung up meanwhile, before anything is sent that might be carried out."""
        if self._socket is None:
            return False
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass
        self.close()
        return False

    async def _open(self) -> None:
        place = await self._servers.find_server()
        with trio.fail_after(self._connect_seconds):
            stream = await trio.open_tcp_stream(place.host, place.port)
        self._socket = socket.socket(fileno=stream.socket.detach())
        self._socket.setblocking(False)
        self._servers.open_lines.add(self)
        self._reader = hiredis.Reader(protocolError=ConnectionFailed, replyError=_ERRORS.parse_error)
        if self._servers.must_be_primary:
            (role,) = await self._exchange([(b"ROLE",)], self._call_seconds)
            if not isinstance(role, list) or role[0] != b"master":
                raise StalePrimaryError(f"{place} is no primary")
        if place != await self._servers.find_server():
            raise StalePrimaryError(f"{place} was the primary")

    async def _exchange(self, commands: Sequence[Sequence[Word]], seconds: float) -> list[object]:
        line = self._socket
        if line is None:
            raise trio.ClosedResourceError("somebody hung up while the line was opened")
        packed = b"".join(map(pack, commands))
        self.due = trio.current_time() + seconds
        sent = line.send(packed)
        while sent < len(packed):
            await trio.lowlevel.wait_writable(line)
            sent += line.send(memoryview(packed)[sent:])
        answers: list[object] = []
        while len(answers) < len(commands):
            await trio.lowlevel.wait_readable(line)
            self._reader.feed(receive(line))
            while (answer := self._reader.gets()) is not False:
                answers.append(answer)
        if len(answers) > len(commands):
            raise ConnectionFailed("the server says more than it was asked")
        return answers


def pack(words: Any) -> bytes:
    """Write a command as Redis reads it."""
    return hiredis.pack_command(tuple(words))  # type: ignore[no-any-return]


def receive(line: socket.socket) -> bytes:
    """Read what has come; raises coredis's ``ConnectionError`` when nothing more will."""
    data = line.recv(_READ_BYTES)
    if not data:
        raise ConnectionFailed("the server has hung up")
    return data


def is_wrong_server(answer: Any) -> bool:
    """Say whether an answer means: ask another server, or this one later."""
    if isinstance(answer, (ReadOnlyError, BusyLoadingError, UnblockedError, StalePrimaryError)):
        return True
    return isinstance(answer, ResponseError) and str(answer).startswith(_NOT_PRIMARY)
