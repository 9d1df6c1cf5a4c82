"""asyncpg through trio-asyncio on a real PostgreSQL: limits, errors, and above all cancellation.

The pool must be whole after a cancel at any moment, and the transaction either done or not.
"""

import asyncio
import gc
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import trio

from cardroom.local.servers import EmbeddedPostgres
from cardroom.service.postgres import (
    TRANSACTIONS,
    Postgres,
    PostgresAway,
    PostgresRefused,
    open_postgres,
)
from cardroom.service.settings import PostgresSettings

CONNECTIONS = 3


@pytest.fixture
async def database(postgres: EmbeddedPostgres) -> AsyncIterator[Postgres]:
    options = PostgresSettings(dsn=postgres.dsn, connections=CONNECTIONS, call_seconds=3.0)
    async with open_postgres(options) as pool:
        async with pool.transaction() as transaction:
            await transaction.execute("drop table if exists note")
            await transaction.execute("create table note (word text primary key)")
        yield pool


async def _write_and_fail(pool: Postgres) -> None:
    async with pool.transaction() as transaction:
        await transaction.execute("insert into note values ('dropped')")
        raise KeyError


async def _end_own_backend(pool: Postgres) -> None:
    async with pool.transaction() as transaction:
        await transaction.fetch("select pg_terminate_backend(pg_backend_pid())")
        await transaction.fetch("select 1")


async def _words(pool: Postgres) -> set[str]:
    async with pool.transaction() as transaction:
        return {row["word"] for row in await transaction.fetch("select word from note")}


async def _assert_pool_is_whole(pool: Postgres) -> None:
    """Use every connection at the same time: one that was lost, or is still in a query, would time out."""
    together = trio.Event()
    waiting = 0

    async def use() -> None:
        nonlocal waiting
        async with pool.transaction() as transaction:
            assert (await transaction.fetch("select 1 as one"))[0]["one"] == 1
            waiting += 1
            if waiting == CONNECTIONS:
                together.set()
            await together.wait()

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            for _ in range(CONNECTIONS):
                nursery.start_soon(use)


async def test_a_transaction_commits_at_its_end_and_rolls_back_on_an_error(database: Postgres) -> None:
    async with database.transaction() as transaction:
        assert await transaction.execute("insert into note values ('kept')") == 1
    with pytest.raises(KeyError):
        await _write_and_fail(database)
    assert await _words(database) == {"kept"}
    await _assert_pool_is_whole(database)


async def test_an_error_of_the_database_names_state_and_constraint(database: Postgres) -> None:
    with pytest.raises(PostgresRefused) as refused:
        async with database.transaction() as transaction:
            await transaction.execute("insert into note values ('twice'), ('twice')")
    assert refused.value.state == "23505"
    assert refused.value.constraint == "note_pkey"
    assert "twice" not in str(refused.value), "what stands in a row is nobody's who reads logs"
    await _assert_pool_is_whole(database)


async def test_a_cancel_in_the_middle_of_a_query_leaves_the_pool_whole(database: Postgres) -> None:
    for _ in range(2 * CONNECTIONS):
        with trio.move_on_after(0.05) as limit:
            async with database.transaction() as transaction:
                await transaction.execute("insert into note values ('never')")
                await transaction.fetch("select pg_sleep(30)")
        assert limit.cancelled_caught
    assert await _words(database) == set()
    await _assert_pool_is_whole(database)
    async with database.transaction() as transaction:  # and no lock of theirs is left at the server
        await transaction.execute("lock table note in access exclusive mode nowait")


async def test_a_cancel_in_the_middle_of_a_commit_leaves_it_done_or_not(database: Postgres) -> None:
    """A deferred trigger makes COMMIT slow: the cancel hits it, and nothing stays half done."""
    async with database.transaction() as transaction:
        await transaction.execute(
            "create or replace function slow() returns trigger language plpgsql as"
            " $$ begin perform pg_sleep(0.5); return null; end $$"
        )
        await transaction.execute(
            "create constraint trigger slow after insert on note"
            " deferrable initially deferred for each row execute function slow()"
        )
    with trio.move_on_after(0.2) as limit:
        async with database.transaction() as transaction:
            await transaction.execute("insert into note values ('left'), ('right')")
    assert limit.cancelled_caught
    await _assert_pool_is_whole(database)
    assert await _words(database) in ({"left", "right"}, set())


