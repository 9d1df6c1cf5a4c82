"""The only place that opens asyncpg, through trio-asyncio.

A connection goes back into the pool clean, whatever happened: a cancelled statement is ended, an open
transaction rolled back, a broken connection dropped. What a cut-off COMMIT did is read back by asking again
(every write here may be repeated).

A COMMIT is never cancelled at the server, only not waited for any longer: while it waits for the synchronous
standby, a cancel would make it visible although the standby does not have it, and whoever asks again would be
told that it is done. Left alone it keeps its locks until the standby has it.

Where the address names several servers, all are tried at once, and the one that takes writes is used.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import trio
import trio_asyncio
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction as AsyncpgScope
from prometheus_client import Counter

from cardroom.service.settings import PostgresSettings

Row = asyncpg.Record

TRANSACTIONS: Final = Counter(
    "holdem_postgres_transactions_total", "Transactions that this process has committed, reads too"
)


_BROKEN = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What giving a connection back may fail with; the last but one when the server cut it in mid-statement."""


_PORT = 5432


class PostgresAway(Exception):
    """The database did not answer, in time. Whether a transaction was committed is not known."""


_PASSING_STATES: Final = ("40", "53", "55", "57", "58", "25006")
"""SQLSTATEs of a database that cannot now: conflict, resources, lock, stop, system error, read-only."""


class PostgresRefused(Exception):
    """The database answered with an error; the transaction is rolled back. ``state`` is its SQLSTATE."""

    def __init__(self, state: str, constraint: str | None, message: str) -> None:
        super().__init__(f"{state} {message}")
        self.state = state
        self.constraint = constraint

    @property
    def may_pass(self) -> bool:
        """Whether the same may be carried out later: the database could not now."""
        return self.state.startswith(_PASSING_STATES)


class Reader(Protocol):
    """What gives rows: an open transaction, or a database that opens one for each statement."""

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        """Run one statement and give all its rows."""

    async def fetch_one(self, sql: str, *values: object) -> Row | None:
        """Run one statement and give its first row, if any."""


class Transaction(Reader, Protocol):
    """An open transaction; every call has the settings' time limit."""

    async def execute(self, sql: str, *values: object) -> int:
        """Run one statement and give the number of rows that it wrote or found."""


class _AsyncpgTransaction:
    def __init__(
        self, connection: "PoolConnectionProxy[Row]", bridge: "_Bridge", call_seconds: float
    ) -> None:
        self._connection = connection
        self._bridge = bridge
        self._call_seconds = call_seconds

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        rows: Sequence[Row] = await self._bridge(
            self._connection.fetch, sql, *values, timeout=self._call_seconds
        )
        return rows

    async def fetch_one(self, sql: str, *values: object) -> Row | None:
        rows = await self.fetch(sql, *values)
        return rows[0] if rows else None

    async def execute(self, sql: str, *values: object) -> int:
        status = await self._bridge(self._connection.execute, sql, *values, timeout=self._call_seconds)
        last_word = str(status).rpartition(" ")[2]
        return int(last_word) if last_word.isdecimal() else 0


