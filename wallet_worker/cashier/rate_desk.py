"""Gives the rates that money is converted at, and stops a coin whose prices cannot be trusted."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

import trio
from attrs import define, evolve, field, frozen

from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from wallet_worker.payment_settings import RateSettings
from wallet_worker.rates import metrics
from wallet_worker.rates.market import Market
from wallet_worker.rates.port import RateNow, RateSide, RateStopped, RateUnavailable
from wallet_worker.rates.shelf import Look
from wallet_worker.rules.coins import COINS, Rate
from wallet_worker.rules.prices import (
    Limits,
    Price,
    StopReason,
    Verdict,
    is_fresh,
    judge,
    rate_for_deposit,
    rate_for_withdrawal,
)
from wallet_worker.store.coin_rates import (
    CoinRate,
    end_stop,
    lock_coin_rate,
    read_coin_rate,
    read_coin_rates,
    stop_conversion,
)

_WATCH_SECONDS: Final = 15.0
"""Four looks at what the database says for each at what the sources say."""


@frozen
class Quotation:
    """How a coin stands: what sources say now, what was used last, and what follows."""

    coin: str
    prices: tuple[Price, ...]
    rate: CoinRate
    verdict: Verdict


@define
class Rates:
    """The ``RateDesk`` of the house. What is stopped stands in the database, so it holds for all workers.

    ``coins`` are those that the house takes; others are not looked after.
    """

    market: Market
    postgres: Postgres
    settings: RateSettings
    coins: Collection[str]
    log: Log
    _limits: Limits = field(init=False)
    _given: dict[str, datetime] = field(factory=dict, init=False)
    """When the price of each coin was given that could be used last."""

    def __attrs_post_init__(self) -> None:
        given = self.settings
        self._limits = Limits(given.largest_difference, given.largest_jump, given.stale_seconds)

    async def current(self, coin: str, side: RateSide) -> RateNow:
        """Give the rate of now. Raises ``RateStopped``, ``RateUnavailable``, or what the database raises.

        Who converts at it calls ``note_used`` in the transaction that does. May be repeated.
        """
        look = await self.market.look()
        verdict = await self._judge(look, await read_coin_rate(self.postgres, coin))
        if verdict.stop is not None:
            raise RateStopped(verdict.stop.value)
        if verdict.price is None:
            raise RateUnavailable(coin)
        rate = _rate(verdict.price, COINS[coin], side)
        if rate is None:
            raise RateUnavailable(coin)
        price = verdict.price
        return RateNow(coin, rate, price.price, price.source, price.given_at)

    async def quotations(self) -> Mapping[str, Quotation]:
        """Give how all coins of the house stand. Raises ``PostgresAway``; changes nothing."""
        look = await self.market.look()
        stored = await read_coin_rates(self.postgres)
        found: dict[str, Quotation] = {}
        for coin in self.coins:
            rate = stored.get(coin, CoinRate(coin))
            prices = look.prices.get(coin, ())
            found[coin] = Quotation(coin, prices, rate, self._verdict(look, rate))
        return found

    async def run(self) -> None:
        """Look after all coins until cancelled: nobody has to convert for a stop to be seen, or to end.

        Who asks for a rate seldom has to wait for the sources, because this has asked them.
        """
        while True:
            try:
                await self.watch()
            except (PostgresAway, PostgresRefused) as trouble:
                self.log.warning("rates.not_watched", trouble=str(trouble))
            await trio.sleep(_WATCH_SECONDS)

    async def watch(self) -> None:
        """Look after all coins once."""
        look = await self.market.look()
        stored = await read_coin_rates(self.postgres)
        for coin in self.coins:
            await self._judge(look, stored.get(coin, CoinRate(coin)))

    def _verdict(self, look: Look, rate: CoinRate) -> Verdict:
        return judge(look.prices.get(rate.coin, ()), rate.standing, self._limits, self.market.now())

    async def _judge(self, look: Look, rate: CoinRate) -> Verdict:
        """Judge a coin, and write down where conversion is stopped by that, or goes on."""
        verdict = self._verdict(look, rate)
        if verdict.stop is not rate.standing.stop:
            verdict = await self._change(look, rate.coin)
        self._measure(look, rate.coin, verdict)
        return verdict

    async def _change(self, look: Look, coin: str) -> Verdict:
        """Judge a coin once more while nobody else can change how it stands, and write down what follows.

        A look that is older than a stop does not end it: another worker has seen sources differ since.
        """
        async with self.postgres.transaction() as transaction:
            stored = await lock_coin_rate(transaction, coin)
            before, verdict = stored.standing.stop, self._verdict(look, stored)
            is_news = verdict.stop is not before
            if is_news and verdict.stop is not None:
                price = None if verdict.price is None else verdict.price.price
                is_news = await stop_conversion(transaction, coin, verdict.stop, price)
            elif is_news and stored.stop is not None and stored.stop.stopped_at < look.asked_at:
                await end_stop(transaction, coin)
            elif is_news:
                is_news, verdict = False, evolve(verdict, stop=before)
        if is_news:
            self._tell(look, stored, verdict)
        return verdict

    def _tell(self, look: Look, before: CoinRate, verdict: Verdict) -> None:
        prices = {one.source: str(one.price) for one in look.prices.get(before.coin, ())}
        log = self.log.bind(coin=before.coin, prices=prices, last_used=str(before.price))
        if verdict.stop is None:
            log.warning("rate.goes_on")
        else:
            metrics.STOPS.labels(coin=before.coin, reason=verdict.stop.value).inc()
            log.error("rate.stopped", reason=verdict.stop.value, difference=verdict.difference)

    def _measure(self, look: Look, coin: str, verdict: Verdict) -> None:
        now = self.market.now()
        fresh = [one for one in look.prices.get(coin, ()) if is_fresh(one, self._limits, now)]
        metrics.SOURCES.labels(coin=coin).set(len(fresh))
        metrics.DIFFERENCE.labels(coin=coin).set(verdict.difference)
        for reason in StopReason:
            metrics.STOPPED.labels(coin=coin, reason=reason.value).set(verdict.stop is reason)
        if verdict.price is not None:
            self._given[coin] = verdict.price.given_at
        if coin in self._given:
            metrics.AGE.labels(coin=coin).set((now - self._given[coin]).total_seconds())


def _rate(price: Price, scale: int, side: RateSide) -> Rate | None:
    match side:
        case RateSide.DEPOSIT:
            return rate_for_deposit(price.price, scale)
        case RateSide.WITHDRAWAL:
            return rate_for_withdrawal(price.price, scale)
