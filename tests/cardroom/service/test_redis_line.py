"""A line of one's own to Redis: one question at a time, and never the answer to another one."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import trio
from attrs import evolve
from coredis.connection import TCPLocation
from coredis.exceptions import NoScriptError, WrongTypeError

from cardroom.local.sentinels import valkey_group
from cardroom.local.servers import EmbeddedValkey, valkey_server
from cardroom.service.limit_storage import LimitStorage
from cardroom.service.redis import Redis, RedisAway, make_line, open_redis, redis_errors
from cardroom.service.redis_line import RedisLine
from cardroom.service.redis_pool import WholePool
from cardroom.service.settings import Confirmation, RedisSettings
from tests.cardroom.service.test_redis import alone_at

LARGE = os.urandom(8_000_000)


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    async with open_redis(alone_at(valkey)) as client:
        yield client


@pytest.fixture
def line(redis: Redis) -> RedisLine:
    """A line that its client closes."""
    return make_line(redis)


async def test_commands_of_one_write_are_answered_in_their_order(line: RedisLine) -> None:
    answers = await line.ask(
        (b"SET", "test:line", 1), (b"INCR", "test:line"), (b"MGET", "test:line", "test:no")
    )
    assert answers == [b"OK", 2, [b"2", None]]


async def test_what_fills_the_sockets_goes_and_comes_whole(line: RedisLine) -> None:
    await line.ask((b"SET", "test:large", LARGE))
    assert await line.ask((b"GET", "test:large"), (b"DEL", "test:large")) == [LARGE, 1]


async def test_a_refusal_is_raised_and_the_line_goes_on(line: RedisLine) -> None:
    await line.ask((b"SET", "test:text", b"text"))
    for command, error in (
        ((b"RPUSH", "test:text", b"x"), WrongTypeError),
        ((b"EVALSHA", "0" * 40, 0), NoScriptError),
    ):
        with pytest.raises(error):
            await line.ask(command, (b"PING",))
        assert await line.ask((b"GET", "test:text")) == [b"text"]


async def test_the_answer_to_a_question_that_was_cut_off_is_given_to_nobody(line: RedisLine) -> None:
    await line.ask((b"DEL", "test:nothing"))
    with trio.move_on_after(0.05) as waiting:
        await line.ask((b"BLPOP", "test:nothing", 0.1), wait_seconds=0.1)
    assert waiting.cancelled_caught
    await trio.sleep(0.1)
    assert await line.ask((b"ECHO", b"mine")) == [b"mine"]


async def test_only_one_task_may_ask(line: RedisLine) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(line.ask, (b"BLPOP", "test:nothing", 0.2))
        await trio.sleep(0.05)
        with pytest.raises(AssertionError, match="one task at a time"):
            await line.ask((b"PING",))


async def test_a_server_that_has_hung_up_is_noticed_before_anything_is_sent(
    line: RedisLine, redis: Redis
) -> None:
    (number,) = await line.ask((b"CLIENT", "ID"))
    assert isinstance(number, int)
    await redis.client_kill(identifier=number)
    assert await line.ask((b"ECHO", b"again")) == [b"again"]


async def test_who_waits_when_the_line_is_closed_is_told_that_redis_is_away(line: RedisLine) -> None:
    async def wait() -> None:
        with pytest.raises(RedisAway), redis_errors():
            await line.ask((b"BLPOP", "test:nothing", 5.0), wait_seconds=5.0)

    with trio.fail_after(2):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.sleep(0.05)
            line.close()
    assert await line.ask((b"PING",)) == [b"PONG"]


async def test_who_opens_a_line_that_is_closed_meanwhile_is_told_that_redis_is_away(
    line: RedisLine, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = redis.connection_pool
    assert isinstance(pool, WholePool)
    find_server = pool.find_server

    async def hang_up() -> TCPLocation:
        line.close()
        return await find_server()

    monkeypatch.setattr(pool, "find_server", hang_up)
    with pytest.raises(RedisAway), redis_errors():
        await line.ask((b"PING",))
    monkeypatch.undo()
    assert await line.ask((b"PING",)) == [b"PONG"]


async def test_no_server_is_away() -> None:
    async with open_redis(RedisSettings(host="127.0.0.1", port=1, connect_seconds=0.2)) as redis:
        with pytest.raises(RedisAway), redis_errors():
            await make_line(redis).ask((b"PING",))


async def test_a_frozen_server_is_away_and_then_answers_again(tmp_path: Path) -> None:
    with valkey_server(tmp_path, port=0) as server:
        async with open_redis(evolve(alone_at(server), connect_seconds=0.3, call_seconds=0.2)) as redis:
            line = make_line(redis)
            await line.ask((b"PING",))
            os.kill(server.pid, signal.SIGSTOP)
            try:
                with pytest.raises(RedisAway), redis_errors():
                    await line.ask((b"PING",))
            finally:
                os.kill(server.pid, signal.SIGCONT)
            assert await line.ask((b"ECHO", b"mine")) == [b"mine"]


async def test_a_server_that_became_a_replica_is_away_and_the_line_is_closed(
    tmp_path: Path, valkey: EmbeddedValkey
) -> None:
    with valkey_server(tmp_path, port=0) as server:
        async with open_redis(alone_at(server)) as redis:
            line = make_line(redis)
            (before,) = await line.ask((b"CLIENT", "ID"))
            await redis.replicaof("127.0.0.1", valkey.settings.port)
            with pytest.raises(RedisAway), redis_errors():
                await line.ask((b"SET", "test:any", b"no"))
            await redis.replicaof()
            assert await line.ask((b"CLIENT", "ID")) != [before]


async def test_what_no_replica_has_is_not_confirmed(line: RedisLine) -> None:
    await line.ask((b"DEL", "test:kept"))
    push = (b"RPUSH", "test:kept", b"x")
    assert await line.ask_confirmed(push, Confirmation()) == (1, True)
    assert await line.ask_confirmed(push, Confirmation(replicas=1, seconds=0.05)) == (2, False)


@pytest.mark.timeout(120)
async def test_a_line_follows_the_primary_also_while_somebody_waits(tmp_path: Path) -> None:
    """So do the counts of requests, which go over a line of their own and wait for a fraction of a second."""
    with valkey_group(tmp_path) as group:
        settings = evolve(group.settings, connect_seconds=0.5, call_seconds=20.0)
        async with open_redis(settings) as redis, trio.open_nursery() as nursery:
            counts = LimitStorage(redis, 0.25)
            nursery.start_soon(counts.run)
            with closing(make_line(redis)) as line:
                assert await line.ask((b"SET", "test:any", b"1")) == [b"OK"]
                with trio.fail_after(15):  # the first question has to find the primary
                    while not await counts.check():
                        await trio.lowlevel.checkpoint()
                group.primary().freeze()
                with trio.fail_after(15):  # told by the sentinels: the frozen one says nothing
                    with pytest.raises(RedisAway), redis_errors():
                        await line.ask((b"SET", "test:any", b"2"))
                    await _ask_until_answered(line)
                    while not await counts.check():
                        await trio.lowlevel.checkpoint()
                    assert await counts.acquire_entry("test", 3, 60)
            nursery.cancel_scope.cancel()


async def _ask_until_answered(line: RedisLine) -> None:
    while True:
        try:
            with redis_errors():
                await line.ask((b"SET", "test:any", b"3"))
        except RedisAway:
            await trio.sleep(0.05)
        else:
            return
