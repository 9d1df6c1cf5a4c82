"""A ledger to measure: its own servers, players with money, seated at tables of several shards."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import trio
from attrs import define, field, frozen

from cardroom.ids import BootNonce, Epoch, SeatIndex, ShardId, TableId, UserId
from cardroom.local.servers import postgres_server, valkey_server
from cardroom.money import Krw
from cardroom.service.postgres import Postgres, open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import PostgresSettings
from cardroom.wire import keys
from cardroom.wire.ledger import CommandBody, HoldBuyIn, LedgerCommand, SettleHand
from tests.wallet_worker.house import BOOT, COMMANDS, LINK, LOG, REPLIES, hand_of, new_id, open_by
from wallet_worker.ledger.batch import BatchTools
from wallet_worker.ledger.consumer import Consumer
from wallet_worker.ledger.entries import EntryReader
from wallet_worker.ledger.stream import CommandStream
from wallet_worker.settings import LedgerSettings
from wallet_worker.store.create_table import NewTable, create_table
from wallet_worker.store.migrate import migrate
from wallet_worker.store.terms import add_shards

SHARDS: Final = tuple(map(ShardId, range(4)))
TABLES_A_SHARD: Final = 10
SEATS: Final = 6
STACK: Final = 10**9
RECORD_BYTES: Final = 700
"""What the record of a hand has at the demo cluster's tables, compressed."""

WINS: Final = 45
LOSES: Final = 10
"""Five lose 10 won, one wins 45: so 5 are the rake."""


@frozen
class BenchServers:
    """Where the database is reached, as its owner and as the worker, and Redis."""

    owner: PostgresSettings
    worker: PostgresSettings
    redis: Redis


@define
class Seatful:
    """A table whose six players stay, and its last hand."""

    shard: ShardId
    table_id: TableId
    players: Sequence[UserId]
    record: bytes
    last: SettleHand | None = None

    def next_hand(self) -> SettleHand:
        """Play on: another player wins each time."""
        winner = (self.last.hand_no if self.last else 0) % SEATS
        nets = [(user, seat, WINS if seat == winner else -LOSES) for seat, user in enumerate(self.players)]
        self.last = hand_of(self.table_id, nets, self.last, record=self.record)
        return self.last


@define
class LedgerRoom:
    """Shards whose streams are filled by the bench and served by consumers in this process."""

    database: Postgres
    redis: Redis
    consumers: dict[ShardId, Consumer]
    tables: list[Seatful] = field(factory=list)
    epoch: Epoch = field(default=Epoch(0))

    def command(self, shard: ShardId, body: CommandBody) -> bytes:
        """Write a command as a node does."""
        return COMMANDS.encode(LedgerCommand(new_id(), shard, self.epoch, BOOT, body))

    async def fill(self, commands: Sequence[tuple[ShardId, bytes]]) -> None:
        """Append commands to their streams."""
        for first in range(0, len(commands), 500):
            async with self.redis.pipeline(transaction=False) as pipe:
                for shard, data in commands[first : first + 500]:
                    pipe.xadd(keys.commands(shard), field_values={keys.COMMAND_FIELD: data})

    async def drain(self) -> float:
        """Serve all streams until they are empty; gives the seconds that it took."""
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for shard, consumer in self.consumers.items():
                nursery.start_soon(self._drain_one, shard, consumer)
        return trio.current_time() - began

    async def _drain_one(self, shard: ShardId, consumer: Consumer) -> None:
        while await self.redis.xlen(keys.commands(shard)):
            await consumer.step("bench")

    async def forget_replies(self) -> None:
        """Nobody reads them here."""
        for shard in self.consumers:
            await self.redis.delete([keys.replies(shard, BootNonce(BOOT))])

    async def seconds_for(self, commands: Sequence[tuple[ShardId, CommandBody]]) -> float:
        """Append commands, then serve them; gives the seconds of serving."""
        await self.fill([(shard, self.command(shard, body)) for shard, body in commands])
        seconds = await self.drain()
        await self.forget_replies()
        return seconds

    def hands(self, how_many: int) -> list[tuple[ShardId, CommandBody]]:
        """Give hands of all tables in turn."""
        tables = [self.tables[number % len(self.tables)] for number in range(how_many)]
        return [(table.shard, table.next_hand()) for table in tables]


