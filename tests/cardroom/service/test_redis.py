"""Redis through its one adapter."""

import os
import signal
from pathlib import Path

import pytest
import trio
import trio.testing
from attrs import evolve

from cardroom.local.servers import EmbeddedValkey, valkey_server
from cardroom.service.redis import (
    Redis,
    RedisAway,
    open_redis,
    redis_errors,
    set_if_absent,
)
from cardroom.service.settings import RedisSettings
from tests.cardroom.service.confirmed import ConfirmedScript


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


APPEND = "return redis.call('RPUSH', KEYS[1], ARGV[1])"


async def test_a_script_counts_once_it_is_confirmed(valkey: EmbeddedValkey) -> None:
    alone = alone_at(valkey)
    async with open_redis(alone) as redis:
        await redis.delete(["test:kept"])
        await redis.script_flush()
        script = ConfirmedScript(redis, APPEND, alone)
        assert [await script(["test:kept"], [b"one"]), await script(["test:kept"], [b"two"])] == [1, 2]
        with pytest.raises(RedisAway):
            await ConfirmedScript(redis, "return redis.call('NONSENSE')", alone)([], [])


async def test_a_script_that_no_replica_confirms_is_away_and_may_be_carried_out(
    valkey: EmbeddedValkey,
) -> None:
    settings = evolve(alone_at(valkey), replicas=1, confirm_seconds=0.1)
    async with open_redis(settings) as redis:
        await redis.delete(["test:unkept"])
        with pytest.raises(RedisAway, match="too few replicas"):
            await ConfirmedScript(redis, APPEND, settings)(["test:unkept"], [b"one"])
        assert await redis.llen("test:unkept") == 1


async def test_a_frozen_server_is_away_and_the_pool_is_whole_when_it_goes_on(tmp_path: Path) -> None:
    with valkey_server(tmp_path, port=0) as server:
        settings = evolve(
            alone_at(server), connections=2, connect_seconds=0.3, call_seconds=0.4, confirm_seconds=0.2
        )
        async with open_redis(settings) as redis:
            await redis.set("test:before", b"yes")
            os.kill(server.pid, signal.SIGSTOP)
            try:
                with trio.fail_after(20):
                    for _ in range(6):
                        with pytest.raises(RedisAway), redis_errors():
                            await redis.get("test:before")
            finally:
                os.kill(server.pid, signal.SIGCONT)
            with trio.fail_after(5):
                async with trio.open_nursery() as nursery:
                    for _ in range(2):
                        nursery.start_soon(_wait_for_nothing, redis)


async def _wait_for_nothing(redis: Redis) -> None:
    assert await redis.blpop(["test:nothing"], timeout=0.2) is None


async def test_who_stops_waiting_for_a_connection_takes_nobodys_turn(valkey: EmbeddedValkey) -> None:
    async with open_redis(evolve(alone_at(valkey), connections=1)) as redis, trio.open_nursery() as nursery:
        nursery.start_soon(_wait_for_nothing, redis)
        await trio.testing.wait_all_tasks_blocked(0.01)
        with trio.move_on_after(0.02):
            await redis.get("test:any")
        with trio.fail_after(1.0):
            await redis.get("test:any")


async def test_a_server_that_became_a_replica_is_away(tmp_path: Path, valkey: EmbeddedValkey) -> None:
    with valkey_server(tmp_path, port=0) as server:
        async with open_redis(alone_at(server)) as redis:
            await redis.set("test:any", b"yes")
            await redis.replicaof("127.0.0.1", valkey.settings.port)
            with pytest.raises(RedisAway), redis_errors():
                await redis.set("test:any", b"no")
            await redis.replicaof()
            await redis.set("test:any", b"again")


def alone_at(server: EmbeddedValkey) -> RedisSettings:
    return RedisSettings(host=server.settings.host, port=server.settings.port)
