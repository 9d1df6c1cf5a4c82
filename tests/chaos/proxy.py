"""A network that can be broken: all that goes to a server passes here, and it is known whose it is.

Whose a connection is, is found by its port among the sockets of the processes; so each pair of client and
server is a link of its own, without settings for it. A link can be cut (its connections are reset), slowed
down, silenced (nothing comes through, new connections included; what was sent meanwhile comes later, as
after a partition), or left half open: what is connected now hears nothing any more, ever, without a word.
"""

import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

import trio
from attrs import define, field

Connect = Callable[[], Awaitable[trio.SocketStream]]
"""Opens a connection to the server."""
FindClient = Callable[[int], str]
"""Names the process that a local port belongs to; empty if nobody's."""

_CHUNK: Final = 64 * 1024
_INODE: Final = 9
"""The place of a socket's number in a line of the system's list."""
_RESET: Final = b"\x01\x00\x00\x00\x00\x00\x00\x00"
"""A socket that lingers for no time at all breaks off with a reset."""
_BROKEN: Final = (trio.BrokenResourceError, trio.ClosedResourceError, OSError)


@define(eq=False)
class Link:
    """One client's connections to one server."""

    delay_seconds: float = 0.0
    lines: "set[Line]" = field(factory=set)
    _speaks: trio.Event | None = None

    def cut(self, share: float = 1.0) -> None:
        """Reset connections: all of them, or a share."""
        for line in self._some(share):
            line.scope.cancel()

    def leave_half_open(self, share: float = 1.0) -> None:
        """Let nothing through on connections that are open now, without closing them."""
        for line in self._some(share):
            line.is_dead = True

    def silence(self) -> None:
        """Let nothing through, until ``heal``."""
        self._speaks = self._speaks or trio.Event()

    def heal(self) -> None:
        """Let everything through at once; connections that were left half open stay so."""
        self.delay_seconds = 0.0
        if self._speaks is not None:
            self._speaks.set()
            self._speaks = None

    async def pass_through(self, line: "Line") -> None:
        """Return when the next bytes of a connection may go on."""
        if self.delay_seconds:
            await trio.sleep(self.delay_seconds)
        while self._speaks is not None:
            await self._speaks.wait()
        if line.is_dead:
            await trio.sleep_forever()

    def _some(self, share: float) -> list["Line"]:
        lines = list(self.lines)
        return lines[: max(1, round(len(lines) * share))]


@define(eq=False)
class Line:
    """One connection."""

    scope: trio.CancelScope = field(factory=trio.CancelScope)
    is_dead: bool = False


class Proxy:
    """Stands in front of one server. Made by ``open_proxy``."""

    def __init__(self, name: str, connect: Connect, find_client: FindClient) -> None:
        self.name = name
        self.port = 0
        self._connect = connect
        self._find_client = find_client
        self._links: dict[str, Link] = {}

    def link(self, client: str) -> Link:
        """Give the link of a client, which need not have connected yet."""
        return self._links.setdefault(client, Link())

    def heal(self) -> None:
        """Heal all links."""
        for link in self._links.values():
            link.heal()

    def cut(self) -> None:
        """Reset all connections, whoever's they are: the server is not where it was."""
        for link in self._links.values():
            link.cut()

    async def carry(self, client: trio.SocketStream) -> None:
        """Carry bytes both ways until a side ends, or the line is cut."""
        with suppress(*_BROKEN):
            port: int = client.socket.getpeername()[1]
            link = self.link(self._find_client(port))
            line = Line()
            async with client:
                link.lines.add(line)
                try:
                    with line.scope:
                        await link.pass_through(line)
                        await self._join(client, link, line)
                finally:
                    link.lines.discard(line)
                    _linger_not(client)

    async def _join(self, client: trio.SocketStream, link: Link, line: Line) -> None:
        async with await self._connect() as server:
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_pump, client, server, link, line)
                    nursery.start_soon(_pump, server, client, link, line)
            finally:
                _linger_not(server)


async def _pump(source: trio.SocketStream, sink: trio.SocketStream, link: Link, line: Line) -> None:
    with suppress(*_BROKEN):
        while data := await source.receive_some(_CHUNK):
            await link.pass_through(line)
            await sink.send_all(data)
    await link.pass_through(line)  # the word of the end goes the same way
    line.scope.cancel()


def _linger_not(stream: trio.SocketStream) -> None:
    with suppress(*_BROKEN):
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


@asynccontextmanager
async def open_proxy(
    name: str, connect: Connect, find_client: FindClient, port: int = 0
) -> AsyncIterator[Proxy]:
    """Serve on a loopback port during the block."""
    proxy = Proxy(name, connect, find_client)
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, proxy.carry, port, host="127.0.0.1", backlog=256)
        listeners: list[trio.SocketListener] = await nursery.start(serve)
        proxy.port = listeners[0].socket.getsockname()[1]
        yield proxy
        nursery.cancel_scope.cancel()


def to_port(port: int) -> Connect:
    """Give what connects to a loopback port."""
    return partial(trio.open_tcp_stream, "127.0.0.1", port)


def to_socket(path: str) -> Connect:
    """Give what connects to a Unix socket."""
    return partial(trio.open_unix_socket, path)


def find_owner(port: int, pids: dict[str, int]) -> str:
    """Name the process, among those given by name, that is connected from a local port; empty if none."""
    inode = _inode_of(port)
    for name, pid in pids.items() if inode else ():
        with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as files:
            if any(_is_socket(file.path, inode) for file in files):
                return name
    return ""


def _inode_of(port: int) -> str:
    """Find the socket that is connected from a local port; empty if there is none any more."""
    wanted = f":{port:04X}"
    with Path("/proc/net/tcp").open(encoding="ascii") as sockets:
        for line in sockets:
            words = line.split(maxsplit=_INODE + 1)
            if words[1].endswith(wanted) and words[_INODE] != "0":
                return words[_INODE]
    return ""


def _is_socket(path: str, inode: str) -> bool:
    try:
        return os.readlink(path) == f"socket:[{inode}]"  # noqa: PTH115 (many of them: no objects in between)
    except OSError:
        return False
