"""Transfers of money: postings that sum to zero."""

from collections.abc import Iterable
from enum import Enum, unique
from typing import Final, NamedTuple

from attrs import frozen

from cardroom.ids import SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from wallet_worker.rules.accounts import (
    PROMOTIONS,
    RAKEBACK,
    ROUNDING,
    AccountKey,
    deposit_clearing_of,
    escrow_of,
    pending_of,
    rake_of,
    wallet_of,
    withdrawal_clearing_of,
)

MAX_AMOUNT: Final = Krw(10**15)
"""No single amount is above this, so that no sum can leave 64 bits."""


@unique
class TransferKind(Enum):
    """What a transfer was for. The values are those of the database."""

    BUY_IN = "buy_in"
    CASH_OUT = "cash_out"
    HAND = "hand"
    PROMOTION = "promotion"
    CRYPTO_DEPOSIT = "crypto_deposit"
    CRYPTO_WITHDRAWAL = "crypto_withdrawal"
    WITHDRAWAL_HOLD = "withdrawal_hold"
    WITHDRAWAL_RELEASE = "withdrawal_release"
    RAKEBACK = "rakeback"
    ADJUSTMENT = "adjustment"
    ROUNDING = "rounding"


class Posting(NamedTuple):
    """One leg of a transfer: ``amount`` is added to the account, below zero it is taken away."""

    account: AccountKey
    amount: Krw


@frozen
class Transfer:
    """Postings that belong together. They sum to zero, none is zero, each account occurs once."""

    kind: TransferKind
    postings: tuple[Posting, ...]

    def __attrs_post_init__(self) -> None:
        assert sum(posting.amount for posting in self.postings) == 0, "a transfer sums to zero"
        accounts = {posting.account for posting in self.postings}
        assert len(accounts) == len(self.postings), "an account occurs once in a transfer"


@frozen
class PlayerResult:
    """What a hand did to one player; see ``SeatResult`` on the wire."""

    user_id: UserId
    seat: SeatIndex
    net: Krw
    contributed_rake: Krw


def buy_in_transfer(user_id: UserId, table_id: TableId, amount: Krw) -> Transfer:
    """Wallet to escrow."""
    return _move(TransferKind.BUY_IN, wallet_of(user_id), escrow_of(user_id, table_id), amount)


def cash_out_transfer(user_id: UserId, table_id: TableId, amount: Krw) -> Transfer:
    """Escrow to wallet; an empty seat moves nothing."""
    return _move(TransferKind.CASH_OUT, escrow_of(user_id, table_id), wallet_of(user_id), amount)


def promotion_transfer(user_id: UserId, amount: Krw) -> Transfer:
    """The house gives to a wallet."""
    return _move(TransferKind.PROMOTION, PROMOTIONS, wallet_of(user_id), amount)


def deposit_transfer(user_id: UserId, coin: str, amount: Krw) -> Transfer:
    """What came in by a coin goes to a wallet."""
    return _move(TransferKind.CRYPTO_DEPOSIT, deposit_clearing_of(coin), wallet_of(user_id), amount)


def withdrawal_hold_transfer(user_id: UserId, amount: Krw) -> Transfer:
    """Wallet to what is being withdrawn."""
    return _move(TransferKind.WITHDRAWAL_HOLD, wallet_of(user_id), pending_of(user_id), amount)


def withdrawal_release_transfer(user_id: UserId, amount: Krw) -> Transfer:
    """What was being withdrawn comes back to the wallet."""
    return _move(TransferKind.WITHDRAWAL_RELEASE, pending_of(user_id), wallet_of(user_id), amount)


def withdrawal_transfer(user_id: UserId, coin: str, amount: Krw) -> Transfer:
    """What was being withdrawn leaves the house by a coin."""
    return _move(TransferKind.CRYPTO_WITHDRAWAL, pending_of(user_id), withdrawal_clearing_of(coin), amount)


def rounding_transfer(user_id: UserId, amount: Krw) -> Transfer:
    """What a withdrawal's coins were rounded down by stays in the house."""
    return _move(TransferKind.ROUNDING, pending_of(user_id), ROUNDING, amount)


def rakeback_transfer(user_id: UserId, amount: Krw) -> Transfer:
    """The house gives a part of its rake to a wallet."""
    return _move(TransferKind.RAKEBACK, RAKEBACK, wallet_of(user_id), amount)


def adjustment_transfer(debit: AccountKey, credit: AccountKey, amount: Krw) -> Transfer:
    """One account gives to another, because two administrators say so."""
    return _move(TransferKind.ADJUSTMENT, debit, credit, amount)


def hand_transfer(shard: ShardId, nets: Iterable[Posting], rake: Krw) -> Transfer:
    """Escrow to escrow (``nets``: what each won or lost), and the rake to the shard's account of it."""
    return _transfer(TransferKind.HAND, [*nets, Posting(rake_of(shard), rake)])


def _move(kind: TransferKind, giver: AccountKey, taker: AccountKey, amount: Krw) -> Transfer:
    assert amount >= 0, "money moves from the giver to the taker"
    return _transfer(kind, [Posting(giver, Krw(-amount)), Posting(taker, amount)])


def _transfer(kind: TransferKind, postings: Iterable[Posting]) -> Transfer:
    return Transfer(kind, tuple(posting for posting in postings if posting.amount != 0))
