"""Workers that crash at points which have names, and a loop to drive them from outside."""

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar

import trio
from attrs import define

from cardroom.ids import ShardId
from cardroom.service.postgres import Postgres, PostgresAway, Row, Transaction, open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from tests.wallet_worker.house import COMMANDS, LINK, LOG, REPLIES
from wallet_worker.ledger.batch import Answer, BatchTools
from wallet_worker.ledger.consumer import Consumer
from wallet_worker.ledger.entries import Entry, EntryReader
from wallet_worker.ledger.stream import CommandStream
from wallet_worker.settings import LedgerSettings
from wallet_worker.store.lock_shard import TermLost

T = TypeVar("T")

SETTINGS: Final = LedgerSettings(block_ms=1, gather_seconds=0.0, term_seconds=2.0, tries=1)
CRASHES: Final = (
    None,
    "before the commit",
    "after the commit, not heard of",
    "after the commit, before the answer",
)


class Crash(Exception):
    """The worker is gone, here and now."""


class DeafPostgres:
    """A database whose commits are carried out, but the answer to the next one is lost on the way."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self.is_deaf = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self._postgres.transaction() as transaction:
            yield transaction
        if self.is_deaf:
            raise PostgresAway("the connection broke after COMMIT")

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        return await self._postgres.fetch(sql, *values)

    async def fetch_one(self, sql: str, *values: object) -> Row | None:
        return await self._postgres.fetch_one(sql, *values)


class CrashingStream(CommandStream):
    """A stream whose reader crashes when it is about to answer."""

    crashes = False

    async def finish(self, entries: Sequence[Entry], answers: Sequence[Answer]) -> None:
        if self.crashes:
            raise Crash
        await super().finish(entries, answers)


@define
class Worker:
    """One worker's consumer of a shard, and where it is to crash next."""

    name: str
    consumer: Consumer
    postgres: DeafPostgres
    stream: CrashingStream
    crash: str | None = None

    async def step(self, crash: str | None) -> None:
        """Serve once, up to a crash."""
        self.crash = crash
        self.postgres.is_deaf = crash == CRASHES[2]
        self.stream.crashes = crash == CRASHES[3]
        try:
            await self.consumer.step(self.name)
        except (Crash, PostgresAway):
            pass
        except TermLost:
            self.consumer.term.lose()
        finally:
            self.crash, self.postgres.is_deaf, self.stream.crashes = None, False, False

    def link(self, previous: bytes | None, shard: ShardId, number: int, digest: bytes) -> bytes:
        if self.crash == CRASHES[1]:
            raise Crash
        return LINK(previous, shard, number, digest)


def open_worker(name: str, shard: ShardId, postgres: Postgres, redis: Redis) -> Worker:
    deaf = DeafPostgres(postgres)
    stream = CrashingStream(redis, shard, EntryReader(shard, COMMANDS))
    worker: Worker

    def link(previous: bytes | None, of: ShardId, number: int, digest: bytes) -> bytes:
        return worker.link(previous, of, number, digest)

    tools = BatchTools(deaf, REPLIES, link)  # type: ignore[arg-type]
    worker = Worker(name, Consumer(tools, stream, shard, SETTINGS, LOG), deaf, stream)
    return worker


class Loop:
    """A Trio loop in a thread of its own, with open pools: Hypothesis calls step by step from outside."""

    def __init__(self, wallet: PostgresSettings, owner: PostgresSettings, valkey: RedisSettings) -> None:
        self._opening = (wallet, owner, valkey)
        self._is_open = threading.Event()
        self._closing = trio.Event()
        self._thread = threading.Thread(target=trio.run, args=(self._run,))
        self.token: trio.lowlevel.TrioToken
        self.database: Postgres
        self.owner: Postgres
        self.redis: Redis

    async def _run(self) -> None:
        wallet, owner, valkey = self._opening
        async with (
            open_postgres(wallet) as self.database,
            open_postgres(owner) as self.owner,
            open_redis(valkey) as self.redis,
        ):
            self.token = trio.lowlevel.current_trio_token()
            self._is_open.set()
            await self._closing.wait()

    @contextmanager
    def running(self) -> Iterator[None]:
        self._thread.start()
        assert self._is_open.wait(20), "the servers answer"
        try:
            yield
        finally:
            self.token.run_sync_soon(self._closing.set)
            self._thread.join(20)

    def call(self, function: Callable[..., Awaitable[T]], *values: Any) -> T:
        return trio.from_thread.run(function, *values, trio_token=self.token)
