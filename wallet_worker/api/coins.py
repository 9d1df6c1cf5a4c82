"""``/api/v1/wallet/coins``: which coins the house takes and sends, and within which limits."""

from typing import Any

from attrs import frozen
from quart import Blueprint

from cardroom.money import Krw
from cardroom.service.logins import LoginLookup
from cardroom.service.openapi import PLAYER, Page
from wallet_worker.api.players import who_asks
from wallet_worker.payment_settings import CoinBook, CoinSettings, WithdrawalRules
from wallet_worker.rules.coins import COINS, read_coins
from wallet_worker.rules.gateway_books import write_signed


@frozen
class CoinOffered:
    """A coin, and what holds for it now."""

    coin: str
    decimals: int
    """How many digits behind the point it has."""
    deposits_open: bool
    smallest_deposit: str
    """In whole coins; less is not credited by itself."""
    confirmations: int
    """How many the chain must give a deposit before it is credited."""
    withdrawals_open: bool
    smallest_withdrawal: Krw
    largest_withdrawal: Krw


@frozen
class WithdrawalTerms:
    """What holds for withdrawals of every coin."""

    wait_seconds: int
    """How long a withdrawal waits before it is sent; until then it can be cancelled."""
    address_wait_seconds: int
    """How long an address waits after it was listed."""
    second_factor_above: Krw
    """More than this wants a code of the second factor."""
    owner_named_above: Krw
    """More than this wants to know whose the address is."""
    daily_amount: Krw
    """As much may be asked for within a day."""
    daily_count: int
    """As often may be asked within a day."""
    addresses: int
    """As many addresses may be listed."""


@frozen
class CoinsOffered:
    """All coins that the house takes, and the network they are of."""

    network: str
    """``mainnet``, ``testnet`` or ``regtest``: addresses of others are refused."""
    coins: tuple[CoinOffered, ...]
    withdrawals: WithdrawalTerms


def coin_pages(logins: LoginLookup, book: CoinBook, rules: WithdrawalRules) -> Blueprint:
    """Serve ``/api/v1/wallet/coins``; what it says changes only with a new start."""
    pages = Blueprint("coins", __name__, url_prefix="/api/v1/wallet")
    said = {
        "network": book.network.value,
        "coins": [_show(symbol, coin) for symbol, coin in book.coins.items()],
        "withdrawals": _show_rules(rules),
    }

    @pages.get("/coins")
    @Page(tag="wallet", who=PLAYER, answers={200: CoinsOffered})
    async def coins() -> dict[str, Any]:
        """Say which coins may come in and go out, and within which limits."""
        await who_asks(logins)
        return said

    return pages


def _show(symbol: str, coin: CoinSettings) -> dict[str, Any]:
    smallest = read_coins(coin.smallest_deposit, COINS[symbol])
    assert smallest is not None, "the start has read the coins"
    return {
        "coin": symbol,
        "decimals": COINS[symbol],
        "deposits_open": coin.deposits_open,
        "smallest_deposit": write_signed(smallest, COINS[symbol]),
        "confirmations": coin.confirmations,
        "withdrawals_open": coin.withdrawals_open,
        "smallest_withdrawal": coin.smallest_withdrawal,
        "largest_withdrawal": coin.largest_withdrawal,
    }


def _show_rules(rules: WithdrawalRules) -> dict[str, Any]:
    return {
        "wait_seconds": round(rules.wait_seconds),
        "address_wait_seconds": round(rules.address_wait_seconds),
        "second_factor_above": rules.step_up_above,
        "owner_named_above": rules.travel_rule_above,
        "daily_amount": rules.daily_amount,
        "daily_count": rules.daily_count,
        "addresses": rules.addresses,
    }