async def test_cancels_at_any_moment_leave_each_transaction_done_or_not(database: Postgres) -> None:
    """Sweep the moment of the cancel over begin, two inserts and commit; both words stand or none."""
    seen = set()
    for step in range(60):
        one, two = str(uuid4()), str(uuid4())
        with trio.move_on_after(step * 0.00005):
            async with database.transaction() as transaction:
                await transaction.execute("insert into note values ($1)", one)
                await transaction.execute("insert into note values ($1)", two)
        present = {one, two} & await _words(database)
        assert len(present) in (0, 2)
        seen.add(len(present))
    assert 0 in seen
    await _assert_pool_is_whole(database)


async def test_a_query_over_its_limit_is_away_and_the_pool_recovers(postgres: EmbeddedPostgres) -> None:
    options = PostgresSettings(dsn=postgres.dsn, connections=CONNECTIONS, call_seconds=0.2)
    async with open_postgres(options) as pool:
        with pytest.raises(PostgresAway):
            async with pool.transaction() as transaction:
                await transaction.fetch("select pg_sleep(30)")
        await _assert_pool_is_whole(pool)


async def test_waiting_for_a_connection_has_a_limit(postgres: EmbeddedPostgres) -> None:
    options = PostgresSettings(dsn=postgres.dsn, connections=1, connect_seconds=0.2)
    async with open_postgres(options) as pool, pool.transaction():
        with pytest.raises(PostgresAway):
            async with pool.transaction():
                pass


async def test_a_connection_killed_by_the_server_is_replaced(database: Postgres) -> None:
    with pytest.raises(PostgresAway):
        await _end_own_backend(database)
    await _assert_pool_is_whole(database)


async def test_a_future_that_a_cancelled_call_has_left_behind_harms_nobody(database: Postgres) -> None:
    async def leave_behind() -> None:
        asyncio.get_running_loop().create_future().set_exception(ConnectionError("nobody waits for it"))
        gc.collect()

    await database._bridge(leave_behind)
    await _assert_pool_is_whole(database)


async def test_a_statement_by_itself_is_a_transaction_of_its_own_and_is_counted(database: Postgres) -> None:
    before = TRANSACTIONS._value.get()
    rows = await database.fetch("insert into note values ('one'), ('two') returning word")
    assert [row["word"] for row in rows] == ["one", "two"]
    assert (await database.fetch_one("select count(*) as words from note"))["words"] == 2  # type: ignore[index]
    assert await database.fetch_one("select word from note where word = 'none'") is None
    assert TRANSACTIONS._value.get() == before + 3
    with pytest.raises(PostgresRefused) as refused:
        await database.fetch("insert into note values ('three'), ('one') returning word")
    assert refused.value.state == "23505"
    assert await _words(database) == {"one", "two"}
    await _assert_pool_is_whole(database)


async def test_cancels_at_any_moment_of_a_statement_leave_the_pool_whole(database: Postgres) -> None:
    for number in range(40):
        with trio.move_on_after(number * 0.0002):
            await database.fetch("select pg_sleep(0.002)")
    with trio.move_on_after(0.1) as scope:
        await database.fetch("select pg_sleep(5)")
    assert scope.cancelled_caught
    await _assert_pool_is_whole(database)


async def test_a_statement_by_itself_has_the_limits_of_others(postgres: EmbeddedPostgres) -> None:
    options = PostgresSettings(dsn=postgres.dsn, connections=CONNECTIONS, call_seconds=0.2)
    async with open_postgres(options) as pool:
        with pytest.raises(PostgresAway):
            await pool.fetch("select pg_sleep(5)")
        with pytest.raises(PostgresAway):
            await pool.fetch("select pg_terminate_backend(pg_backend_pid())")
        assert await pool.fetch_one("select 1 as one") is not None
        await _assert_pool_is_whole(pool)


async def test_no_server_is_away() -> None:
    with pytest.raises(PostgresAway):
        async with open_postgres(PostgresSettings(dsn="postgresql://nobody@127.0.0.1:1/none")):
            raise AssertionError("nobody listens there")
