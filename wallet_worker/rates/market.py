"""What coins cost now: all sources asked at once, once in 60 s, by one of all workers where possible."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import trio
from attrs import define, field, frozen

from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway
from wallet_worker.payment_settings import RateSettings
from wallet_worker.rates import metrics
from wallet_worker.rates.asking import Door, Source, open_way_out
from wallet_worker.rates.binance import Binance
from wallet_worker.rates.breaker import Breaker, BreakerState
from wallet_worker.rates.coingecko import CoinGecko
from wallet_worker.rates.guarded import TRIES, GuardedSource
from wallet_worker.rates.shelf import Look, Shelf
from wallet_worker.rates.upbit import Upbit
from wallet_worker.rules.prices import Price, cross

CROSSED: Final = "binance x upbit"
_USDT: Final = "USDT"
_POLL_SECONDS: Final = 0.1


def read_clock() -> datetime:
    """Give the time of now."""
    return datetime.now(UTC)


@frozen
class Sources:
    """All of them, the first choice first."""

    coingecko: GuardedSource
    upbit: GuardedSource
    binance: GuardedSource


@define
class Market:
    """Gives looks. What it saw last it keeps for as long as it is good, so Redis is asked once in a while.

    With Redis away it asks the sources itself. ``now`` is the clock that prices grow old by.
    """

    sources: Sources
    shelf: Shelf
    log: Log
    now: Callable[[], datetime] = read_clock
    wait_seconds: float = 9.0
    """How long another worker, who is asking, is waited for."""
    _last: Look | None = field(default=None, init=False)
    _asking: trio.Lock = field(factory=trio.Lock, init=False)

    async def look(self) -> Look:
        """Give what the sources said, up to 60 s ago. Never raises; may be repeated, and costs little."""
        if self._last is not None and self._last.is_good(self.now()):
            return self._last
        async with self._asking:
            if self._last is None or not self._last.is_good(self.now()):
                self._last = await self._newest()
            return self._last

    def states(self) -> Mapping[str, BreakerState]:
        """Give whether each source is asked now, by this worker."""
        all_sources = (self.sources.coingecko, self.sources.upbit, self.sources.binance)
        return {source.name: source.state for source in all_sources}

    async def _newest(self) -> Look:
        try:
            shared = await self._shared()
            if shared is not None:
                return shared
            is_shared = True
        except RedisAway as away:
            self._note_unshared(away)
            is_shared = False
        look = await self._ask()
        if is_shared:
            try:
                await self.shelf.put(look)
            except RedisAway as away:
                self._note_unshared(away)
        return look

    def _note_unshared(self, away: RedisAway) -> None:
        metrics.UNSHARED.inc()
        self.log.warning("rates.not_shared", trouble=str(away))

    async def _shared(self) -> Look | None:
        """Give what another worker knows, or is about to; None when it is on this one to ask.

        Who is asking may be gone: it is not waited for longer than its asking can take.
        """
        with trio.move_on_after(self.wait_seconds):
            while True:
                found = await self.shelf.read()
                if found is not None and found.is_good(self.now()):
                    return found
                if await self.shelf.may_ask():
                    return None
                await trio.sleep(_POLL_SECONDS)
        return None

    async def _ask(self) -> Look:
        asked_at = self.now()
        said: dict[str, Mapping[str, Price]] = {}

        async def ask(source: GuardedSource) -> None:
            said[source.name] = await source.ask()

        sources = self.sources
        async with trio.open_nursery() as nursery:
            for one in (sources.coingecko, sources.upbit, sources.binance):
                nursery.start_soon(ask, one)
        in_won, on_upbit = said[sources.coingecko.name], said[sources.upbit.name]
        crossed = _crossed(said[sources.binance.name], on_upbit.get(_USDT))
        prices = {
            coin: tuple(told[coin] for told in (in_won, on_upbit, crossed) if coin in told)
            for coin in sorted(in_won.keys() | on_upbit.keys() | crossed.keys())
        }
        return Look(asked_at, prices)


def _crossed(in_usdt: Mapping[str, Price], usdt: Price | None) -> Mapping[str, Price]:
    """Give prices in won of those in USDT; none without the price of USDT in won."""
    if usdt is None:
        return {}
    found = {coin: cross(price, usdt, CROSSED) for coin, price in in_usdt.items()}
    return {coin: price for coin, price in found.items() if price is not None}


@asynccontextmanager
async def open_market(
    settings: RateSettings, redis: Redis, log: Log, now: Callable[[], datetime] = read_clock
) -> AsyncIterator[Market]:
    """Give a market; it connects to its sources when first asked."""
    async with open_way_out() as http:

        def guard(source: Source) -> GuardedSource:
            breaker = Breaker(settings.breaker_failures, settings.breaker_seconds, trio.current_time)
            return GuardedSource(source, breaker, TRIES * settings.call_seconds, log)

        def door(url: str) -> Door:
            return Door(http, url.rstrip("/"), settings.call_seconds)

        sources = Sources(
            guard(CoinGecko(door(settings.coingecko_url), now)),
            guard(Upbit(door(settings.upbit_url), now)),
            guard(Binance(door(settings.binance_url), now)),
        )
        yield Market(sources, Shelf(redis), log, now, TRIES * settings.call_seconds)
