import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest
import structlog
import trio
from attrs import evolve

from cardroom.local.servers import EmbeddedPostgres, EmbeddedValkey
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from tests.shard_router.front import Front, open_front, router_settings
from tests.shard_router.office import Office, build_office
from wallet_worker.store.migrate import migrate

_DATABASE = "shard_router"


@pytest.fixture(scope="session")
def owner_settings(postgres: EmbeddedPostgres) -> PostgresSettings:
    """Make a database of our own, with the real schema."""
    asyncio.run(_create_database(postgres.dsn))
    own = _as(PostgresSettings(dsn=postgres.dsn), "postgres")
    migrate(own)
    return own


async def _create_database(dsn: str) -> None:
    """No transaction may hold this statement, so it goes past our own pool."""
    connection = await asyncpg.connect(dsn, timeout=5.0)
    await connection.execute(f"CREATE DATABASE {_DATABASE}", timeout=10.0)
    await connection.close(timeout=5.0)


@pytest.fixture
def database(owner_settings: PostgresSettings) -> PostgresSettings:
    """Give the empty database as the router's role sees it."""
    # Without triggers: what refers to players is append-only, and goes with them here.
    tables = "player, registration, admin_action, game_table, block RESTART IDENTITY CASCADE"
    empty = f"SET LOCAL session_replication_role = replica; TRUNCATE {tables}"
    trio.run(_execute, owner_settings, empty)
    return _as(owner_settings, "holdem_router")


def _as(server: PostgresSettings, role: str) -> PostgresSettings:
    place = urlsplit(server.dsn)
    dsn = f"postgresql://{role}@/{_DATABASE}?{place.query}"
    return PostgresSettings(dsn=dsn, connections=4, connect_seconds=2.0, call_seconds=3.0)


async def _execute(settings: PostgresSettings, sql: str) -> None:
    async with open_postgres(settings) as opened, opened.transaction() as transaction:
        await transaction.execute(sql)


@pytest.fixture
def redis_settings(valkey: EmbeddedValkey) -> RedisSettings:
    settings = evolve(valkey.settings, connect_seconds=1.0, call_seconds=1.0)
    trio.run(_flush, settings)
    return settings


async def _flush(settings: RedisSettings) -> None:
    async with open_redis(settings) as redis:
        await redis.flushall()


@pytest.fixture
async def redis(redis_settings: RedisSettings) -> AsyncIterator[Redis]:
    async with open_redis(redis_settings) as client:
        yield client


@pytest.fixture
async def pool(database: PostgresSettings) -> AsyncIterator[Postgres]:
    """Connect as the router does."""
    async with open_postgres(database) as opened:
        yield opened


@pytest.fixture
async def owner(database: PostgresSettings, owner_settings: PostgresSettings) -> AsyncIterator[Postgres]:
    """Connect as who may do everything."""
    async with open_postgres(owner_settings) as opened:
        yield opened


@pytest.fixture
def log() -> Log:
    logger: Log = structlog.get_logger()
    return logger


@pytest.fixture
async def front(database: PostgresSettings, redis_settings: RedisSettings, log: Log) -> AsyncIterator[Front]:
    async with open_front(router_settings(database, redis_settings), log) as opened:
        yield opened


@pytest.fixture
async def office(
    database: PostgresSettings,
    redis_settings: RedisSettings,
    pool: Postgres,
    redis: Redis,
    owner: Postgres,
    log: Log,
) -> Office:
    return build_office((database, redis_settings), pool, redis, owner, log)
