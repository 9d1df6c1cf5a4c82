"""The pool over a real fail-over: it finds the new primary by itself, whatever becomes of the old one."""

from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest
import trio
from attrs import evolve
from coredis.exceptions import BusyLoadingError, ReadOnlyError, ResponseError, UnblockedError, WrongTypeError

from cardroom.local.sentinels import GroupMember, ValkeyGroup, valkey_group
from cardroom.service.redis import Redis, RedisAway, open_redis, redis_errors
from cardroom.service.redis_line import is_wrong_server
from cardroom.service.settings import RedisSettings
from tests.cardroom.service.confirmed import ConfirmedScript

pytestmark = pytest.mark.timeout(120)

APPEND = "return redis.call('RPUSH', KEYS[1], ARGV[1])"


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyGroup]:
    """Three servers of which two must have a write; each test leaves them whole."""
    with valkey_group(tmp_path_factory.mktemp("group")) as group:
        yield group


def quick(group: ValkeyGroup) -> RedisSettings:
    return evolve(group.settings, connections=4, connect_seconds=0.5, call_seconds=1.0, confirm_seconds=0.5)


@pytest.fixture
async def redis(group: ValkeyGroup) -> AsyncIterator[Redis]:
    async with open_redis(quick(group)) as client:
        yield client


async def write_until_kept(script: ConfirmedScript, word: bytes, seconds: float = 15.0) -> int:
    """Write the word until it is confirmed; gives how often Redis was away."""
    failures = 0
    with trio.fail_after(seconds):
        while True:
            try:
                await script(["test:{s0}words"], [word])
            except RedisAway:
                failures += 1
                await trio.sleep(0.05)
            else:
                return failures


async def wait_for_nothing(redis: Redis) -> None:
    assert await redis.blpop(["test:{s0}nothing"], timeout=0.2) is None


async def restore(group: ValkeyGroup, member: GroupMember) -> None:
    """Start a server anew, as a replica: sooner than the sentinels would make one of it."""
    member.kill()
    await trio.to_thread.run_sync(group.start, member)
    await trio.to_thread.run_sync(partial(group.wait_until_whole, 40.0))


async def test_what_was_confirmed_is_at_the_new_primary(group: ValkeyGroup, redis: Redis) -> None:
    script = ConfirmedScript(redis, APPEND, quick(group))
    await redis.delete(["test:{s0}words"])
    for number in range(50):
        assert await write_until_kept(script, b"before-%d" % number) == 0
    old = group.primary()
    old.kill()
    assert await write_until_kept(script, b"after") > 0
    words = await redis.lrange("test:{s0}words", 0, -1)
    assert words[:50] == [b"before-%d" % number for number in range(50)]
    assert b"after" in words[50:]
    assert group.primary() is not old
    await restore(group, old)


async def test_a_frozen_primary_is_left_and_its_stale_connections_are_dropped(
    group: ValkeyGroup, redis: Redis
) -> None:
    script = ConfirmedScript(redis, APPEND, quick(group))
    async with trio.open_nursery() as nursery:  # several connections to the old one lie in the pool
        for _ in range(4):
            nursery.start_soon(wait_for_nothing, redis)
    old = group.primary()
    old.freeze()
    try:
        assert await write_until_kept(script, b"elsewhere") > 0
        with trio.fail_after(3.0):  # nobody is handed a connection to the frozen one any more
            for _ in range(8):
                await redis.get("test:{s0}any")
    finally:
        old.thaw()
    assert await write_until_kept(script, b"later") == 0, "the thawed one says nothing to us"
    await restore(group, old)


async def test_a_waiting_reader_goes_on_at_the_new_primary(group: ValkeyGroup, redis: Redis) -> None:
    old = group.primary()
    found: list[list[bytes]] = []

    async def read() -> None:
        while not found:
            try:
                with redis_errors():
                    entry = await redis.blpop(["test:{s0}inbox"], timeout=0.5)
            except RedisAway:
                await trio.sleep(0.05)
                continue
            if entry:
                found.append(entry)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await trio.sleep(0.2)
        old.freeze()
        await trio.to_thread.run_sync(group.wait_for_new_primary, old)
        async with open_redis(quick(group)) as other:
            await other.rpush("test:{s0}inbox", [b"letter"])
        nursery.cancel_scope.deadline = trio.current_time() + 10
    old.thaw()
    assert found == [[b"test:{s0}inbox", b"letter"]]
    await restore(group, old)


async def test_a_primary_without_replicas_is_away(group: ValkeyGroup, redis: Redis) -> None:
    others = [one for one in group.servers if one is not group.primary()]
    for one in others:
        one.freeze()
    try:
        script = ConfirmedScript(redis, APPEND, quick(group))
        with pytest.raises(RedisAway, match="too few replicas"):
            await script(["test:{s0}words"], [b"alone"])
        with pytest.raises(RedisAway, match="NOREPLICAS"), redis_errors():
            await _write_until_refused(redis)
    finally:
        for one in others:
            one.thaw()
    await write_until_kept(script, b"together")


async def _write_until_refused(redis: Redis) -> None:
    """Write until the primary counts its replicas as gone (min-replicas-max-lag)."""
    with trio.fail_after(20):
        while True:
            await redis.set("test:{s0}any", b"x")
            await trio.sleep(0.3)


def test_which_answers_mean_another_server() -> None:
    wrong = [ReadOnlyError("x"), BusyLoadingError("x"), UnblockedError("x")]
    wrong += [ResponseError("NOREPLICAS Not enough"), ResponseError("MASTERDOWN Link with MASTER is down")]
    assert all(is_wrong_server(one) for one in wrong)
    assert not any(is_wrong_server(one) for one in [WrongTypeError("x"), ResponseError("ERR x"), b"READONLY"])
