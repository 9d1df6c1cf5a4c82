"""The purge keeps to its steps, goes on when the database comes back, and runs in the router itself."""

import trio

from cardroom.local.servers import free_port
from cardroom.service.logins import LoginLookup, LookupSettings
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, open_postgres
from cardroom.service.redis import Redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from shard_router.settings import MailedTokenSettings, PurgeSettings
from shard_router.store.accounts import Accounts
from shard_router.store.logins import Logins, SessionRules
from shard_router.store.purge import purge_expired, purge_once
from shard_router.store.registrations import Registrations, Waiting
from tests.shard_router.front import open_front, router_settings

_ADD_EXPIRED = """
INSERT INTO session (token_hash, user_id, expires_at)
SELECT sha256(number::text::bytea), id, now() - interval '1 s'
FROM player, generate_series(1, $1::int) AS number
"""


async def _add_expired(owner: Postgres, how_many: int) -> None:
    async with owner.transaction() as transaction:
        await transaction.execute(
            "INSERT INTO player (nickname, email, password_hash) VALUES ('A', 'a@b', '')"
        )
        await transaction.execute(_ADD_EXPIRED, how_many)


_ADD_TOKENS = """
WITH asked AS (
    INSERT INTO registration (token_hash, nickname, email, password_hash, expires_at)
    SELECT sha256(number::text::bytea), 'A', 'a@b', '', now() - interval '61 min'
    FROM generate_series(1, 3) AS number
)
INSERT INTO password_reset (token_hash, user_id, expires_at)
SELECT sha256(number::text::bytea), id, now() - interval '61 min' FROM player, generate_series(1, 3) AS number
"""
_LEFT = """
SELECT (SELECT count(*) FROM session) + (SELECT count(*) FROM registration)
     + (SELECT count(*) FROM password_reset)
"""


async def _count(owner: Postgres) -> int:
    async with owner.transaction() as transaction:
        row = await transaction.fetch_one(_LEFT)
    assert row is not None
    return int(row[0])


async def test_a_purge_takes_no_more_steps_than_it_may(pool: Postgres, owner: Postgres, redis: Redis) -> None:
    await _add_expired(owner, 25)
    logins = Logins(LoginLookup(redis, pool, LookupSettings()), pool, SessionRules(60))
    assert await purge_once(logins, PurgeSettings(rows=4, steps=3)) == 12
    assert await purge_once(logins, PurgeSettings(rows=4, steps=9)) == 13
    assert await _count(owner) == 0


async def test_routers_that_purge_at_once_do_not_wait_for_each_other(
    pool: Postgres, owner: Postgres, redis: Redis
) -> None:
    await _add_expired(owner, 30)
    logins = Logins(LoginLookup(redis, pool, LookupSettings()), pool, SessionRules(60))
    async with owner.transaction() as other:
        await other.execute("SELECT FROM session ORDER BY expires_at, token_hash LIMIT 10 FOR UPDATE")
        with trio.fail_after(2):
            assert await purge_once(logins, PurgeSettings(rows=50, steps=1)) == 20
    assert await purge_once(logins, PurgeSettings(rows=50, steps=1)) == 10


async def test_a_database_that_is_away_does_not_end_the_purge(redis: Redis, log: Log) -> None:
    away = PostgresSettings(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing", connect_seconds=0.5)
    async with open_postgres(away, must_answer=False) as pool:
        logins = Logins(LoginLookup(redis, pool, LookupSettings()), pool, SessionRules(60))
        with trio.move_on_after(0.3) as scope:
            registrations = Registrations(pool, MailedTokenSettings())
            await purge_expired(logins, registrations, PurgeSettings(every_seconds=0.05), log)
    assert scope.cancelled_caught


async def test_the_router_purges_by_itself(
    database: PostgresSettings, redis_settings: RedisSettings, owner: Postgres, log: Log
) -> None:
    await _add_expired(owner, 7)
    async with owner.transaction() as transaction:
        await transaction.execute(_ADD_TOKENS)
    assert await _count(owner) == 13
    async with open_front(router_settings(database, redis_settings), log):
        with trio.fail_after(5):
            while await _count(owner):
                pass


async def test_what_is_purged_is_not_mailed_anew_within_the_hour(pool: Postgres, owner: Postgres) -> None:
    """Tokens are good for half an hour, and count for a whole one among those that an address is mailed."""
    accounts = Accounts(pool)
    user_id = await accounts.register("Alice", "alice@example.com", "hash")
    assert isinstance(user_id, int)
    account = await accounts.find_by_id(user_id)
    assert account is not None
    registrations = Registrations(pool, MailedTokenSettings(an_hour=1))
    assert await registrations.add_reset(account) is not None
    assert isinstance(await registrations.add("Bob", "bob@example.com", "hash"), Waiting)
    async with owner.transaction() as transaction:
        await transaction.execute("UPDATE password_reset SET expires_at = now() - interval '1 s'")
        await transaction.execute("UPDATE registration SET expires_at = now() - interval '1 s'")
    await registrations.purge(100)
    assert await registrations.add_reset(account) is None
    again = await registrations.add("Bob", "bob@example.com", "hash")
    assert isinstance(again, Waiting)
    assert not again.may_mail
