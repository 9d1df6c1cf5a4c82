"""Login sessions over both servers: what each holds, and what stands when one has lost it or is away."""

import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
from attrs import evolve, frozen

from cardroom.ids import UserId
from cardroom.local.servers import free_port
from cardroom.service.logins import LoginLookup, LoginsBusy, LookupSettings, draw_token, hash_token
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused, Row, Transaction, open_postgres
from cardroom.service.redis import Redis, RedisAway, open_redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from cardroom.wire import keys
from shard_router.store.accounts import Account, Accounts, change_hash
from shard_router.store.logins import AccountChanged, Logins, NewLogin, Origin, SessionRules

ORIGIN = Origin("192.0.2.7", "test")
RULES = SessionRules(60, at_most=20)
LOOKUP = LookupSettings(at_once=2, waiting=3, remembered=5)


@frozen
class Desk:
    """Alice, and the logins of a router over both servers."""

    pool: Postgres
    redis: Redis
    logins: Logins
    alice: Account

    async def open(self) -> str:
        return (await self.logins.open(self.alice, ORIGIN)).token

    async def find(self, token: str) -> UserId | None:
        """Say whose session it is."""
        login = await self.logins.find(token)
        return None if login is None else login.user_id

    async def pttl(self, token: str) -> int:
        return int(await self.redis.pttl(keys.login(hash_token(token).hex())))


@pytest.fixture
async def desk(pool: Postgres, redis: Redis) -> Desk:
    user_id = await Accounts(pool).register("앨리스", "alice@example.com", "hash")
    assert isinstance(user_id, int)
    logins = Logins(LoginLookup(redis, pool, LOOKUP), pool, RULES)
    return Desk(pool, redis, logins, Account(user_id, "앨리스", "hash"))


async def _run(owner: Postgres, sql: str, *values: object) -> int:
    async with owner.transaction() as transaction:
        return await transaction.execute(sql, *values)


async def _rows(owner: Postgres, sql: str) -> list[Row]:
    async with owner.transaction() as transaction:
        return list(await transaction.fetch(sql))


@asynccontextmanager
async def _locked_sessions(owner: Postgres) -> AsyncIterator[Transaction]:
    """Hold every session's row, so that whoever looks one up waits."""
    async with owner.transaction() as transaction:
        await transaction.execute("SELECT FROM session FOR UPDATE")
        yield transaction


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    with trio.fail_after(5):
        while not await condition():
            pass


async def test_open_find_close(desk: Desk, owner: Postgres) -> None:
    before = time.time() * 1000
    opened = await desk.logins.open(desk.alice, ORIGIN)
    assert before + 59_000 < opened.expires_unix_ms < before + 65_000
    assert len(opened.token) >= 43
    assert await desk.find(opened.token) == desk.alice.user_id
    await desk.logins.close(opened.token)
    await desk.logins.close(opened.token)
    assert await desk.logins.find(opened.token) is None
    (row,) = await _rows(owner, "SELECT * FROM session")
    assert (row["user_id"], row["token_hash"]) == (desk.alice.user_id, hash_token(opened.token))
    assert row["created_at"] <= row["ended_at"] < row["expires_at"]


async def test_what_redis_lost_is_put_back_for_the_time_that_is_left(desk: Desk, owner: Postgres) -> None:
    token = await desk.open()
    await _run(owner, "UPDATE session SET expires_at = now() + interval '20 s'")
    await desk.redis.flushall()
    assert await desk.find(token) == desk.alice.user_id
    assert 15_000 < await desk.pttl(token) <= 20_000
    await _run(owner, "DELETE FROM session")
    assert await desk.find(token) == desk.alice.user_id, "Redis answers again"


async def test_what_has_ended_or_expired_is_not_put_back(desk: Desk, owner: Postgres) -> None:
    ended, expired = await desk.open(), await desk.open()
    await desk.logins.close(ended)
    await _run(owner, "UPDATE session SET expires_at = now() WHERE token_hash = $1", hash_token(expired))
    await desk.redis.flushall()
    assert await desk.logins.find(ended) is None
    assert await desk.logins.find(expired) is None
    assert await desk.redis.dbsize() == 0


async def test_a_logout_while_the_session_is_put_back_wins(desk: Desk, redis_settings: RedisSettings) -> None:
    """The look-up has read the session and is about to write it into Redis when the player logs out."""
    token = await desk.open()
    await desk.redis.flushall()
    async with trio.open_nursery() as nursery:
        gate = Gate(redis_settings)
        slow = evolve(redis_settings, port=await nursery.start(gate.serve))
        async with open_redis(slow) as behind_gate, trio.open_nursery() as both:
            both.start_soon(LoginLookup(behind_gate, desk.pool, LOOKUP).find, token)
            with trio.fail_after(5):
                await gate.is_holding.wait()
            with trio.move_on_after(0.3):  # it has to wait; if it does not, the gate opens after it
                both.start_soon(desk.logins.close, token)
                await trio.sleep_forever()
            gate.may_pass.set()
        nursery.cancel_scope.cancel()
    assert await desk.pttl(token) == -2
    assert await desk.logins.find(token) is None


