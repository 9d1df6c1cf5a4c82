"""All players' notices over one subscription: real Valkey, also one that is started again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from attrs import define, field
from prometheus_client import REGISTRY

from cardroom.ids import UserId
from cardroom.local.servers import EmbeddedValkey, free_port, valkey_server
from cardroom.service.player_notices import NoticeEar, NoticeListener
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from cardroom.wire.notices import DepositNotice, DepositState, PlayerNotice, notice_codec
from tests.node.tables.house import LOG, until

ONE, TWO = UserId(1), UserId(2)
MANY = 3000


def notice(number: int) -> DepositNotice:
    return DepositNotice(number, "BTC", "0.001", DepositState.CONFIRMING, 1, 3)


async def tell(redis: Redis, user_id: UserId, number: int) -> None:
    await redis.publish(keys.user(user_id), notice_codec().encode(notice(number)))


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("holdem_notices_heard_total", {"outcome": outcome}) or 0.0


@define
class Heard:
    """Who is here, and what they were told."""

    here: set[UserId] = field(factory=lambda: {ONE})
    told: list[tuple[UserId, PlayerNotice]] = field(factory=list)
    missed: int = 0

    def take(self, user_id: UserId, told: PlayerNotice) -> None:
        self.told.append((user_id, told))

    def miss(self) -> None:
        self.missed += 1

    def listener(self) -> NoticeListener:
        return NoticeListener(self.here.__contains__, self.take, self.miss)


@asynccontextmanager
async def hearing(redis: Redis, listener: NoticeListener) -> AsyncIterator[NoticeEar]:
    ear = NoticeEar(redis, listener, LOG)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ear.run)
        await until(lambda: ear.is_listening)
        yield ear
        nursery.cancel_scope.cancel()
    assert not ear.is_listening


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    async with open_redis(valkey.settings) as client:
        yield client


async def test_who_is_here_hears_in_order_and_nobody_else(redis: Redis) -> None:
    heard = Heard()
    async with hearing(redis, heard.listener()):
        for number in range(10):
            await tell(redis, TWO, number)
            await tell(redis, ONE, number)
        await until(lambda: len(heard.told) == 10)
    assert heard.told == [(ONE, notice(number)) for number in range(10)]
    assert heard.missed == 1


async def test_many_notices_to_others_cost_no_decoding(redis: Redis) -> None:
    """What is not for anybody here may be anything: nobody looks into it."""
    heard, before = Heard(), (counted("nobody_here"), counted("unreadable"))
    async with hearing(redis, heard.listener()):
        async with redis.pipeline(transaction=False) as pipeline:
            for number in range(MANY):
                pipeline.publish(keys.user(UserId(number + 10)), b"\xff" * 2000)
        await tell(redis, ONE, 1)
        await until(lambda: bool(heard.told))
    assert (counted("nobody_here"), counted("unreadable")) == (before[0] + MANY, before[1])


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\x91\x03", bytes(5000)])
async def test_what_is_no_notice_is_dropped_and_counted(redis: Redis, data: bytes) -> None:
    heard, before = Heard(), counted("unreadable")
    async with hearing(redis, heard.listener()):
        await redis.publish(keys.user(ONE), data)
        await redis.publish("user:", data)
        await redis.publish("user:one", data)
        await tell(redis, ONE, 1)
        await until(lambda: bool(heard.told))
    assert heard.told == [(ONE, notice(1))]
    assert counted("unreadable") == before + 1


async def test_a_listener_that_fails_breaks_nothing(redis: Redis) -> None:
    heard = Heard()

    def fail_once(user_id: UserId, told: PlayerNotice) -> None:
        heard.take(user_id, told)
        if len(heard.told) == 1:
            raise RuntimeError("for a test")

    async with hearing(redis, NoticeListener(heard.here.__contains__, fail_once)):
        await tell(redis, ONE, 1)
        await tell(redis, ONE, 2)
        await until(lambda: len(heard.told) == 2)


async def test_it_comes_back_when_redis_does_and_says_that_something_may_be_missing(tmp_path: Path) -> None:
    heard, port = Heard(), free_port()
    async with (
        open_redis(RedisSettings("127.0.0.1", port, connect_seconds=0.5)) as redis,
        trio.open_nursery() as nursery,
    ):
        ear = NoticeEar(redis, heard.listener(), LOG)
        nursery.start_soon(ear.run)
        for start in (1, 2):
            with valkey_server(tmp_path, port):
                await until(lambda: ear.is_listening)
                assert heard.missed == start
                await tell(redis, ONE, start)
                await until(lambda: len(heard.told) == heard.missed)
            await until(lambda: not ear.is_listening)
        nursery.cancel_scope.cancel()
