"""Upbit: the last trade of each coin in won, on a Korean exchange. The second choice."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from attrs import frozen

from wallet_worker.rates.asking import Door, SourceFailed
from wallet_worker.rates.readings import read_moment
from wallet_worker.rules.prices import Price, read_price

_MARKETS: Final[Mapping[str, str]] = {
    "BTC": "KRW-BTC",
    "ETH": "KRW-ETH",
    "USDT": "KRW-USDT",
    "USDC": "KRW-USDC",
}
_PAGE: Final = "/v1/ticker"


@frozen
class Upbit:
    """One question for all markets; one that it does not know fails the whole call: then it is one each."""

    door: Door
    now: Callable[[], datetime]
    name: str = "upbit"

    async def ask(self) -> Mapping[str, Price]:
        """Give the prices of all coins that it has a market of."""
        asked_at = self.now()
        try:
            tickers = await self._tickers(_MARKETS.values())
        except SourceFailed as failed:
            if failed.status != HTTPStatus.NOT_FOUND:
                raise
            tickers = await self._tickers_one_by_one()
        prices: dict[str, Price] = {}
        for coin, market in _MARKETS.items():
            price = self._read(tickers.get(market), asked_at)
            if price is not None:
                prices[coin] = price
        if not prices:
            raise SourceFailed("malformed", "no price of any coin")
        return prices

    async def _tickers_one_by_one(self) -> dict[str, Any]:
        """Ask each market by itself and leave out what there is not."""
        found: dict[str, Any] = {}
        for market in _MARKETS.values():
            try:
                found |= await self._tickers([market])
            except SourceFailed as failed:
                if failed.status != HTTPStatus.NOT_FOUND:
                    raise
        if not found:
            raise SourceFailed("refused", "no market is known", status=HTTPStatus.NOT_FOUND)
        return found

    async def _tickers(self, markets: Iterable[str]) -> dict[str, Any]:
        said = await self.door.get(_PAGE, {"markets": ",".join(markets)})
        if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
            raise SourceFailed("malformed", "no list of objects")
        return {one["market"]: one for one in said if isinstance(one.get("market"), str)}

    def _read(self, said: Any, asked_at: datetime) -> Price | None:
        if said is None:
            return None
        price = read_price(said.get("trade_price"))
        given_at = read_moment(said.get("timestamp"), 1000, asked_at)
        return None if price is None or given_at is None else Price(self.name, price, given_at)
