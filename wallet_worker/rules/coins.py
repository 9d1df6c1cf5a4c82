"""Amounts of coins and what they are worth in won. Whole numbers only."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from cardroom.money import Krw

_TX_HASH: Final = re.compile(r"[0-9a-f]{64}")
_COINS: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,30}))?", re.ASCII)


COINS: Final[Mapping[str, int]] = MappingProxyType({"BTC": 8, "ETH": 18, "USDT": 6, "USDC": 6})
"""The coins that come in and go out, each with its scale: one coin is ``10**scale`` of its smallest units."""


@frozen
class Rate:
    """Whole won for one coin, which is ``10**scale`` of its smallest units."""

    krw_per_coin: int
    scale: int


def krw_of(coin_amount: int, rate: Rate) -> Krw:
    """Give what an amount in smallest units is worth, rounded down to whole won."""
    assert coin_amount >= 0, "an amount of a coin is not negative"
    return Krw(coin_amount * rate.krw_per_coin // 10**rate.scale)


def coins_for(amount: Krw, rate: Rate) -> int:
    """Give how many smallest units an amount of won buys, rounded down."""
    assert amount >= 0, "only an amount that is not negative buys something"
    return int(amount * 10**rate.scale // rate.krw_per_coin)


def read_tx_hash(text: str) -> str | None:
    """Give the one way a transaction's hash is written: 64 small hexadecimal digits; None for what is none.

    Chains write the same hash with ``0x`` and with large letters, too: so a payment could be booked twice.
    """
    digits = text.lower().removeprefix("0x")
    return digits if _TX_HASH.fullmatch(digits) else None


def write_coins(coin_amount: int, scale: int) -> str:
    """Write an amount in whole coins, exactly: 150,000,000 of scale 8 is ``1.50000000``."""
    whole, part = divmod(coin_amount, 10**scale)
    return f"{whole}.{part:0{scale}}" if scale else str(whole)


def read_coins(text: str, scale: int) -> int | None:
    """Give the smallest units of an amount that is written in whole coins, such as ``0.0005``.

    None for what is no such amount, or is not a whole number of smallest units.
    """
    found = _COINS.fullmatch(text)
    if found is None:
        return None
    part = (found[2] or "").rstrip("0")
    return int(found[1] + part.ljust(scale, "0")) if len(part) <= scale else None