class Gate:
    """A way to Redis on which the first write of a session is held up."""

    def __init__(self, redis: RedisSettings) -> None:
        self._redis = redis
        self.is_holding = trio.Event()
        self.may_pass = trio.Event()

    async def serve(self, *, task_status: trio.TaskStatus[int]) -> None:
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(partial(trio.serve_tcp, self._join, 0, host="127.0.0.1"))
            task_status.started(listeners[0].socket.getsockname()[1])

    async def _join(self, client: trio.SocketStream) -> None:
        server = await trio.open_tcp_stream(self._redis.host, self._redis.port)
        async with client, server, trio.open_nursery() as nursery:
            nursery.start_soon(self._pump, client, server, nursery.cancel_scope)
            nursery.start_soon(self._pump, server, client, nursery.cancel_scope)

    async def _pump(
        self, source: trio.SocketStream, sink: trio.SocketStream, ended: trio.CancelScope
    ) -> None:
        async for data in source:
            if b"HSET" in data.upper():
                self.is_holding.set()
                await self.may_pass.wait()
            await sink.send_all(data)
        ended.cancel()


@pytest.mark.parametrize("token", ["", "unknown", "x" * 129, "é", "x" * 48])
async def test_a_token_of_another_form_reaches_no_database(redis: Redis, token: str) -> None:
    async with _no_database() as away:
        assert await LoginLookup(redis, away, LOOKUP).find(token) is None


async def test_what_was_not_found_is_remembered_up_to_a_limit(redis: Redis, desk: Desk) -> None:
    lookup = LoginLookup(redis, desk.pool, LOOKUP)
    tokens = [draw_token() for _ in range(6)]
    for token in tokens:
        assert await lookup.find(token) is None
    async with _no_database() as away:
        lookup._postgres = away
        for token in tokens[1:]:
            assert await lookup.find(token) is None
        with pytest.raises(PostgresAway):
            await lookup.find(tokens[0])


