"""What Upbit says, also when it does not know one market."""

from decimal import Decimal

import pytest

from tests.fakes.clocks import MovedClock
from tests.fakes.rate_sources import UPBIT, RateSources
from wallet_worker.rates.asking import Door, SourceFailed
from wallet_worker.rates.upbit import Upbit


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
