"""What each of the three sources says, well and badly."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.fakes.clocks import MovedClock
from tests.fakes.rate_sources import UPBIT, RateSources
from wallet_worker.rates.asking import Door, SourceFailed, open_way_out
from wallet_worker.rates.binance import Binance
from wallet_worker.rates.coingecko import CoinGecko
from wallet_worker.rates.readings import read_moment
from wallet_worker.rates.upbit import Upbit

SECOND = timedelta(seconds=1)


@pytest.fixture
async def door(sources: RateSources) -> AsyncIterator[Door]:
    async with open_way_out() as http:
        yield Door(http, sources.url, 2.0)


async def test_coingecko(door: Door, sources: RateSources, clock: MovedClock) -> None:
    del sources.coingecko["USDC"]
    sources.coingecko["USDT"] = '"1450"'
    sources.seconds_old = 60.0
    prices = await CoinGecko(door, clock).ask()
    assert {coin: price.price for coin, price in prices.items()} == {
        "BTC": Decimal(142350000),
        "ETH": Decimal("5000000.5"),
    }
    assert prices["BTC"].source == "coingecko"
    assert 59 * SECOND < clock() - prices["BTC"].given_at < 70 * SECOND
    sources.coingecko.clear()
    with pytest.raises(SourceFailed):
        await CoinGecko(door, clock).ask()


async def test_upbit(door: Door, sources: RateSources, clock: MovedClock) -> None:
    prices = await Upbit(door, clock).ask()
    assert {coin: price.price for coin, price in prices.items()} == {
        "BTC": Decimal(142350000),
        "ETH": Decimal("5000000.5"),
        "USDT": Decimal("1451.0"),
        "USDC": Decimal("1451.25"),
    }
    assert sources.asked[UPBIT] == 1


async def test_a_market_that_upbit_does_not_know_costs_the_others_nothing(
    door: Door, sources: RateSources, clock: MovedClock
) -> None:
    del sources.upbit["USDC"]
    assert sorted(await Upbit(door, clock).ask()) == ["BTC", "ETH", "USDT"]
    assert sources.asked[UPBIT] == 5
    sources.upbit.clear()
    with pytest.raises(SourceFailed, match="no market is known"):
        await Upbit(door, clock).ask()


async def test_binance(door: Door, sources: RateSources, clock: MovedClock) -> None:
    before = clock()
    prices = await Binance(door, clock).ask()
    assert {coin: price.price for coin, price in prices.items()} == {
        "BTC": Decimal("98000.1"),
        "ETH": Decimal(3445),
        "USDC": Decimal("1.0001"),
    }
    assert before <= prices["BTC"].given_at <= clock()
    sources.binance["ETH"] = "1e9"
    assert "ETH" not in await Binance(door, clock).ask()
    del sources.binance["ETH"]
    with pytest.raises(SourceFailed, match="400"):
        await Binance(door, clock).ask()


async def test_what_has_another_shape_is_no_answer(
    door: Door, sources: RateSources, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for body in (b"[1]", b'"text"', b"null", b"[]", b"{}", b'[{"market":[],"symbol":{}}]', b'{"bitcoin":7}'):
        monkeypatch.setattr(RateSources, "answer", lambda self, target, said=body: (200, {}, said))
        for source in (CoinGecko(door, clock), Upbit(door, clock), Binance(door, clock)):
            with pytest.raises(SourceFailed, match="malformed"):
                await source.ask()


def test_a_moment_ahead_is_the_moment_of_asking() -> None:
    asked_at = datetime(2026, 1, 1, tzinfo=UTC)
    then = int(asked_at.timestamp())
    assert read_moment(then - 60, 1, asked_at) == asked_at - 60 * SECOND
    assert read_moment(then * 1000 - 1, 1000, asked_at) == asked_at - timedelta(milliseconds=1)
    assert read_moment(then + 3600, 1, asked_at) == asked_at
    for bad in (0, -1, True, None, "1767225600", 1.5, 10**30):
        assert read_moment(bad, 1, asked_at) is None