async def test_unknown_tokens_take_no_more_connections_than_they_may(desk: Desk, owner: Postgres) -> None:
    """Who knows the form of tokens keeps two connections busy, and neither logins nor known tokens wait."""
    lost = [await desk.open() for _ in range(9)]
    await desk.redis.flushall()
    known = await desk.open()
    outcomes: list[str] = []

    async def ask(token: str) -> None:
        try:
            found = await desk.find(token)
        except LoginsBusy:
            outcomes.append("busy")
        else:
            outcomes.append("found" if found == desk.alice.user_id else "lost")

    async def all_have_come() -> bool:
        waiting = await _rows(owner, "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return len(waiting) == 2 and len(outcomes) == 4

    async with trio.open_nursery() as nursery, _locked_sessions(owner):
        for token in lost:
            nursery.start_soon(ask, token)
        await _until(all_have_come)
        assert outcomes == ["busy"] * 4, "two look, three wait"
        assert await desk.find(known) == desk.alice.user_id
        assert (await desk.open())[:1]
    assert sorted(outcomes) == ["busy"] * 4 + ["found"] * 5


async def test_expired_sessions_are_purged_the_oldest_first(desk: Desk, owner: Postgres) -> None:
    for _ in range(5):
        await desk.open()
    await _run(
        owner,
        "UPDATE session SET expires_at = now() - make_interval(mins => n::int) FROM ("
        "  SELECT token_hash AS hash, row_number() OVER () AS n FROM session"
        ") AS numbered WHERE hash = token_hash AND n <= 3",
    )
    assert await desk.logins.purge(2) == 2
    (left,) = await _rows(owner, "SELECT count(*) FROM session WHERE expires_at < now() - interval '90 s'")
    assert left[0] == 0, "the one of a minute ago is left"
    assert await desk.logins.purge(2) == 1
    assert await desk.logins.purge(2) == 0
    assert (await _rows(owner, "SELECT count(*) FROM session"))[0][0] == 2


async def test_a_login_needs_the_database_and_a_logout_too(desk: Desk, redis: Redis) -> None:
    token = await desk.open()
    async with _no_database() as away:
        logins = Logins(LoginLookup(redis, away, LOOKUP), away, RULES)
        with pytest.raises(PostgresAway):
            await logins.open(desk.alice, ORIGIN)
        with pytest.raises(PostgresAway):
            await logins.close(token)
        assert await logins.find(token) is not None, "nothing was changed, and Redis alone answers"
        with pytest.raises(PostgresAway):
            await logins.find(draw_token())


@pytest.mark.filterwarnings("ignore:Unclosed <Memory:ResourceWarning")  # coredis, of each failed connection
async def test_redis_away(desk: Desk) -> None:
    token = await desk.open()
    async with open_redis(RedisSettings("127.0.0.1", free_port())) as redis:
        logins = Logins(LoginLookup(redis, desk.pool, LOOKUP), desk.pool, RULES)
        with pytest.raises(RedisAway):
            await logins.open(desk.alice, ORIGIN)
        for _ in range(2):
            assert await logins.find(token) is not None, "PostgreSQL has the session"
            assert await logins.find(draw_token()) is None
        with pytest.raises(RedisAway):
            await logins.close(token)
        assert await logins.find(token) is not None, "nothing was changed"
        async with _no_database() as no_database:
            lookup = LoginLookup(redis, no_database, LOOKUP)
            with pytest.raises(PostgresAway):
                await lookup.find(token)
    gc.collect()


async def test_a_player_has_so_many_sessions_at_most_and_the_oldest_ends(desk: Desk) -> None:
    desk.logins._rules = evolve(RULES, at_most=2)
    tokens = [await desk.open() for _ in range(4)]
    assert [await desk.find(token) is not None for token in tokens] == [False, False, True, True]
    await desk.redis.flushall()
    assert [await desk.find(token) is not None for token in tokens] == [False, False, True, True]
    assert len(await desk.logins.list_of(desk.alice.user_id)) == 2


async def test_no_session_begins_by_a_password_that_was_changed_meanwhile(desk: Desk) -> None:
    """The password was checked; before the session is opened, its owner changes it and ends all sessions."""
    async with trio.open_nursery() as nursery:
        outcomes: list[str] = []

        async def open_one() -> None:
            try:
                await desk.open()
            except AccountChanged:
                outcomes.append("changed")
            else:
                outcomes.append("opened")

        async with desk.pool.transaction() as transaction:
            assert await change_hash(transaction, desk.alice, "another hash")
            nursery.start_soon(open_one)
            await _until(lambda: _one_waits(desk.pool))
            await desk.logins.end_all(transaction, desk.alice.user_id)
    assert outcomes == ["changed"]
    assert await desk.logins.list_of(desk.alice.user_id) == ()


async def _one_waits(pool: Postgres) -> bool:
    rows = await pool.fetch("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    return len(rows) == 1


@pytest.mark.filterwarnings("ignore:Unclosed <Memory:ResourceWarning")  # coredis, of each failed connection
async def test_ending_needs_both_servers_and_changes_nothing_without(desk: Desk) -> None:
    """What is ended in PostgreSQL alone would go on in Redis: so the transaction is taken back."""
    token = await desk.open()
    async with open_redis(RedisSettings("127.0.0.1", free_port())) as away:
        logins = Logins(LoginLookup(away, desk.pool, LOOKUP), desk.pool, RULES)
        with pytest.raises(RedisAway):
            async with desk.pool.transaction() as transaction:
                await logins.end_all(transaction, desk.alice.user_id)
    assert await desk.find(token) == desk.alice.user_id
    gc.collect()


async def test_when_a_session_was_seen_is_noted_and_brings_none_back(desk: Desk) -> None:
    lookup = LoginLookup(desk.redis, desk.pool, evolve(LOOKUP, seen_seconds=0.0))
    token = await desk.open()
    key = keys.login(hash_token(token).hex())
    await desk.redis.hset(key, {"seen": "5"})
    assert await lookup.seen([hash_token(token), b"unknown"]) == [5, 0]
    assert await lookup.find(token) is not None
    (seen, _) = await lookup.seen([hash_token(token), b"unknown"])
    assert abs(seen - time.time() * 1000) < 60_000
    await desk.redis.delete([key])
    await lookup._note_seen(hash_token(token))
    assert await desk.redis.exists([key]) == 0


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE player SET frozen_at = NULL",
        "UPDATE player SET nickname = 'x'",
        "UPDATE registration SET email = 'x@x'",
        "UPDATE recovery_code SET code_hash = code_hash",
        "UPDATE session SET id = gen_random_uuid()",
        "UPDATE session SET expires_at = now() + interval '1 year'",
        "UPDATE session SET user_id = user_id",
        "SELECT * FROM account",
        "SELECT * FROM hand_event",
        "SELECT * FROM users",
    ],
)
async def test_the_routers_role_cannot(desk: Desk, sql: str) -> None:
    with pytest.raises(PostgresRefused) as refused:
        await _run(desk.pool, sql)
    assert refused.value.state == "42501"


def test_a_token_does_not_show_itself() -> None:
    assert "secret" not in repr(NewLogin("secret", 1))


@asynccontextmanager
async def _no_database() -> AsyncIterator[Postgres]:
    settings = PostgresSettings(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing", connect_seconds=1.0)
    async with open_postgres(settings, must_answer=False) as away:
        yield away