class Postgres:
    """A pool of connections. Made by ``open_postgres``."""

    def __init__(self, pool: "asyncpg.Pool[Row]", bridge: "_Bridge", settings: PostgresSettings) -> None:
        self._pool = pool
        self._bridge = bridge
        self._settings = settings
        self._is_doubtful = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a READ COMMITTED transaction: commits at the end of the block, rolls back on any error."""
        connection = await self._acquire()
        try:
            with _postgres_errors():
                transaction = connection.transaction()
                try:
                    with trio.fail_after(self._settings.call_seconds):
                        await self._bridge(transaction.start)
                    yield _AsyncpgTransaction(connection, self._bridge, self._settings.call_seconds)
                    with trio.fail_after(self._settings.call_seconds):
                        await self._bridge(_leave_running, transaction.commit)
                    TRANSACTIONS.inc()
                except BaseException:
                    await self._roll_back(connection, transaction)  # noqa: ASYNC102 (shielded inside)
                    raise
        except PostgresAway:
            self._is_doubtful = True
            raise
        finally:
            await self._release(connection)  # noqa: ASYNC102 (shielded inside)

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        """Run one statement by itself and give its rows: half of what a transaction around it costs.

        For what only reads, and for heartbeats: one that writes and is cut off may be seen although the
        standby does not have it.
        """
        with _postgres_errors():
            await self._leave_doubtful()
            rows: Sequence[Row] = await self._bridge(self._fetch, sql, *values)
        TRANSACTIONS.inc()
        return rows

    async def _fetch(self, sql: str, *values: object) -> Sequence[Row]:
        """Do all of it in asyncio's loop: each way there and back costs as much as the statement."""
        seconds = self._settings.connect_seconds
        connection = await self._pool.acquire(timeout=seconds)
        try:
            with _postgres_errors():
                return await connection.fetch(sql, *values, timeout=self._settings.call_seconds)
        except PostgresAway:
            self._is_doubtful = True
            raise
        finally:
            with suppress(*_BROKEN):
                await self._pool.release(connection, timeout=seconds)  # noqa: ASYNC102 (by asyncpg)

    async def fetch_one(self, sql: str, *values: object) -> Row | None:
        """Run one statement by itself and give its first row, if any; see ``fetch``."""
        rows = await self.fetch(sql, *values)
        return rows[0] if rows else None

    async def _roll_back(self, connection: "PoolConnectionProxy[Row]", transaction: AsyncpgScope) -> None:
        """End a failed transaction, also when cancelled: a statement that still runs is ended first.

        So no lock of it is left at the server. A connection with which that fails (a COMMIT that was cut
        off cannot be taken back) is dropped.
        """
        with trio.move_on_after(self._settings.connect_seconds, shield=True) as rolling_back:
            try:
                await self._bridge(transaction.rollback)
            except _BROKEN:
                _drop(connection)
        if rolling_back.cancelled_caught:
            _drop(connection)

    async def _acquire(self) -> "PoolConnectionProxy[Row]":
        with _postgres_errors():
            await self._leave_doubtful()
            connection: PoolConnectionProxy[Row] = await self._bridge(
                self._pool.acquire, timeout=self._settings.connect_seconds
            )
            return connection

    async def _leave_doubtful(self) -> None:
        """Use no other connection to a server that failed: it may be gone, frozen or no primary."""
        if self._is_doubtful:
            self._is_doubtful = False
            await self._bridge(self._pool.expire_connections)

    async def _release(self, connection: "PoolConnectionProxy[Row]") -> None:
        """Give a connection back, also when cancelled: otherwise the pool would shrink.

        The pool drops a connection that cannot be reset.
        """
        seconds = self._settings.connect_seconds
        with trio.move_on_after(seconds, shield=True) as releasing:
            with suppress(*_BROKEN):
                await self._bridge(self._pool.release, connection, timeout=seconds)
        if releasing.cancelled_caught:
            _drop(connection)


def _drop(connection: "PoolConnectionProxy[Row]") -> None:
    """Cut a connection; the pool opens another. One that is gone already is not an error."""
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


@asynccontextmanager
async def open_postgres(settings: PostgresSettings, *, must_answer: bool = True) -> AsyncIterator[Postgres]:
    """Give a pool on the calling process's Trio loop; raises ``PostgresAway`` if no server can be reached.

    With ``must_answer`` false it connects when first used, and only that use is refused.
    """
    limits = {
        "lock_timeout": f"{int(settings.lock_seconds * 1000)}",
        "idle_in_transaction_session_timeout": f"{int(settings.call_seconds * 1000)}",
        "tcp_user_timeout": f"{int(settings.call_seconds * 1000)}",
        "timezone": "UTC",
    }
    async with trio_asyncio.open_loop() as loop:
        loop.set_exception_handler(_pass_over_strays)
        bridge = _Bridge(loop)
        pool: asyncpg.Pool[Row] | PostgresAway
        try:
            with _postgres_errors():
                pool = await bridge(
                    asyncpg.create_pool,
                    dsn=settings.dsn,
                    min_size=1 if must_answer else 0,
                    max_size=settings.connections,
                    timeout=settings.connect_seconds,
                    server_settings=limits,
                    connect=partial(_connect, list_hosts(settings.dsn)),
                    reset=_leave_as_it_is,
                )
        except PostgresAway as away:
            pool = away
        if not isinstance(pool, PostgresAway):
            try:
                yield Postgres(pool, bridge, settings)
            finally:
                await _close(pool, bridge, settings.connect_seconds)  # noqa: ASYNC102 (shielded inside)
    if isinstance(pool, PostgresAway):
        raise pool  # outside of the loop, whose nursery would wrap it into a group


