"""CoinGecko: prices in won over all exchanges, with the time of each. The first choice."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from wallet_worker.rates.asking import Door, SourceFailed
from wallet_worker.rates.readings import read_moment
from wallet_worker.rules.prices import Price, read_price

_IDS: Final[Mapping[str, str]] = {"BTC": "bitcoin", "ETH": "ethereum", "USDT": "tether", "USDC": "usd-coin"}
_PAGE: Final = "/api/v3/simple/price"


@frozen
class CoinGecko:
    """One question for all coins. It allows 10 to 30 a minute, and says 429 then."""

    door: Door
    now: Callable[[], datetime]
    name: str = "coingecko"

    async def ask(self) -> Mapping[str, Price]:
        """Give the prices of all coins that it has."""
        asked_at = self.now()
        said = await self.door.get(
            _PAGE,
            {"ids": ",".join(_IDS.values()), "vs_currencies": "krw", "include_last_updated_at": "true"},
        )
        if not isinstance(said, dict):
            raise SourceFailed("malformed", "no object")
        found = {coin: self._read(said.get(id_), asked_at) for coin, id_ in _IDS.items()}
        prices = {coin: price for coin, price in found.items() if price is not None}
        if not prices:
            raise SourceFailed("malformed", "no price of any coin")
        return prices

    def _read(self, said: Any, asked_at: datetime) -> Price | None:
        if not isinstance(said, dict):
            return None
        price = read_price(said.get("krw"))
        given_at = read_moment(said.get("last_updated_at"), 1, asked_at)
        return None if price is None or given_at is None else Price(self.name, price, given_at)
