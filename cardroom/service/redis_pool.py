"""Connections to Redis that heal: no slot of a pool gets lost, no dead or wrong server is talked to for long.

coredis 6.9 loses a slot for good when its taker is cut off while the connection is being opened, when no
address is found, and when the connection breaks while it is taken; a waiter that gave up swallows the next
one's turn. It goes on using a connection whose server answers nothing (frozen, or behind a cut line), or
answers that it is not the primary. All of this is put right here.
"""

import math
from typing import Any, Final

import trio
from coredis import ConnectionPool
from coredis._concurrency import Queue
from coredis.connection import TCPConnection, TCPLocation
from coredis.exceptions import RedisError, StalePrimaryError

from cardroom.service.redis_ear import RedisEar
from cardroom.service.redis_line import RedisLine, is_wrong_server
from cardroom.service.sentinels import Sentinels

_LOOKS: Final = 4
"""How often, in the time that an answer may take, a connection is looked at."""

_OPENING_CALLS: Final = 2.0
"""Opening takes several calls; all together may take so many times the limit of one."""


class _Slots(Queue[TCPConnection]):
    """A pool's free slots, each with a connection or empty; who stops waiting for one takes no turn away."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._freed = trio.Event()

    async def get(self) -> TCPConnection | None:
        while self.empty():
            await self._freed.wait()
        return self.get_nowait()

    def put_nowait(self, item: TCPConnection | None) -> None:
        super().put_nowait(item)
        self._wake()

    def append_nowait(self, item: TCPConnection | None) -> None:
        super().append_nowait(item)
        self._wake()

    def _wake(self) -> None:
        freed, self._freed = self._freed, trio.Event()
        freed.set()


class _HeedfulConnection(TCPConnection):
    """Closes itself when its server answers nothing for too long, or that it is not the one to ask."""

    def __init__(self, location: TCPLocation, **options: Any) -> None:
        super().__init__(location, **options)
        self._parser = _Overheard(self._parser, self._heed)  # type: ignore[assignment]
        self.register_connect_callback(_begin_watch)

    def _heed(self, answer: object) -> None:
        if is_wrong_server(answer):
            self.invalidate("the server is not the primary")

    async def watch(self) -> None:
        """Close when the same request has been the first to be answered for as long as one may wait."""
        patience = self._stream_timeout or 0.0
        oldest: object = None
        since = 0.0
        while patience:
            await trio.sleep(patience / _LOOKS)
            first = self._requests[0] if self._requests else None
            if first is None or first is not oldest:
                oldest, since = first, trio.current_time()
            elif trio.current_time() - since >= patience:
                self.invalidate("the server does not answer")
                return


class _Overheard:
    """A connection's parser, whose results somebody else hears too."""

    def __init__(self, parser: Any, heed: Any) -> None:
        self._parser = parser
        self._heed = heed
        self.feed = parser.feed
        self.on_disconnect = parser.on_disconnect

    def parse(self, **options: Any) -> Any:
        parsed = self._parser.parse(**options)
        if isinstance(parsed, tuple) and isinstance(parsed[1], RedisError):
            self._heed(parsed[1])
        return parsed


def _begin_watch(connection: _HeedfulConnection) -> None:
    group = connection._task_group  # noqa: SLF001 (it lives exactly as long as the connection)
    assert group is not None, "a connection that is being opened has its tasks"
    group.start_soon(connection.watch)


