"""Sources are asked once a minute by one of all workers, and by each where nothing can be shared."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal

import pytest
import trio

from cardroom.local.servers import free_port
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from tests.fakes.clocks import MovedClock
from tests.fakes.rate_sources import BINANCE, COINGECKO, UPBIT, Mood, RateSources
from tests.wallet_worker.house import LOG
from wallet_worker.rates.breaker import BreakerState
from wallet_worker.rates.market import Market, open_market

ONCE = {COINGECKO: 1, UPBIT: 1, BINANCE: 1}


@pytest.fixture
async def workers(sources: RateSources, redis: Redis, clock: MovedClock) -> AsyncIterator[list[Market]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(open_market(sources.settings(), redis, LOG, clock))
            for _ in range(3)
        ]


async def prices_of(market: Market, coin: str) -> dict[str, Decimal]:
    look = await market.look()
    return {price.source: price.price for price in look.prices.get(coin, ())}


async def test_all_sources_are_asked_in_their_order(workers: list[Market], sources: RateSources) -> None:
    look = await workers[0].look()
    told = {coin: [price.source for price in prices] for coin, prices in look.prices.items()}
    all_three = ["coingecko", "upbit", "binance x upbit"]
    assert told == {"BTC": all_three, "ETH": all_three, "USDC": all_three, "USDT": all_three[:2]}
    assert look.prices["BTC"][2].price == Decimal("98000.1") * 1451


async def test_one_of_all_asks_for_all(
    workers: list[Market], sources: RateSources, clock: MovedClock
) -> None:
    async with trio.open_nursery() as nursery:
        for market in workers * 5:
            nursery.start_soon(market.look)
    assert sources.asked == ONCE
    looks = [await market.look() for market in workers]
    assert [look.prices for look in looks] == [looks[0].prices] * 3
    clock.seconds += 59
    assert await workers[1].look() == looks[1]
    assert sources.asked == ONCE


async def test_after_a_minute_they_are_asked_again(
    workers: list[Market], sources: RateSources, clock: MovedClock, redis: Redis
) -> None:
    await workers[0].look()
    sources.coingecko["BTC"] = "142000000"
    clock.seconds += 61
    await redis.delete([keys.rates_asked()])
    assert (await prices_of(workers[1], "BTC"))["coingecko"] == 142_000_000
    assert (await prices_of(workers[0], "BTC"))["coingecko"] == 142_000_000
    assert sources.asked == dict.fromkeys(ONCE, 2)


async def test_without_redis_each_asks_and_remembers(sources: RateSources, clock: MovedClock) -> None:
    gone = RedisSettings(host="127.0.0.1", port=free_port(), connect_seconds=0.5, call_seconds=0.5)
    async with open_redis(gone) as redis, open_market(sources.settings(), redis, LOG, clock) as market:
        for _ in range(3):
            assert len(await prices_of(market, "BTC")) == 3
        assert sources.asked == ONCE
        clock.seconds += 60
        assert len(await prices_of(market, "BTC")) == 3
        assert sources.asked == dict.fromkeys(ONCE, 2)


async def test_who_was_asking_and_is_gone_is_waited_for_and_no_longer(
    sources: RateSources, redis: Redis, clock: MovedClock
) -> None:
    await redis.set(keys.rates_asked(), b"another worker", ex=60)
    async with open_market(sources.settings(call_seconds=0.2), redis, LOG, clock) as market:
        assert len(await prices_of(market, "BTC")) == 3


async def test_who_is_cancelled_while_asking_stops_nobody(
    workers: list[Market], sources: RateSources
) -> None:
    sources.moods[UPBIT] = Mood.SILENT
    with trio.move_on_after(0.2):
        await workers[0].look()
    sources.moods.clear()
    with trio.fail_after(5):
        assert len(await prices_of(workers[0], "BTC")) == 3


async def test_one_source_that_is_away_takes_nothing_from_the_others(
    workers: list[Market], sources: RateSources
) -> None:
    sources.moods[COINGECKO] = Mood.LIMITED
    assert sorted(await prices_of(workers[0], "BTC")) == ["binance x upbit", "upbit"]
    assert workers[0].states()["coingecko"] is BreakerState.OPEN
    assert sources.asked[COINGECKO] == 1, "a source that is asked too often is not asked again"


async def test_without_upbit_binance_says_nothing_in_won(workers: list[Market], sources: RateSources) -> None:
    sources.moods[UPBIT] = Mood.BROKEN
    assert list(await prices_of(workers[0], "BTC")) == ["coingecko"]
    assert sources.asked[UPBIT] == 3


async def test_that_nobody_says_anything_is_remembered_for_seconds(
    workers: list[Market], sources: RateSources, clock: MovedClock
) -> None:
    sources.set_moods(Mood.NO_JSON)
    assert (await workers[0].look()).prices == {}
    assert (await workers[1].look()).prices == {}
    assert sources.asked == ONCE
    sources.moods.clear()
    clock.seconds += 5
    assert len(await prices_of(workers[0], "BTC")) == 3


async def test_what_redis_has_of_somebody_else_is_not_believed(
    workers: list[Market], sources: RateSources, redis: Redis
) -> None:
    await redis.set(keys.rates(), b'{"asked_at":"now"}')
    assert len(await prices_of(workers[0], "BTC")) == 3
