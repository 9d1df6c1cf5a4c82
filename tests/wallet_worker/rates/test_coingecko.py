"""What CoinGecko says, and what it leaves out."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.fakes.clocks import MovedClock
from tests.fakes.rate_sources import RateSources
from wallet_worker.rates.asking import Door, SourceFailed
from wallet_worker.rates.coingecko import CoinGecko

SECOND = timedelta(seconds=1)


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