class WholePool(ConnectionPool[TCPConnection]):
    """A pool whose slots don't get lost. Waiting for one can be cut off, opening one has a limit.

    Besides its connections there are lines: they take no slot, and go to the same server.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._available_connections = _Slots(self.max_connections)
        self.open_lines: set[RedisLine] = set()
        self._are_lines_watched = False

    @property
    def must_be_primary(self) -> bool:
        """Whether a server must say that it is a primary before it is asked anything."""
        return False

    def make_line(self) -> RedisLine:
        """Give a line to the server of this pool; it opens itself when it is first used."""
        return RedisLine(self, *self._line_seconds())

    def make_ear(self, quiet_seconds: float) -> RedisEar:
        """Give an ear at the server of this pool; it is a line, too."""
        return RedisEar(self, *self._line_seconds(), quiet_seconds)

    def _line_seconds(self) -> tuple[float, float]:
        """Give how long connecting and an answer may take, which is watched from now on."""
        connect = self.connection_kwargs.get("connect_timeout") or math.inf
        call = self.connection_kwargs.get("stream_timeout") or math.inf
        if not self._are_lines_watched and call < math.inf:
            self._are_lines_watched = True
            self.task_group.start_soon(self._watch_lines, call)
        return connect, call

    async def _watch_lines(self, call_seconds: float) -> None:
        """Hang up on lines whose answer is overdue. What is asked after a look is due after the next."""
        while True:
            now = trio.current_time()
            for line in tuple(self.open_lines):
                if line.due <= now:
                    line.close()
            await trio.sleep_until(min([now + call_seconds, *[line.due for line in self.open_lines]]))

    def close_lines(self) -> None:
        """Hang up on all lines; who waits for an answer there gets none."""
        for line in tuple(self.open_lines):
            line.close()

    async def find_server(self) -> TCPLocation:
        """Give the server that connections go to."""
        assert isinstance(self.location, TCPLocation), "the pool has an address"
        return self.location

    def doubt(self) -> None:
        """A server that has one address has no other."""

    async def get_connection(self, **_: Any) -> TCPConnection:
        """Give a connection that is good as far as is known, opening one where none is."""
        with trio.fail_after(self.timeout or math.inf):
            connection = await self._available_connections.get()
        if connection is None or not connection.reusable:
            if connection is not None:
                connection.invalidate()
            connection = await self._open()
        self.statistics.connection_leased(connection)
        return connection

    async def _open(self) -> TCPConnection:
        """Open a connection for the slot that is held; the slot goes back empty when that fails."""
        is_open = False
        try:
            with trio.CancelScope(shield=True):
                connection = await self._construct_connection()
                await self._connect(connection)
            is_open = True
        finally:
            if not is_open:
                self._available_connections.append_nowait(None)
        self.statistics.connection_created(connection)
        self._online_connections.add(connection)
        return connection

    async def _connect(self, connection: TCPConnection) -> None:
        connect = self.connection_kwargs.get("connect_timeout") or math.inf
        call = self.connection_kwargs.get("stream_timeout") or math.inf
        serve = self._ConnectionPool__wrap_connection  # type: ignore[attr-defined]
        trouble: Exception | None = TimeoutError("the server does not answer")
        with trio.move_on_after(connect + call * _OPENING_CALLS):
            trouble = await self.task_group.start(serve, connection)
        if trouble is not None:
            raise trouble

    async def _construct_connection(self) -> TCPConnection:
        return _HeedfulConnection(await self.find_server(), **self.connection_kwargs)

    def release(self, connection: TCPConnection) -> None:
        """Take a connection back; of one that is broken only the slot."""
        super().release(connection)
        if not connection.usable:
            self._available_connections.append_nowait(None)


class PrimaryPool(WholePool):
    """Connections to the server that the sentinels name; to no other for longer than they need to say so."""

    def __init__(self, sentinels: Sentinels, **options: Any) -> None:
        super().__init__(connection_class=_HeedfulConnection, **options)
        self._sentinels = sentinels
        sentinels.on_primary = self._move
        self.is_doubtful = True
        """Whether the address must be asked for before the next connection is opened."""

    async def _initialize(self) -> None:
        await super()._initialize()
        self.task_group.start_soon(self._sentinels.run)

    @property
    def must_be_primary(self) -> bool:
        """Whether a server must say that it is a primary: sentinels may be late to know."""
        return True

    async def find_server(self) -> TCPLocation:
        """Give the primary; raises coredis's ``ConnectionError`` when nobody names one."""
        if self.is_doubtful:
            self._move(*await self._sentinels.find())
            self.is_doubtful = False
        return await super().find_server()

    def doubt(self) -> None:
        """Ask the sentinels before the next connection is opened."""
        self.is_doubtful = True

    async def _construct_connection(self) -> TCPConnection:
        connection = await super()._construct_connection()
        connection.register_connect_callback(_refuse_replica)
        return connection

    async def _open(self) -> TCPConnection:
        try:
            return await super()._open()
        except (RedisError, OSError, TimeoutError):
            self.is_doubtful = True
            raise

    def _move(self, host: str, port: int) -> None:
        """Close all connections to the earlier primary; calls under way fail, and are Redis being away."""
        location = TCPLocation(host, port)
        if location != self.location:
            self.location = location
            self.disconnect()
            self.close_lines()

    def release(self, connection: TCPConnection) -> None:
        """Take a connection back; after a broken one the sentinels are asked again."""
        if not connection.usable:
            self.is_doubtful = True
        super().release(connection)


async def _refuse_replica(connection: TCPConnection) -> None:
    role = await connection.create_request(b"ROLE", decode=True)
    if not isinstance(role, list) or role[0] != "master":
        raise StalePrimaryError(f"{connection.location} is no primary")
