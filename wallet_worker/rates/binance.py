"""Binance: prices in USDT, crossed with Upbit's KRW-USDT because it has no market in won. The last choice."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from attrs import frozen

from wallet_worker.rates.asking import Door, SourceFailed
from wallet_worker.rules.prices import Price, read_price

_SYMBOLS: Final[Mapping[str, str]] = {"BTC": "BTCUSDT", "ETH": "ETHUSDT", "USDC": "USDCUSDT"}
_PAGE: Final = "/api/v3/ticker/price"
_PRICE: Final = re.compile(r"[0-9]{1,13}(\.[0-9]{1,18})?")


@frozen
class Binance:
    """One question for all symbols; its prices have no time, so theirs is the moment before it was asked."""

    door: Door
    now: Callable[[], datetime]
    name: str = "binance"

    async def ask(self) -> Mapping[str, Price]:
        """Give prices in USDT of all coins but that."""
        asked_at = self.now()
        symbols = ",".join(f'"{symbol}"' for symbol in _SYMBOLS.values())
        said = await self.door.get(_PAGE, {"symbols": f"[{symbols}]"})
        if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
            raise SourceFailed("malformed", "no list of objects")
        by_symbol = {one.get("symbol"): _read(one.get("price")) for one in said if _has_name(one)}
        prices: dict[str, Price] = {}
        for coin, symbol in _SYMBOLS.items():
            price = by_symbol.get(symbol)
            if price is not None:
                prices[coin] = Price(self.name, price, asked_at)
        if not prices:
            raise SourceFailed("malformed", "no price of any coin")
        return prices


def _has_name(said: dict[str, Any]) -> bool:
    return isinstance(said.get("symbol"), str)


def _read(text: Any) -> Decimal | None:
    """Read a price, which is a text here."""
    return read_price(Decimal(text)) if isinstance(text, str) and _PRICE.fullmatch(text) else None
