"""What Binance says in USDT; and that no source is believed that answers in another shape."""

from decimal import Decimal

import pytest

from tests.fakes.clocks import MovedClock
from tests.fakes.rate_sources import RateSources
from wallet_worker.rates.asking import Door, SourceFailed
from wallet_worker.rates.binance import Binance
from wallet_worker.rates.coingecko import CoinGecko
from wallet_worker.rates.upbit import Upbit


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
