"""Redis through its one adapter."""

import pytest
import trio

from cardroom.local.servers import EmbeddedValkey
from cardroom.service.redis import Redis, RedisAway, open_redis, redis_errors, set_if_absent
from cardroom.service.settings import RedisSettings


async def test_a_value_is_set_once(valkey: EmbeddedValkey) -> None:
    async with open_redis(valkey.settings) as redis:
        await redis.delete(["test:once"])
        assert await set_if_absent(redis, "test:once", b"first", seconds=60)
        assert not await set_if_absent(redis, "test:once", b"second", seconds=60)
        assert await redis.get("test:once") == b"first"
        assert 0 < await redis.ttl("test:once") <= 60


async def test_no_server_is_away() -> None:
    async with open_redis(RedisSettings(host="127.0.0.1", port=1, connect_seconds=0.2)) as redis:
        with pytest.raises(RedisAway):
            await set_if_absent(redis, "any", b"x", seconds=1)


async def test_an_error_of_the_server_is_away_too(valkey: EmbeddedValkey) -> None:
    async with open_redis(valkey.settings) as redis:
        await redis.set("test:text", b"text")
        with pytest.raises(RedisAway), redis_errors():
            await redis.incr("test:text")


async def test_a_cancelled_wait_leaves_the_pool_usable(valkey: EmbeddedValkey) -> None:
    settings = RedisSettings(host=valkey.settings.host, port=valkey.settings.port, connections=2)
    async with open_redis(settings) as redis:
        for _ in range(6):
            with trio.move_on_after(0.02):
                await redis.blpop(["test:nothing"], timeout=1)
        with trio.fail_after(3):
            await redis.set("test:alive", b"yes")
            assert await redis.get("test:alive") == b"yes"


async def test_connections_that_break_while_they_wait_are_replaced(valkey: EmbeddedValkey) -> None:
    settings = RedisSettings(host=valkey.settings.host, port=valkey.settings.port, connections=2)
    async with open_redis(settings) as redis, open_redis(valkey.settings) as other:
        for _ in range(5):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_wait_and_lose_the_connection, redis)
                await _kill_a_waiting_connection(other)
        with trio.fail_after(3):
            await redis.set("test:alive", b"again")


async def _wait_and_lose_the_connection(redis: Redis) -> None:
    """The client waits again over another connection by itself, where one can be had."""
    assert await redis.blpop(["test:nothing"], timeout=1) is None


async def _kill_a_waiting_connection(redis: Redis) -> None:
    with trio.fail_after(5):
        while True:
            for client in await redis.client_list():
                if "b" in str(client["flags"]):  # it waits in a blocking call
                    await redis.client_kill(identifier=client["id"])
                    return


async def _wait_for_an_entry(redis: Redis) -> None:
    assert await redis.blpop(["test:list"], timeout=1) == [b"test:list", b"entry"]


async def test_waiting_for_an_entry_does_not_block_others(valkey: EmbeddedValkey) -> None:
    async with open_redis(valkey.settings) as redis, trio.open_nursery() as nursery:
        nursery.start_soon(_wait_for_an_entry, redis)
        with trio.fail_after(0.9):
            await redis.set("test:meanwhile", b"yes")
            await redis.rpush("test:list", [b"entry"])
