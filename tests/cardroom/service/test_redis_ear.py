"""An ear at Redis: hears what is published, notices a server that is gone, and follows the primary."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from attrs import define, evolve, field
from coredis import PureToken
from coredis.exceptions import ConnectionError as ConnectionFailed

from cardroom.local.sentinels import valkey_group
from cardroom.local.servers import EmbeddedValkey, valkey_server
from cardroom.service.redis import Redis, RedisAway, make_ear, open_redis, redis_errors
from cardroom.service.redis_ear import RedisEar
from cardroom.service.settings import RedisSettings
from tests.cardroom.service.test_redis import alone_at
from tests.node.tables.house import until

PATTERN = "test:heard:*"
HERE = b"test:heard:1"


@define
class Heard:
    """What was heard, and how often it was begun."""

    messages: list[tuple[bytes, bytes]] = field(factory=list)
    begun: int = 0

    def heed(self, channel: bytes, message: bytes) -> None:
        self.messages.append((channel, message))

    def begin(self) -> None:
        self.begun += 1


@asynccontextmanager
async def listening(ear: RedisEar) -> AsyncIterator[Heard]:
    """Listen for as long as the block lasts."""
    heard = Heard()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ear.listen, PATTERN, heard.heed, heard.begin)
        await until(lambda: heard.begun == 1)
        yield heard
        nursery.cancel_scope.cancel()


async def again_and_again(ear: RedisEar, heard: Heard) -> None:
    while True:
        try:
            with redis_errors():
                await ear.listen(PATTERN, heard.heed, heard.begin)
        except RedisAway:
            await trio.sleep(0.02)


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    async with open_redis(alone_at(valkey)) as client:
        yield client


async def test_what_is_published_is_heard_in_order_and_nothing_else(redis: Redis) -> None:
    async with listening(make_ear(redis)) as heard:
        for number in range(500):
            await redis.publish(HERE if number % 2 else b"test:other:1", b"%d" % number)
        await until(lambda: len(heard.messages) == 250)
        assert heard.messages == [(HERE, b"%d" % number) for number in range(1, 500, 2)]


async def test_a_message_that_is_larger_than_a_read_comes_whole(redis: Redis) -> None:
    large = os.urandom(1_000_000)
    async with listening(make_ear(redis)) as heard:
        await redis.publish(HERE, large)
        await until(lambda: bool(heard.messages))
        assert heard.messages == [(HERE, large)]


async def test_an_ear_takes_no_connection_of_the_pool(valkey: EmbeddedValkey) -> None:
    async with (
        open_redis(evolve(alone_at(valkey), connections=1)) as redis,
        listening(make_ear(redis)),
        listening(make_ear(redis)) as heard,
    ):
        with trio.fail_after(2):
            await redis.publish(HERE, b"x")
        await until(lambda: bool(heard.messages))


async def test_silence_is_asked_about_and_the_ear_goes_on(redis: Redis) -> None:
    async with listening(make_ear(redis, quiet_seconds=0.02)) as heard:
        await trio.sleep(0.2)
        await redis.publish(HERE, b"still here")
        await until(lambda: bool(heard.messages))
        assert heard.begun == 1


async def test_who_is_cut_off_is_told_and_may_listen_again(redis: Redis) -> None:
    ear = make_ear(redis)
    ends: list[object] = []

    async def listen() -> None:
        with pytest.raises(RedisAway) as end, redis_errors():
            await ear.listen(PATTERN, heard.heed, heard.begin)
        ends.append(end)

    async with trio.open_nursery() as nursery:
        heard = Heard()
        nursery.start_soon(listen)
        await until(lambda: heard.begun == 1)
        await redis.client_kill(type_=PureToken.PUBSUB)
        await until(lambda: len(ends) == 1)
    async with listening(ear) as heard:
        await redis.publish(HERE, b"again")
        await until(lambda: bool(heard.messages))


async def test_no_server_is_away() -> None:
    async with open_redis(RedisSettings(host="127.0.0.1", port=1, connect_seconds=0.2)) as redis:
        heard = Heard()
        with pytest.raises(RedisAway), redis_errors():
            await make_ear(redis).listen(PATTERN, heard.heed, heard.begin)
        assert heard.begun == 0


async def test_a_frozen_server_is_noticed_and_heard_again(tmp_path: Path) -> None:
    with valkey_server(tmp_path, port=0) as server:
        async with (
            open_redis(evolve(alone_at(server), connect_seconds=0.3, call_seconds=0.2)) as redis,
            trio.open_nursery() as nursery,
        ):
            heard = Heard()
            nursery.start_soon(again_and_again, make_ear(redis, quiet_seconds=0.1), heard)
            await until(lambda: heard.begun == 1)
            os.kill(server.pid, signal.SIGSTOP)
            await trio.sleep(0.8)
            os.kill(server.pid, signal.SIGCONT)
            await until(lambda: heard.begun >= 2)
            await redis.publish(HERE, b"back")
            await until(lambda: (HERE, b"back") in heard.messages)
            nursery.cancel_scope.cancel()


@pytest.mark.timeout(120)
async def test_an_ear_follows_the_primary(tmp_path: Path) -> None:
    """The one that was the primary says nothing to it any more, not even that it is another's replica."""
    with valkey_group(tmp_path) as group:
        settings = evolve(group.settings, connect_seconds=0.5, call_seconds=20.0)
        async with open_redis(settings) as redis, trio.open_nursery() as nursery:
            heard = Heard()
            nursery.start_soon(again_and_again, make_ear(redis, quiet_seconds=60.0), heard)
            await until(lambda: heard.begun == 1, seconds=15)
            group.primary().freeze()
            await until(lambda: heard.begun == 2, seconds=20)
            await _publish_at_last(redis)
            await until(lambda: (HERE, b"back") in heard.messages)
            nursery.cancel_scope.cancel()


async def _publish_at_last(redis: Redis) -> None:
    with trio.fail_after(10):
        while True:
            try:
                with redis_errors():
                    await redis.publish(HERE, b"back")
            except RedisAway:
                await trio.sleep(0.05)
            else:
                return


async def test_an_error_of_the_server_ends_it(redis: Redis) -> None:
    class Nonsense(RedisEar):
        def _say(self, words: tuple[str | bytes | int | float, ...]) -> None:
            super()._say((b"GET", "test:none"))

    ear = Nonsense(redis.connection_pool, 1.0, 1.0, 5.0)  # type: ignore[arg-type]
    heard = Heard()
    with pytest.raises(ConnectionFailed, match="no message"):
        await ear.listen(PATTERN, heard.heed, heard.begin)


async def test_only_one_task_may_listen(redis: Redis) -> None:
    ear = make_ear(redis)
    async with listening(ear) as heard:
        with pytest.raises(AssertionError, match="one task at a time"):
            await ear.listen(PATTERN, heard.heed, heard.begin)
