"""Accounts: their kinds, whose they are, and which of them may go below zero."""

from enum import StrEnum, unique
from typing import Final, NamedTuple

from cardroom.ids import ShardId, TableId, UserId


@unique
class AccountKind(StrEnum):
    """What an account is for. The values are those of the database."""

    WALLET = "wallet"
    PENDING_WITHDRAWAL = "pending_withdrawal"
    ESCROW = "escrow"
    RAKE = "rake"
    RAKEBACK = "rakeback"
    PROMOTIONS = "promotions"
    DEPOSIT_CLEARING = "deposit_clearing"
    WITHDRAWAL_CLEARING = "withdrawal_clearing"
    ROUNDING = "rounding"


OF_PLAYERS: Final = frozenset({AccountKind.WALLET, AccountKind.PENDING_WITHDRAWAL, AccountKind.ESCROW})
"""Accounts that hold a player's money. They never go below zero; the house's accounts may."""


class AccountKey(NamedTuple):
    """Which account is meant; exactly one account has a key.

    A tuple, because a batch makes and looks up ten thousand of them: an attrs class costs four times as much.
    """

    kind: AccountKind
    user_id: UserId | None = None
    table_id: TableId | None = None
    shard: ShardId | None = None
    coin: str | None = None


PROMOTIONS: Final = AccountKey(AccountKind.PROMOTIONS)
"""What the house has given away; below zero by that much."""

RAKEBACK: Final = AccountKey(AccountKind.RAKEBACK)
"""What the house has given back of its rake; below zero by that much."""

ROUNDING: Final = AccountKey(AccountKind.ROUNDING)
"""Whole won that were left over where an amount of a coin was rounded down."""


def wallet_of(user_id: UserId) -> AccountKey:
    """Name a player's wallet."""
    return AccountKey(AccountKind.WALLET, user_id)


def pending_of(user_id: UserId) -> AccountKey:
    """Name what a player is withdrawing: out of the wallet, and not yet sent."""
    return AccountKey(AccountKind.PENDING_WITHDRAWAL, user_id=user_id)


def deposit_clearing_of(coin: str) -> AccountKey:
    """Name what came in by a coin; below zero by that much."""
    return AccountKey(AccountKind.DEPOSIT_CLEARING, coin=coin)


def withdrawal_clearing_of(coin: str) -> AccountKey:
    """Name what went out by a coin."""
    return AccountKey(AccountKind.WITHDRAWAL_CLEARING, coin=coin)


def escrow_of(user_id: UserId, table_id: TableId) -> AccountKey:
    """Name what a player has at a table; it lies at one seat."""
    return AccountKey(AccountKind.ESCROW, user_id, table_id)


def rake_of(shard: ShardId) -> AccountKey:
    """Name the house's rake of a shard's tables; one per shard, so that shards don't wait for each other."""
    return AccountKey(AccountKind.RAKE, shard=shard)
