"""What the coins are called at a gateway, and how their amounts are written there."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from attrs import frozen

from cardroom.service.settings import BadSettings
from wallet_worker.payment_settings import CoinBook
from wallet_worker.rules.coins import COINS

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")


@frozen
class GatewayCoin:
    """A coin at a gateway: ``name`` there, ``symbol`` here; one coin is ``10**scale`` smallest units."""

    symbol: str
    name: str
    scale: int
    confirmations: int
    payout_fee: str


@frozen
class CoinNames:
    """The coins of one gateway, found by either name."""

    by_symbol: Mapping[str, GatewayCoin]
    by_name: Mapping[str, GatewayCoin]


def coins_at(gateway: str, book: CoinBook) -> CoinNames:
    """Give the coins that go by a gateway, or have. Raises ``BadSettings`` where two are called the same."""
    coins = [
        GatewayCoin(symbol, name, COINS[symbol], coin.confirmations, coin.payout_fee)
        for symbol, coin in book.coins.items()
        for name in [coin.gateway_coin if coin.gateway == gateway else coin.former.get(gateway)]
        if name is not None
    ]
    _refuse_doubles(gateway, [coin.name for coin in coins])
    return CoinNames({coin.symbol: coin for coin in coins}, {coin.name: coin for coin in coins})


def _refuse_doubles(gateway: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not _NAME.fullmatch(name) or name in seen:
            raise BadSettings(
                f"coins: each has another gateway_coin at {gateway}, of letters, digits, _ and -"
            )
        seen.add(name)


def same_address(one: str, other: str) -> bool:
    """Say whether two texts are one address: those of Ethereum are, however their letters are written."""
    if one.startswith("0x") and other.startswith("0x"):
        return one.lower() == other.lower()
    return one == other
