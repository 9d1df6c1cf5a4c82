"""A ledger of its own for each test: a copy of a database that was migrated once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count
from urllib.parse import urlsplit

import asyncpg
import pytest
from attrs import evolve

from cardroom.ids import ShardId
from cardroom.local.servers import EmbeddedPostgres, EmbeddedValkey
from cardroom.service.postgres import Postgres, open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import PostgresSettings
from tests.wallet_worker.house import House, open_house
from wallet_worker.store.migrate import migrate

_TEMPLATE = "ledger_template"
_NUMBERS = count(1)
_SHARDS = count(5000, step=2)


def settings_of(server: EmbeddedPostgres, name: str, role: str) -> PostgresSettings:
    dsn = f"postgresql://{role}@/{name}?{urlsplit(server.dsn).query}"
    return PostgresSettings(dsn=dsn, connections=6, connect_seconds=5.0, call_seconds=5.0)


async def _run(dsn: str, *statements: str) -> None:
    """These statements allow no transaction, so they go past our own pool."""
    connection = await asyncpg.connect(dsn, timeout=10.0)
    for statement in statements:
        await connection.execute(statement, timeout=20.0)
    await connection.close(timeout=5.0)


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    asyncio.run(_run(postgres.dsn, f"CREATE DATABASE {_TEMPLATE}"))
    migrate(settings_of(postgres, _TEMPLATE, "postgres"))
    return _TEMPLATE


@pytest.fixture
def owner_settings(postgres: EmbeddedPostgres, template: str) -> Iterator[PostgresSettings]:
    """Make a ledger that no other test sees; these settings reach it as a superuser."""
    name = f"ledger_{next(_NUMBERS)}"
    asyncio.run(_run(postgres.dsn, f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield settings_of(postgres, name, "postgres")
    # Months make many files: a thousand ledgers would be half a million of them.
    asyncio.run(_run(postgres.dsn, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def wallet_settings(owner_settings: PostgresSettings) -> PostgresSettings:
    """Reach the test's ledger as the wallet worker's role."""
    return evolve(owner_settings, dsn=owner_settings.dsn.replace("//postgres@", "//holdem_wallet@"))


@pytest.fixture
async def owner(owner_settings: PostgresSettings) -> AsyncIterator[Postgres]:
    async with open_postgres(evolve(owner_settings, connections=2)) as pool:
        yield pool


@pytest.fixture
async def database(wallet_settings: PostgresSettings) -> AsyncIterator[Postgres]:
    async with open_postgres(wallet_settings) as pool:
        yield pool


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    async with open_redis(valkey.settings) as client:
        await client.flushall()
        yield client


@pytest.fixture
async def house(database: Postgres, owner: Postgres) -> House:
    """Give a shard with two tables and four players, who have 100,000 won each."""
    return await open_house(database, owner, ShardId(next(_SHARDS)))
