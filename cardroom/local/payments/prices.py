"""Prices that drift slowly, as three sources tell them. Pure: a price follows from the clock.

So a sandbox that is started again goes on where it was, and its prices have not jumped.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum, unique
from typing import Final

from cardroom.local.payments.coins import COINS

_PERIOD_MS: Final = 1_200_000
_SWING: Final = 120
"""In basis points to either side."""

_WHOLE: Final = 10_000
_PLACES: Final = Decimal("0.0001")


@unique
class Source(Enum):
    """Who tells prices."""

    COINGECKO = "coingecko"
    UPBIT = "upbit"
    BINANCE = "binance"


_LEANS: Final[Mapping[Source, int]] = {Source.COINGECKO: 0, Source.UPBIT: 12, Source.BINANCE: -9}
"""How much a source's prices differ always, in basis points."""


def price_at(coin: str, source: Source, unix_ms: int, shift: int = 0) -> Decimal:
    """Give the won for one coin, with four decimals; ``shift`` in basis points is put on top."""
    number = list(COINS).index(coin)
    place = (unix_ms + number * _PERIOD_MS // len(COINS)) % _PERIOD_MS
    from_the_middle = abs(Decimal(2 * place) / _PERIOD_MS - 1) * 2 - 1
    moved = from_the_middle * _SWING + _LEANS[source] + shift
    return (COINS[coin].price * (_WHOLE + moved) / _WHOLE).quantize(_PLACES)
