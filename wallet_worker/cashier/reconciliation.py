"""Holds what gateways have against what the house's books say, per coin, and says where they differ."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import trio
from attrs import frozen
from prometheus_client import Counter, Gauge

from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from wallet_worker.gateways.port import Gateway, GatewayAway
from wallet_worker.payment_settings import CoinBook
from wallet_worker.rules.coins import COINS
from wallet_worker.rules.gateway_books import CoinBooks, Comparison, write_signed
from wallet_worker.store.coin_sums import sum_coins
from wallet_worker.store.gateway_reconciliation import (
    NewComparison,
    Reconciled,
    add_comparisons,
    coins_of_day,
    newest_comparisons,
)

_LABELS: Final = ("gateway", "coin")
DIFFERENCE: Final = Gauge(
    "holdem_gateway_difference_coins",
    "What a gateway has more than the books say, by the newest comparison, in whole coins; below zero: less",
    _LABELS,
)
UNEXPLAINED: Final = Gauge(
    "holdem_gateway_unexplained_coins",
    "What of the difference neither arriving coins nor those on the way explain, in whole coins",
    _LABELS,
)
COMPARED_AT: Final = Gauge(
    "holdem_gateway_compared_seconds", "Unix time of the newest comparison that had an answer", _LABELS
)
UNANSWERED: Final = Counter(
    "holdem_gateway_unanswered_total", "Comparisons for which a gateway did not say what it has", _LABELS
)

_LOOKS: Final = 3
_MAX_TROUBLE_LETTERS: Final = 200
_WATCH_SECONDS: Final = 30.0
_BY_HAND: Final = "sent by hand: nobody says what is there; count it"
_UNTOLD: Final = "the gateway tells no balance of this coin"


class Unfinished(Exception):
    """Some gateways did not answer: the comparison of this day is not whole yet."""


@frozen
class _Answer:
    """What a gateway has by coin, or why that is not known; ``is_final``: asking again is no use."""

    balances: Mapping[str, int]
    trouble: str = _UNTOLD
    is_final: bool = True


@frozen
class _Compared:
    new: NewComparison
    is_final: bool


class GatewayReconciler:
    """Compares; what it wrote down it never changes. Any worker may, at any time."""

    def __init__(self, postgres: Postgres, gateways: Mapping[str, Gateway], book: CoinBook, log: Log) -> None:
        self._postgres = postgres
        self._gateways = gateways
        self._book = book
        self._log = log

    async def compare(
        self, counted: Mapping[str, int] | None = None, counted_by: str | None = None
    ) -> list[NewComparison]:
        """Compare every coin now, writing nothing; ``counted`` stands for what a gateway would say."""
        found = await self._compare(counted or {}, counted_by)
        return [one.new for one in found]

    async def reconcile_day(self, day: date) -> list[Reconciled]:
        """Compare for a business day and write it down, each coin once, however often it is asked.

        Raises ``Unfinished`` where a gateway was away that may answer later: of its coins it is written,
        apart from the day, that they could not be compared.
        """
        done = await coins_of_day(self._postgres, day)
        found = [
            one
            for one in await self._compare({}, None)
            if (one.new.gateway, one.new.comparison.books.coin) not in done
        ]
        async with self._postgres.transaction() as transaction:
            written = await add_comparisons(transaction, [one.new for one in found if one.is_final], day)
            away = [one.new for one in found if not one.is_final]
            written += await add_comparisons(transaction, away)
        self.note(written)
        if away:
            raise Unfinished(", ".join(sorted({one.gateway for one in away})))
        return written

    def note(self, written: Sequence[Reconciled]) -> None:
        """Log what was written down, what nothing explains as an error, and show it as metrics."""
        for one in written:
            compared, books = one.comparison, one.comparison.books
            names = {"gateway": one.gateway, "coin": books.coin}
            if compared.difference is None or compared.unexplained is None:
                UNANSWERED.labels(**names).inc()
                self._log.warning("gateway.not_compared", trouble=compared.trouble, **names)
                continue
            facts = names | {
                "difference": write_signed(compared.difference, books.scale),
                "unexplained": write_signed(compared.unexplained, books.scale),
            }
            if compared.unexplained:
                self._log.error("gateway.differs", **facts)
            else:
                self._log.info("gateway.compared", **facts)
            _show(one)

    async def watch(self) -> None:
        """Show the newest comparisons as metrics, whichever worker made them, until cancelled."""
        while True:
            try:
                for one in await newest_comparisons(self._postgres):
                    _show(one)
            except (PostgresAway, PostgresRefused) as trouble:
                self._log.warning("gateway.comparisons_unread", trouble=str(trouble))
            await trio.sleep(_WATCH_SECONDS)

    async def _compare(self, counted: Mapping[str, int], counted_by: str | None) -> list[_Compared]:
        """Ask the gateways between two looks at the books, until nothing was booked meanwhile."""
        books = await self._books()
        for _ in range(_LOOKS):
            answers = await self._ask(
                {self._book.coins[coin].gateway for coin in books if coin not in counted}
            )
            before, books = books, await self._books()
            if books == before:
                break
        return [self._compare_coin(one, answers, counted, counted_by) for one in books.values()]

    def _compare_coin(
        self,
        books: CoinBooks,
        answers: Mapping[str, _Answer],
        counted: Mapping[str, int],
        counted_by: str | None,
    ) -> _Compared:
        gateway = self._book.coins[books.coin].gateway
        if books.coin in counted:
            comparison = Comparison(books, counted[books.coin])
            return _Compared(NewComparison(gateway, comparison, counted_by), is_final=True)
        answer = answers[gateway]
        found = answer.balances.get(books.coin)
        comparison = Comparison(books, found, answer.trouble if found is None else None)
        return _Compared(NewComparison(gateway, comparison), answer.is_final)

    async def _books(self) -> dict[str, CoinBooks]:
        found = {one.coin: one for one in await sum_coins(self._postgres)}
        return {coin: found.get(coin, CoinBooks(coin, COINS[coin])) for coin in self._book.coins}

    async def _ask(self, names: set[str]) -> dict[str, _Answer]:
        answers: dict[str, _Answer] = {}

        async def ask(name: str) -> None:
            answers[name] = await _ask_one(self._gateways[name])

        async with trio.open_nursery() as nursery:
            for name in names:
                nursery.start_soon(ask, name)
        return answers


async def _ask_one(gateway: Gateway) -> _Answer:
    try:
        return _Answer(await gateway.balances())
    except GatewayAway as away:
        if gateway.is_manual:
            return _Answer({}, _BY_HAND)
        return _Answer({}, f"away: {away}"[:_MAX_TROUBLE_LETTERS], is_final=False)


def _show(one: Reconciled) -> None:
    """Set the metrics. They are floats, near enough to alert by; the exact amounts stand on the page."""
    compared, books = one.comparison, one.comparison.books
    assert compared.difference is not None, "only answers are shown"
    assert compared.unexplained is not None, "only answers are shown"
    labels = (one.gateway, books.coin)
    DIFFERENCE.labels(*labels).set(compared.difference / 10**books.scale)
    UNEXPLAINED.labels(*labels).set(compared.unexplained / 10**books.scale)
    COMPARED_AT.labels(*labels).set(one.made_at.timestamp())
