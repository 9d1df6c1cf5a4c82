"""asyncpg's pool over a real fail-over: what was committed is there, and the pool finds the new primary."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import trio
from attrs import evolve

from cardroom.local.standby import PostgresPair, postgres_pair
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused, list_hosts, open_postgres
from cardroom.service.settings import PostgresSettings

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def pair() -> Iterator[PostgresPair]:
    with TemporaryDirectory(prefix="holdem-") as folder, postgres_pair(Path(folder) / "pair") as pair:
        pair.primary.ask("CREATE TABLE note (number int PRIMARY KEY)")
        yield pair


def quick(pair: PostgresPair) -> PostgresSettings:
    return PostgresSettings(
        dsn=pair.dsn, connections=3, connect_seconds=1.0, call_seconds=1.0, lock_seconds=0.3
    )


async def write(pool: Postgres, number: int) -> None:
    async with pool.transaction() as transaction:
        await transaction.execute("INSERT INTO note VALUES ($1) ON CONFLICT DO NOTHING", number)


async def write_until_done(pool: Postgres, number: int) -> int:
    failures = 0
    with trio.fail_after(20):
        while True:
            try:
                await write(pool, number)
            except (PostgresAway, PostgresRefused):
                failures += 1
                await trio.sleep(0.05)
            else:
                return failures


async def numbers(pool: Postgres) -> list[int]:
    async with pool.transaction() as transaction:
        return [row["number"] for row in await transaction.fetch("SELECT number FROM note ORDER BY 1")]


async def fill_pool(pool: Postgres) -> None:
    """Open every connection, so that several lead to the same server."""
    async with pool.transaction(), pool.transaction(), pool.transaction():
        pass


@pytest.mark.parametrize("is_frozen", [False, True])
async def test_all_that_was_committed_is_at_the_new_primary(pair: PostgresPair, *, is_frozen: bool) -> None:
    async with open_postgres(quick(pair)) as pool:
        await fill_pool(pool)
        await write(pool, 1)
        old = pair.primary
        old.freeze() if is_frozen else old.kill()
        with pytest.raises(PostgresAway):
            await write(pool, 2)
        await trio.to_thread.run_sync(pair.promote)
        await write_until_done(pool, 2)
        with trio.fail_after(3.0):  # no connection leads to the old one any more
            for number in range(3, 9):
                await write(pool, number)
            await fill_pool(pool)
        assert await numbers(pool) == list(range(1, 9))
        old.stop()


async def test_a_commit_that_the_standby_lacks_is_not_seen_until_it_has_it(pair: PostgresPair) -> None:
    """Cancelled at the server it would be seen at once, and be lost with the primary all the same."""
    standby = pair.standby
    assert standby is not None
    async with open_postgres(quick(pair)) as pool:
        standby.freeze()
        with pytest.raises(PostgresAway):
            await write(pool, 1)
        with trio.move_on_after(0.3):
            await write(pool, 2)
        assert await numbers(pool) == []
        with pytest.raises((PostgresAway, PostgresRefused)):
            await write(pool, 1)
        standby.thaw()
        await write_until_done(pool, 3)
        assert {1, 3} <= set(await numbers(pool)) <= {1, 2, 3}


async def test_several_servers_are_asked_for_the_one_that_takes_writes(pair: PostgresPair) -> None:
    dsn = pair.dsn.partition("?")[0]
    async with open_postgres(evolve(quick(pair), dsn=dsn)) as pool:
        await write(pool, 1)
    backwards = ",".join(f"127.0.0.1:{port}" for port in reversed(pair.ports))
    async with open_postgres(PostgresSettings(dsn=f"postgresql://postgres@{backwards}/postgres")) as pool:
        await write(pool, 2)
        assert await numbers(pool) == [1, 2]


async def test_a_standby_is_away_for_who_writes(pair: PostgresPair) -> None:
    assert pair.standby is not None
    dsn = f"postgresql://postgres@127.0.0.1:{pair.standby.port}/postgres"
    async with open_postgres(PostgresSettings(dsn=dsn)) as pool:
        with pytest.raises(PostgresAway, match="read-only"):
            await write(pool, 1)


def test_hosts_of_an_address() -> None:
    assert list_hosts("postgresql://u:p%40@db1:1,db2:2/x?target_session_attrs=primary") == [
        ("db1", 1),
        ("db2", 2),
    ]
    assert list_hosts("postgresql://u@db1,db2/x?port=7,8") == [("db1", 7), ("db2", 8)]
    assert list_hosts("postgresql://u@/x?host=/run/a,/run/b&port=7") == [("/run/a", 7), ("/run/b", 7)]
    assert list_hosts("postgresql://db1/x") == [("db1", None)]
