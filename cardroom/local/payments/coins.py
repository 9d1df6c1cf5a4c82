"""The coins that the sandbox has, and how amounts of them are written."""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from attrs import frozen

_AMOUNT: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,18}))?")


@frozen
class Coin:
    """A coin: what the gateway calls it, and its scale (one coin is ``10**scale`` smallest units).

    ``price`` is about what one costs, in won; ``is_bitcoin`` says how its addresses and hashes are written.
    """

    name: str
    scale: int
    price: Decimal
    is_bitcoin: bool = False


COINS: Final[Mapping[str, Coin]] = MappingProxyType(
    {
        coin.name: coin
        for coin in (
            Coin("btc", 8, Decimal(142_350_000), is_bitcoin=True),
            Coin("eth", 18, Decimal(5_210_000)),
            Coin("usdt", 6, Decimal(1_432)),
            Coin("usdc", 6, Decimal(1_431)),
        )
    }
)


def read_amount(text: str, coin: Coin) -> int | None:
    """Give an amount in smallest units; None for what is no amount of the coin above 0."""
    found = _AMOUNT.fullmatch(text)
    if found is None or len(part := found[2] or "") > coin.scale:
        return None
    return int(found[1]) * 10**coin.scale + int(part.ljust(coin.scale, "0")) or None


def write_amount(units: int, coin: Coin) -> str:
    """Write an amount in whole coins, exactly."""
    whole, part = divmod(units, 10**coin.scale)
    return f"{whole}.{part:0{coin.scale}}"


def worth(krw_amount: int, price: Decimal, coin: Coin) -> int:
    """Give the smallest units that are worth an amount of won, rounded up."""
    bought, parts = price.as_integer_ratio()
    units: int = -(-krw_amount * 10**coin.scale * parts // bought)
    return units