@asynccontextmanager
async def open_servers() -> AsyncIterator[BenchServers]:
    """Run PostgreSQL (fsync and synchronous_commit on, as it comes) and Valkey, with an empty ledger."""
    with (
        TemporaryDirectory(prefix="holdem-") as folder,
        postgres_server(Path(folder) / "postgres") as postgres,
        valkey_server(Path(folder), port=0) as valkey,
    ):
        await trio.to_thread.run_sync(asyncio.run, _make_database(postgres.dsn))
        owner = _settings(postgres.dsn, "postgres")
        await trio.to_thread.run_sync(migrate, owner)
        async with open_redis(valkey.settings) as redis:
            yield BenchServers(owner, _settings(postgres.dsn, "holdem_wallet"), redis)


async def _make_database(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    for name in ("fsync", "synchronous_commit"):
        assert await connection.fetchval(f"SHOW {name}") == "on", f"{name} is on"
    await connection.execute("CREATE DATABASE bench")
    await connection.close()


def _settings(dsn: str, role: str) -> PostgresSettings:
    address = f"postgresql://{role}@/bench?{urlsplit(dsn).query}"
    return PostgresSettings(dsn=address, connections=8, connect_seconds=10.0, call_seconds=60.0)


@asynccontextmanager
async def open_room(servers: BenchServers) -> AsyncIterator[LedgerRoom]:
    """Open shards with tables whose players have come with a stack each."""
    async with open_postgres(servers.owner) as owner, open_postgres(servers.worker) as database:
        await add_shards(database, SHARDS)
        tools = BatchTools(database, REPLIES, LINK)
        consumers = {
            shard: Consumer(
                tools, CommandStream(servers.redis, shard, EntryReader(shard, COMMANDS)), shard,
                LedgerSettings(), LOG,
            )
            for shard in SHARDS
        }  # fmt: skip
        room = LedgerRoom(database, servers.redis, consumers)
        await room.fill([(shard, room.command(shard, open_by(0))) for shard in SHARDS])
        await room.drain()
        room.epoch = Epoch(1)
        room.tables = await _tables(database, owner)
        await room.seconds_for(_buy_ins(room, STACK))
        yield room


async def _tables(database: Postgres, owner: Postgres) -> list[Seatful]:
    tables = []
    record = os.urandom(RECORD_BYTES)
    for number in range(len(SHARDS) * TABLES_A_SHARD):
        shard = SHARDS[number % len(SHARDS)]
        made = await create_table(database, NewTable(shard, f"Bench {number}", "low", SEATS))
        players = await _players(owner, SEATS)
        tables.append(Seatful(shard, made.table_id, players, record))
    return tables


async def _players(owner: Postgres, how_many: int) -> list[UserId]:
    """Add players whose wallets hold enough, given by an owner who books nothing: that is not measured."""
    async with owner.transaction() as transaction:
        rows = await transaction.fetch(
            "INSERT INTO player (nickname, email, password_hash)"
            " SELECT name, name || '@bench', '' FROM"
            " (SELECT gen_random_uuid()::text AS name FROM generate_series(1, $1)) AS named RETURNING id",
            how_many,
        )
        users = [UserId(row["id"]) for row in rows]
        await transaction.execute(
            "INSERT INTO account (kind, user_id, balance)"
            " SELECT 'wallet', id, $2 FROM unnest($1::bigint[]) AS id",
            users,
            10 * STACK,
        )
    return users


def _buy_ins(room: LedgerRoom, amount: int) -> list[tuple[ShardId, CommandBody]]:
    return [
        (table.shard, HoldBuyIn(user, table.table_id, SeatIndex(seat), Krw(amount)))
        for table in room.tables
        for seat, user in enumerate(table.players)
    ]
