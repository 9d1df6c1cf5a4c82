"""Counting in a real Redis: exact to the request, by one clock, and the library's own strategies over it."""

import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import limits
import pytest
import trio
import trio.testing
from limits.aio.strategies import FixedWindowRateLimiter

from cardroom.local.servers import EmbeddedValkey, free_port, valkey_server
from cardroom.service.limit_storage import LimitStorage, MovingWindow, Window
from cardroom.service.redis import Redis, RedisAway, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from tests.cardroom.service.test_redis import alone_at

THREE = limits.parse("3/minute")


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    async with open_redis(alone_at(valkey)) as client:
        yield client


@pytest.fixture
async def storage(redis: Redis, nursery: trio.Nursery) -> LimitStorage:
    made = LimitStorage(redis, 2.0)
    nursery.start_soon(made.run)
    return made


@pytest.fixture
def who() -> str:
    return uuid4().hex


async def test_no_more_are_let_in_than_the_rule_says(storage: LimitStorage, who: str) -> None:
    window = MovingWindow(storage)
    taken = [await window.take(THREE, who) for _ in range(5)]
    assert [(one.is_taken, one.count) for one in taken] == [
        (True, 1), (True, 2), (True, 3), (False, 3), (False, 3),
    ]  # fmt: skip
    assert all(59 < one.wait_seconds <= 60 for one in taken)
    assert (await window.take(THREE, "somebody", "else", who)).is_taken


async def test_two_processes_that_ask_at_once_let_in_as_many_as_one(redis: Redis, who: str) -> None:
    first, second = LimitStorage(redis, 2.0), LimitStorage(redis, 2.0)
    item, taken = limits.parse("100/minute"), []

    async def ask(storage: LimitStorage) -> None:
        taken.append(await MovingWindow(storage).take(item, who))

    async with trio.open_nursery() as running:
        running.start_soon(first.run)
        running.start_soon(second.run)
        async with trio.open_nursery() as asking:
            for _ in range(150):
                asking.start_soon(ask, first)
                asking.start_soon(ask, second)
        running.cancel_scope.cancel()
    assert sum(one.is_taken for one in taken) == 100


async def test_the_window_moves(storage: LimitStorage, redis: Redis, who: str) -> None:
    """Of three who came 61, 59 and 1 seconds ago, two count; the older one leaves in a second."""
    key = THREE.key_for(who)
    now_ms = int((await redis.time()).timestamp() * 1000)
    await redis.rpush(keys.limit(key), [str(now_ms - ago) for ago in (1_000, 55_000, 61_000)])
    looked = await storage.take(key, THREE.amount, THREE.get_expiry(), 0)
    assert (looked.is_taken, looked.count) == (True, 2)
    assert 3 < looked.wait_seconds <= 5
    assert (await MovingWindow(storage).take(THREE, who)).count == 3
    assert 0 < await redis.pttl(keys.limit(key)) <= 60_000


async def test_strategies_of_the_library_work_over_it(storage: LimitStorage, who: str) -> None:
    moving, fixed = MovingWindow(storage), FixedWindowRateLimiter(storage)
    for strategy in (moving, fixed):
        name = f"{type(strategy).__name__} {who}"
        assert await strategy.test(THREE, name)
        assert [await strategy.hit(THREE, name) for _ in range(4)] == [True] * 3 + [False]
        assert not await strategy.test(THREE, name)
        stats = await strategy.get_window_stats(THREE, name)
        assert stats.remaining == 0
        assert 55 < stats.reset_time - time.time() < 65
        await strategy.clear(THREE, name)
        assert await strategy.hit(THREE, name)
    assert await storage.check()


@pytest.mark.filterwarnings("ignore:Unclosed <Memory:ResourceWarning")  # coredis, of each failed connection
async def test_a_server_that_is_gone_or_hangs_costs_no_more_than_the_limit(tmp_path: Path, who: str) -> None:
    settings = RedisSettings("127.0.0.1", free_port(), connect_seconds=1.0, call_seconds=3.0)
    async with open_redis(settings) as redis, trio.open_nursery() as nursery:
        storage = LimitStorage(redis, 0.2)
        nursery.start_soon(storage.run)
        window = MovingWindow(storage)
        with pytest.raises(RedisAway):
            await window.take(THREE, who)
        with valkey_server(tmp_path, settings.port) as server:
            assert (await window.take(THREE, who)).is_taken
            os.kill(server.pid, signal.SIGSTOP)
            began = trio.current_time()
            with pytest.raises(RedisAway):
                await window.take(THREE, who)
            assert trio.current_time() - began < 1.0
            os.kill(server.pid, signal.SIGCONT)
            with trio.fail_after(5):
                while not await storage.check():
                    await trio.lowlevel.checkpoint()
            assert isinstance(await window.take(THREE, who), Window)
        nursery.cancel_scope.cancel()


async def test_who_gave_up_waiting_is_not_counted(redis: Redis, who: str) -> None:
    storage = LimitStorage(redis, 0.01)
    with pytest.raises(RedisAway):
        await MovingWindow(storage).take(THREE, who)  # nobody runs it
    async with trio.open_nursery() as nursery:
        nursery.start_soon(storage.run)
        await trio.testing.wait_all_tasks_blocked(0.05)
        nursery.cancel_scope.cancel()
    assert await redis.llen(keys.limit(THREE.key_for(who))) == 0
