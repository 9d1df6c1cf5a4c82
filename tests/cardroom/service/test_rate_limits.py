"""Rules, who they count, and what is open while nothing can be counted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
import structlog
import trio
from attrs import evolve
from prometheus_client import REGISTRY
from structlog.testing import LogCapture

from cardroom.local.servers import EmbeddedValkey
from cardroom.service.http import RefusedRequest
from cardroom.service.limit_rules import Rule
from cardroom.service.logs import Log
from cardroom.service.rate_limits import LimitSettings, RateLimits, Standing, TooOften
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import BadSettings, RedisSettings, structure_settings
from cardroom.wire.refusals import Refusal
from tests.cardroom.service.test_redis import alone_at

SETTINGS = LimitSettings(exempt=("127.0.0.0/8", "fd00::/8"))
ADDRESS = "198.51.100.7"
AWAY = RedisSettings("127.0.0.1", 1, connect_seconds=1.0, call_seconds=1.0)


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    async with open_redis(alone_at(valkey)) as client:
        await client.flushdb()
        yield client


@asynccontextmanager
async def counting(
    redis: Redis, settings: LimitSettings = SETTINGS, capture: LogCapture | None = None
) -> AsyncIterator[RateLimits]:
    async with trio.open_nursery() as nursery:
        limits = RateLimits(evolve(settings, redis_seconds=2.0), redis, log_into(capture or LogCapture()))
        nursery.start_soon(limits.run)
        yield limits
        nursery.cancel_scope.cancel()


def log_into(capture: LogCapture) -> Log:
    log: Log = structlog.wrap_logger(None, [capture], structlog.BoundLogger)
    return log


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_the_amounts_of_the_plan(redis: Redis) -> None:
    async with counting(redis, LimitSettings()) as limits:
        found = {rule: await limits.count_address(rule, ADDRESS) for rule in Rule}
    quotas = {rule: (one.quota, one.window_seconds) for rule, one in found.items() if one is not None}
    assert quotas[Rule.DEFAULT] == (100, 60)
    assert quotas[Rule.LOGIN] == (5, 60)
    assert quotas[Rule.REGISTER] == quotas[Rule.RESET] == quotas[Rule.CONFIRM] == (3, 60)
    assert quotas[Rule.WITHDRAW] == (10, 3600)
    assert set(Rule) - set(quotas) == {Rule.FREE}


async def test_each_rule_each_address_and_each_player_counts_for_itself(redis: Redis) -> None:
    refused = counted("holdem_limits_refused_total", rule="register", per="address")
    async with counting(redis) as limits:
        standings = [await limits.count_address(Rule.REGISTER, ADDRESS) for _ in range(3)]
        assert [one.remaining for one in standings if one] == [2, 1, 0]
        for _ in range(2):
            with pytest.raises(TooOften) as refusal:
                await limits.count_address(Rule.REGISTER, ADDRESS)
            assert (refusal.value.status, refusal.value.code) == (429, Refusal.RATE_LIMITED)
            assert 55 < (refusal.value.retry_seconds or 0) <= 60
        assert await limits.count_address(Rule.RESET, ADDRESS)
        assert await limits.count_address(Rule.REGISTER, "198.51.100.8")
        assert await limits.count_user(Rule.REGISTER, 1, ADDRESS)
        assert await limits.count_user(Rule.REGISTER, 2, ADDRESS)
    assert counted("holdem_limits_refused_total", rule="register", per="address") == refused + 2


async def test_a_player_is_counted_wherever_he_asks_from(redis: Redis) -> None:
    async with counting(redis) as limits:
        for last in range(10):
            await limits.count_user(Rule.WITHDRAW, 17, f"198.51.100.{last}")
        with pytest.raises(TooOften):
            await limits.count_user(Rule.WITHDRAW, 17, "198.51.100.99")


async def test_the_addresses_of_one_ipv6_connection_are_one(redis: Redis) -> None:
    async with counting(redis) as limits:
        for last in range(3):
            await limits.count_address(Rule.REGISTER, f"2001:db8:1:2::{last}")
        with pytest.raises(TooOften):
            await limits.count_address(Rule.REGISTER, "2001:db8:1:2:ffff::1")
        assert await limits.count_address(Rule.REGISTER, "2001:db8:1:3::1")


async def test_an_address_may_have_another_amount_than_a_player(redis: Redis) -> None:
    settings = evolve(SETTINGS, per_address={"login": "50/minute"})
    async with counting(redis, settings) as limits:
        of_address = await limits.count_address(Rule.LOGIN, ADDRESS)
        of_user = await limits.count_user(Rule.LOGIN, 1, ADDRESS)
    assert of_address is not None
    assert of_user is not None
    assert (of_address.quota, of_user.quota) == (50, 5)


async def test_who_is_exempt_is_not_counted_nor_is_anybody_when_it_is_off(redis: Redis) -> None:
    async with counting(redis) as limits:
        for address in ("127.0.0.1", "::ffff:127.1.2.3", "fd00::1"):
            for _ in range(10):
                assert await limits.count_address(Rule.REGISTER, address) is None
                assert await limits.count_user(Rule.REGISTER, 1, address) is None
    async with counting(redis, LimitSettings(enabled=False)) as limits:
        assert [await limits.count_address(Rule.REGISTER, ADDRESS) for _ in range(9)] == [None] * 9
    assert await redis.keys("limit:*") == set()


@pytest.mark.filterwarnings("ignore:Unclosed <Memory:ResourceWarning")  # coredis, of each failed connection
async def test_while_redis_is_away_what_invites_guessing_is_closed_and_the_rest_open() -> None:
    capture = LogCapture()
    async with open_redis(AWAY) as redis, counting(redis, SETTINGS, capture) as limits:
        passed = counted("holdem_limits_uncounted_total", rule="default", outcome="passed")
        for rule in Rule:
            if rule.is_closed_uncounted:
                with pytest.raises(RefusedRequest) as refusal:
                    await limits.count_address(rule, ADDRESS)
                assert (refusal.value.status, refusal.value.code) == (503, Refusal.UNAVAILABLE)
                assert refusal.value.retry_seconds
            else:
                assert await limits.count_address(rule, ADDRESS) is None
                assert await limits.count_user(rule, 1, ADDRESS) is None
        assert [entry["event"] for entry in capture.entries] == ["limits.away"], "once per outage"
        assert counted("holdem_limits_uncounted_total", rule="default", outcome="passed") == passed + 2


async def test_an_away_redis_delays_one_request_in_a_while(valkey: EmbeddedValkey) -> None:
    """Nobody runs the storage, which is as good as a server that hangs; then somebody does."""
    capture = LogCapture()
    settings = evolve(SETTINGS, redis_seconds=0.2, pause_seconds=0.5)
    async with open_redis(alone_at(valkey)) as redis, trio.open_nursery() as nursery:
        limits = RateLimits(settings, redis, log_into(capture))
        began = trio.current_time()
        for _ in range(200):
            assert await limits.count_address(Rule.DEFAULT, ADDRESS) is None
        assert trio.current_time() - began < 1.0
        nursery.start_soon(limits.run)
        with trio.fail_after(5):
            while await limits.count_address(Rule.DEFAULT, uuid4().hex) is None:
                await trio.lowlevel.checkpoint()
        assert [entry["event"] for entry in capture.entries] == ["limits.away", "limits.counted_again"]
        assert await limits.count_address(Rule.DEFAULT, ADDRESS) is not None
        nursery.cancel_scope.cancel()


def test_how_a_limit_is_told() -> None:
    standing = Standing("login-address", quota=5, window_seconds=60, remaining=3, reset_seconds=42)
    assert standing.policy == '"login-address";q=5;w=60'
    assert standing.state == '"login-address";r=3;t=42'


@pytest.mark.parametrize(
    "document",
    [
        {"login": "often"},
        {"login": "0/minute"},
        {"login": "5/minute; 10/hour"},
        {"login": 5},
        {"unknown": "5/minute"},
        {"per_address": {"unknown": "5/minute"}},
        {"per_address": {"login": "often"}},
        {"exempt": ["localhost"]},
        {"redis_seconds": 0.0},
    ],
)
def test_settings_that_cannot_be_meant(document: Any) -> None:
    with pytest.raises(BadSettings):
        structure_settings(LimitSettings, document, "limits", {})


def test_settings_of_a_file() -> None:
    document = {"default": "200/minute", "per_address": {"login": "50 per minute"}, "exempt": ["10.0.0.0/8"]}
    read = structure_settings(LimitSettings, document, "limits", {})
    assert read == LimitSettings(
        default="200/minute", per_address={"login": "50 per minute"}, exempt=("10.0.0.0/8",)
    )