def _pass_over_strays(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Let a connection that broke after it was given up harm nobody; any other error of the loop ends it.

    asyncpg leaves the future of a TLS question behind when connecting is cancelled at the wrong moment.
    """
    future = context.get("future")
    is_left_behind = isinstance(future, asyncio.Future) and not isinstance(future, asyncio.Task)
    if not (is_left_behind and isinstance(context.get("exception"), OSError)):
        loop.default_exception_handler(context)


def list_hosts(dsn: str) -> list[tuple[str, int | None]]:
    """Give the servers that an address names, in its order; a port is None where none is given."""
    parts = urlsplit(dsn)
    words = parse_qs(parts.query)
    named = parts.netloc.rpartition("@")[2] or ",".join(words.get("host", []))
    ports = ",".join(words.get("port", [])).split(",")
    hosts: list[tuple[str, int | None]] = []
    for number, one in enumerate(named.split(",")):
        host, colon, port = one.rpartition(":")
        if not colon or not port.isdigit():
            host, port = one, ports[number] if number < len(ports) else ports[0]
        hosts.append((unquote(host), int(port) if port else None))
    return hosts


async def _connect(
    hosts: Sequence[tuple[str, int | None]], dsn: str, **options: Any
) -> "asyncpg.Connection[Row]":
    """Open a connection; to several servers at once, of which the first one stays that may be used.

    One after the other, a server that is frozen or behind a cut line would take all the time there is.
    """
    if len(hosts) == 1:
        return await asyncpg.connect(dsn, **options)
    if "target_session_attrs" not in urlsplit(dsn).query:
        options["target_session_attrs"] = "read-write"
    tasks = [
        asyncio.ensure_future(asyncpg.connect(dsn, host=host, port=port or _PORT, **options))
        for host, port in hosts
    ]
    chosen: asyncpg.Connection[Row] | None = None
    trouble: Exception | None = None
    try:
        for finished in asyncio.as_completed(tasks):
            try:
                chosen = await finished
            except (*_BROKEN, TimeoutError) as error:
                trouble = error
            else:
                return chosen
    finally:
        for task in tasks:
            task.add_done_callback(partial(_drop_unless, chosen))
            task.cancel()
    assert trouble is not None, "each of them failed"
    raise trouble


def _drop_unless(
    chosen: "asyncpg.Connection[Row] | None", task: "asyncio.Task[asyncpg.Connection[Row]]"
) -> None:
    """Close what was opened besides the chosen one."""
    if not task.cancelled() and task.exception() is None and task.result() is not chosen:
        task.result().terminate()


async def _leave_running(call: Callable[[], Any]) -> None:
    """Wait for a call, but don't cut it off when nobody waits any longer: the connection is dropped then."""
    task = asyncio.ensure_future(call())
    task.add_done_callback(_take_note)
    await asyncio.wait({task})
    task.result()


def _take_note(task: "asyncio.Task[None]") -> None:
    """Know the outcome of what nobody waits for any longer, so that it is nobody's error."""
    if not task.cancelled():
        task.exception()


async def _leave_as_it_is(_: "PoolConnectionProxy[Row]") -> None:
    """Give a connection back as it is: it had one transaction, which ended, and nothing here outlives one.

    asyncpg would send a statement each time, a second transaction to the server for every one of ours.
    """


async def _close(pool: "asyncpg.Pool[Row]", bridge: "_Bridge", seconds: float) -> None:
    """Close the pool in order, within a limit; whatever does not close is dropped."""
    with trio.move_on_after(seconds, shield=True) as closing:
        await bridge(pool.close)
    if closing.cancelled_caught:
        pool.terminate()


class _Bridge:
    """Calls asyncio code of one loop, from whatever Trio task and context."""

    def __init__(self, loop: trio_asyncio.TrioEventLoop) -> None:
        self._loop = loop

    async def __call__(self, call: Callable[..., Any], *values: Any, **options: Any) -> Any:
        async def invoke() -> Any:
            return await call(*values, **options)

        return await self._loop.run_aio_coroutine(invoke())


@contextmanager
def _postgres_errors() -> Iterator[None]:
    try:
        yield
    except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.AdminShutdownError) as error:
        raise PostgresAway(str(error)) from error
    except (asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError) as error:
        raise PostgresAway(str(error)) from error
    except asyncpg.ReadOnlySQLTransactionError as error:  # a standby, or a primary that became one
        raise PostgresAway(str(error.args[0]) if error.args else type(error).__name__) from error
    except asyncpg.PostgresError as error:
        # Not its DETAIL, which quotes the row: a record could stand there, and with it somebody's cards.
        message = str(error.args[0]) if error.args else type(error).__name__
        raise PostgresRefused(error.sqlstate or "", error.constraint_name, message) from error
    except (OSError, TimeoutError, trio.TooSlowError, asyncpg.InternalClientError) as error:
        raise PostgresAway(str(error) or type(error).__name__) from error
