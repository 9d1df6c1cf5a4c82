"""Money that goes out by a coin: held first, then released or paid."""

from enum import Enum, unique
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from wallet_worker.rules.accounts import wallet_of
from wallet_worker.rules.books import Books
from wallet_worker.rules.coins import Rate, coins_for, krw_of
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.transfers import (
    MAX_AMOUNT,
    Transfer,
    rounding_transfer,
    withdrawal_hold_transfer,
    withdrawal_release_transfer,
    withdrawal_transfer,
)

SMALLEST_WITHDRAWAL: Final = Krw(10_000)
"""House rule 42."""


@unique
class WithdrawalStatus(Enum):
    """Where a withdrawal's money is. The values are those of the database."""

    HELD = "held"
    RELEASED = "released"
    PAID = "paid"


@frozen
class Withdrawal:
    """A withdrawal as the ledger has it."""

    user_id: UserId
    coin: str
    amount: Krw
    status: WithdrawalStatus


@frozen
class Payout:
    """What was sent for a withdrawal; ``coin_amount`` in smallest units, without the chain's fee."""

    coin_amount: int
    tx_hash: str
    rate: Rate


class WithdrawalEnded(Exception):
    """The withdrawal was released, or paid by another transaction: its money is not held any more."""

    def __init__(self, status: WithdrawalStatus) -> None:
        super().__init__(f"the withdrawal is {status.value}")
        self.status = status


class PayoutDiffers(Exception):
    """What was sent is not what the held amount buys at the rate."""


def hold_withdrawal(books: Books, user_id: UserId, amount: Krw) -> Transfer:
    """Give the transfer that takes the amount out of the wallet at once.

    Denied: amount too small (rule 42) or too large, player or all withdrawals frozen, insufficient funds. Who
    is self-excluded may take money out.
    """
    if amount < SMALLEST_WITHDRAWAL:
        raise Denied(Denial.AMOUNT_TOO_SMALL)
    if amount > MAX_AMOUNT:
        raise Denied(Denial.AMOUNT_TOO_LARGE)
    if books.players[user_id].is_frozen:
        raise Denied(Denial.FROZEN)
    if books.players[user_id].are_withdrawals_frozen:
        raise Denied(Denial.WITHDRAWALS_FROZEN)
    if books.balance(wallet_of(user_id)) < amount:
        raise Denied(Denial.INSUFFICIENT_FUNDS)
    return withdrawal_hold_transfer(user_id, amount)


def release_withdrawal(withdrawal: Withdrawal) -> Transfer:
    """Give the transfer back to the wallet; raises ``WithdrawalEnded`` where nothing is held."""
    _check_held(withdrawal)
    return withdrawal_release_transfer(withdrawal.user_id, withdrawal.amount)


def pay_withdrawal(withdrawal: Withdrawal, payout: Payout) -> tuple[Transfer, ...]:
    """Give the transfers of a payment that was sent: its worth leaves the house, whole won left over stay in
    it.

    The amount of coins is what the held won buy, rounded down. Raises ``PayoutDiffers`` where another was
    sent, and ``WithdrawalEnded`` where nothing is held.
    """
    _check_held(withdrawal)
    if payout.coin_amount < 1 or payout.coin_amount != coins_for(withdrawal.amount, payout.rate):
        raise PayoutDiffers
    worth = krw_of(payout.coin_amount, payout.rate)
    moved = withdrawal_transfer(withdrawal.user_id, withdrawal.coin, worth)
    left_over = rounding_transfer(withdrawal.user_id, Krw(withdrawal.amount - worth))
    return tuple(transfer for transfer in (moved, left_over) if transfer.postings)


def _check_held(withdrawal: Withdrawal) -> None:
    if withdrawal.status is not WithdrawalStatus.HELD:
        raise WithdrawalEnded(withdrawal.status)
