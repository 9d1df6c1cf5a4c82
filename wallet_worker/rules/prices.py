"""Which price of a coin holds, when none does, and how it becomes a rate. Prices are exact; money is whole.

A price is won for one coin, as a source gave it. Differences are compared as fractions, so nothing is rounded
before somebody is to be paid; a rate is whole won, rounded against the player.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from enum import Enum, unique
from fractions import Fraction
from typing import Final

from attrs import frozen

from cardroom.money import Krw
from wallet_worker.rules.coins import Rate

_WHOLE: Final = 10_000
_DECIMALS: Final = 18
_SMALLEST_STEP: Final = Decimal(1).scaleb(-_DECIMALS)
_LARGEST: Final = Decimal(10) ** 12
_EXACT: Final = Context(prec=80)
_AGREEING: Final = 2
"""So many sources must answer, and agree, before a stop for disagreement ends by itself."""


@frozen
class Price:
    """What a source says that one coin is worth. ``given_at`` is when that was so, not when we heard it."""

    source: str
    price: Decimal
    given_at: datetime


@unique
class StopReason(Enum):
    """Why a coin is not converted. The values are those of the database."""

    DISAGREEMENT = "disagreement"
    """Two sources differ by too much; ends by itself when all that answer, two at least, agree again."""
    JUMP = "jump"
    """The price is too far from the last one used; ends when an administrator accepts a price."""


@frozen
class Limits:
    """How far two sources may differ, and a price from the last one used: in basis points of the smaller
    price, and of the last one used. What is older than ``stale_seconds`` is not looked at.
    """

    largest_difference: int
    largest_jump: int
    stale_seconds: float


@frozen
class Standing:
    """The last price that money was converted at, and why conversion is stopped, if it is."""

    last_used: Decimal | None = None
    stop: StopReason | None = None


@frozen
class Verdict:
    """What holds now: money is converted at ``price`` if there is one and ``stop`` is None.

    ``difference`` is the largest one between two sources, in basis points rounded up.
    """

    price: Price | None
    stop: StopReason | None
    difference: int


def read_price(value: object) -> Decimal | None:
    """Give a price as a source wrote it; None for what is none: not a number, not above 0, or out of bounds.

    Bounds are a million million won, and 18 digits after the point.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    price = Decimal(value)
    if not price.is_finite() or not 0 < price <= _LARGEST:
        return None
    exponent = price.as_tuple().exponent
    return price if isinstance(exponent, int) and exponent >= -_DECIMALS else None


def cross(in_usdt: Price, usdt: Price, source: str) -> Price | None:
    """Give a coin's price in won from its price in USDT and that of USDT in won; as old as the older one."""
    price = _EXACT.multiply(in_usdt.price, usdt.price)
    crossed = price.quantize(_SMALLEST_STEP, ROUND_HALF_EVEN, _EXACT)
    if not 0 < crossed <= _LARGEST:
        return None
    return Price(source, crossed, min(in_usdt.given_at, usdt.given_at))


def is_fresh(price: Price, limits: Limits, now: datetime) -> bool:
    """Say whether a price is new enough to be looked at."""
    return price.given_at >= now - timedelta(seconds=limits.stale_seconds)


def judge(prices: Sequence[Price], standing: Standing, limits: Limits, now: datetime) -> Verdict:
    """Say which price holds. ``prices`` are those of all sources that answered, the first choice first.

    The first that is new enough is used, unless two differ by too much, or it has jumped since the last one
    used, or conversion is stopped still. Sources that differ are no jump: one of them may be wrong. A stop
    for disagreement stays while only one source is left: that may be the wrong one.
    """
    fresh = [price for price in prices if is_fresh(price, limits, now)]
    if not fresh:
        return Verdict(None, standing.stop, 0)
    told = [price.price for price in fresh]
    difference = _basis_points(max(told), min(told))
    stop: StopReason | None = None
    if standing.stop is StopReason.JUMP or (
        difference <= limits.largest_difference and _has_jumped(fresh[0].price, standing, limits)
    ):
        stop = StopReason.JUMP
    elif difference > limits.largest_difference or (
        standing.stop is StopReason.DISAGREEMENT and len(fresh) < _AGREEING
    ):
        stop = StopReason.DISAGREEMENT
    return Verdict(fresh[0], stop, difference)


def _has_jumped(price: Decimal, standing: Standing, limits: Limits) -> bool:
    last = standing.last_used
    return last is not None and _basis_points(price, last) > limits.largest_jump


def _basis_points(price: Decimal, other: Decimal) -> int:
    """Give how far a price is from another, in basis points of that one, rounded up.

    Limits are whole ones, so what is above a limit by however little stays above it.
    """
    ratio = abs(Fraction(price) - Fraction(other)) / Fraction(other)
    return math.ceil(ratio * _WHOLE)


def rate_for_deposit(price: Decimal, scale: int) -> Rate | None:
    """Give the rate at which coins come in: whole won, rounded down; None for less than a won."""
    whole = int(price.to_integral_value(ROUND_FLOOR))
    return Rate(whole, scale) if whole else None


def rate_for_withdrawal(price: Decimal, scale: int) -> Rate:
    """Give the rate at which coins go out: whole won, rounded up."""
    return Rate(int(price.to_integral_value(ROUND_CEILING)), scale)


def coins_worth(amount: Krw, rate: Rate) -> int:
    """Give the fewest smallest units that are worth an amount: rounded up."""
    return -int(-amount * 10**rate.scale // rate.krw_per_coin)


def krw_to_buy(coin_amount: int, rate: Rate) -> Krw:
    """Give the fewest won that buy an amount in smallest units: rounded up."""
    return Krw(-int(-coin_amount * rate.krw_per_coin // 10**rate.scale))
