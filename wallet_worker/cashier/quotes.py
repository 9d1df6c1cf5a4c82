"""What players are told that coins are worth, good for 30 s: kept in Redis, and gone by itself.

A quote promises nothing: deposits are credited at the rate of that moment, withdrawals sent at theirs.
"""

import json
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.http import RefusedRequest
from cardroom.service.redis import Redis, redis_errors
from cardroom.wire import keys
from cardroom.wire.refusals import Refusal
from wallet_worker.payment_settings import CoinBook, CoinSettings
from wallet_worker.rates.port import RateDesk, RateSide
from wallet_worker.rules.coins import Rate, coins_for, krw_of
from wallet_worker.rules.prices import coins_worth, krw_to_buy
from wallet_worker.rules.transfers import MAX_AMOUNT

_ID_BYTES: Final = 16
_ID: Final = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_GOOD_FOR: Final = timedelta(seconds=keys.QUOTE_SECONDS)


class QuoteRefused(RefusedRequest):
    """There is no such quote, or none can be given; ``code`` says why."""


@frozen
class QuoteWish:
    """What a player asks: one of the amounts, coins in smallest units."""

    coin: str
    side: RateSide
    krw_amount: Krw | None = None
    coin_amount: int | None = None


@frozen
class Quote:
    """What one amount is worth in the other, until ``expires_at``; coins in smallest units."""

    quote_id: str
    user_id: UserId
    coin: str
    side: RateSide
    krw_amount: Krw
    coin_amount: int
    rate: Rate
    expires_at: datetime


@frozen
class QuoteDesk:
    """Gives quotes, and finds them again. ``now`` is the clock that their time is measured by."""

    redis: Redis
    rates: RateDesk
    book: CoinBook
    now: Callable[[], datetime]

    async def give(self, user_id: UserId, wish: QuoteWish) -> Quote:
        """Give a quote, and keep it.

        Raises ``QuoteRefused`` (no such coin, closed, amount too small or too large), ``RateStopped``,
        ``RateUnavailable``, ``RedisAway`` or ``PostgresAway``. Each time it is another one.
        """
        coin = self._find_coin(wish)
        rate = (await self.rates.current(wish.coin, wish.side)).rate
        krw_amount, coin_amount = _convert(wish, rate)
        _check_bounds(wish.side, krw_amount, coin_amount, coin)
        quote = Quote(
            quote_id=secrets.token_urlsafe(_ID_BYTES),
            user_id=user_id,
            coin=wish.coin,
            side=wish.side,
            krw_amount=krw_amount,
            coin_amount=coin_amount,
            rate=rate,
            expires_at=self.now() + _GOOD_FOR,
        )
        with redis_errors():
            await self.redis.set(keys.quote(quote.quote_id), _write(quote), ex=keys.QUOTE_SECONDS)
        return quote

    async def find(self, user_id: UserId, quote_id: str, coin: str, krw_amount: Krw) -> Quote:
        """Give a player's quote for a withdrawal of so many won. May be repeated while it is good.

        Raises ``QuoteRefused``: ``quote_expired`` where it is older than 30 s or none of this player,
        ``quote_differs`` where it was given for something else. Raises ``RedisAway``.
        """
        data = None
        if _ID.fullmatch(quote_id) is not None:
            with redis_errors():
                data = await self.redis.get(keys.quote(quote_id))
        quote = None if data is None else _read(quote_id, data)
        if quote is None or quote.user_id != user_id or self.now() >= quote.expires_at:
            raise QuoteRefused(409, Refusal.QUOTE_EXPIRED)
        if (quote.side, quote.coin, quote.krw_amount) != (RateSide.WITHDRAWAL, coin, krw_amount):
            raise QuoteRefused(409, Refusal.QUOTE_DIFFERS)
        return quote

    def _find_coin(self, wish: QuoteWish) -> CoinSettings:
        coin = self.book.coins.get(wish.coin)
        if coin is None:
            raise QuoteRefused(404, Refusal.NO_SUCH_COIN)
        is_open = coin.deposits_open if wish.side is RateSide.DEPOSIT else coin.withdrawals_open
        if not is_open:
            raise QuoteRefused(409, Refusal.COIN_CLOSED)
        return coin


def _convert(wish: QuoteWish, rate: Rate) -> tuple[Krw, int]:
    """Give won and coins: what is given in, and what it is worth in the other, rounded as it will be booked.

    The amount that is asked for is got at least: what must be given for it is rounded up.
    """
    if wish.coin_amount is not None:
        if wish.side is RateSide.DEPOSIT:
            return krw_of(wish.coin_amount, rate), wish.coin_amount
        krw_amount = krw_to_buy(wish.coin_amount, rate)
        return krw_amount, coins_for(krw_amount, rate)
    assert wish.krw_amount is not None, "a wish has one of the amounts"
    if wish.side is RateSide.WITHDRAWAL:
        return wish.krw_amount, coins_for(wish.krw_amount, rate)
    coin_amount = coins_worth(wish.krw_amount, rate)
    return krw_of(coin_amount, rate), coin_amount


def _check_bounds(side: RateSide, krw_amount: Krw, coin_amount: int, coin: CoinSettings) -> None:
    is_out = side is RateSide.WITHDRAWAL
    smallest = coin.smallest_withdrawal if is_out else Krw(1)
    largest = min(coin.largest_withdrawal, MAX_AMOUNT) if is_out else MAX_AMOUNT
    if krw_amount < smallest or coin_amount < 1:
        raise QuoteRefused(400, Refusal.AMOUNT_TOO_SMALL, f"{smallest} won at least")
    if krw_amount > largest:
        raise QuoteRefused(400, Refusal.AMOUNT_TOO_LARGE, f"{largest} won at most")


def _write(quote: Quote) -> bytes:
    facts = {
        "user_id": quote.user_id,
        "coin": quote.coin,
        "side": quote.side.value,
        "krw_amount": quote.krw_amount,
        "coin_amount": quote.coin_amount,
        "rate": quote.rate.krw_per_coin,
        "scale": quote.rate.scale,
        "expires_at": (quote.expires_at - _EPOCH) // _MICROSECOND,
    }
    return json.dumps(facts).encode()


def _read(quote_id: str, data: bytes) -> Quote | None:
    """Read what ``_write`` wrote; anything else is no quote."""
    try:
        said: dict[str, Any] = json.loads(data)
        return Quote(
            quote_id=quote_id,
            user_id=UserId(said["user_id"]),
            coin=said["coin"],
            side=RateSide(said["side"]),
            krw_amount=Krw(said["krw_amount"]),
            coin_amount=said["coin_amount"],
            rate=Rate(said["rate"], said["scale"]),
            expires_at=_EPOCH + said["expires_at"] * _MICROSECOND,
        )
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
