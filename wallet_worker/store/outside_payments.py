"""Facts of payments from and to the outside, beside the transfers that moved their money."""

from typing import Any, Final

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Transaction
from wallet_worker.rules.deposit import Deposit
from wallet_worker.rules.withdrawal import Payout, Withdrawal, WithdrawalStatus

# Not now(), which is when the transaction began: it may have waited for the house since, over midnight, and was held
# against the limit of the day that then was.
_ADD_DEPOSIT: Final = """
INSERT INTO outside_payment (direction, user_id, coin, address, krw_amount, coin_amount, coin_scale, rate, tx_hash,
                             output_number, status, completed_at)
VALUES ('deposit', $1, $2, $3, $4, $5::text::numeric, $6, $7, $8, $9, 'credited', statement_timestamp())
RETURNING id
"""

_ADD_WITHDRAWAL: Final = """
INSERT INTO outside_payment (direction, user_id, coin, address, krw_amount, status)
VALUES ('withdrawal', $1, $2, $3, $4, 'held')
RETURNING id
"""

_LOCK_WITHDRAWAL: Final = """
SELECT user_id, coin, krw_amount, status FROM outside_payment
WHERE id = $1 AND direction = 'withdrawal' FOR UPDATE
"""

_RELEASE_WITHDRAWAL: Final = """
UPDATE outside_payment SET status = 'released', completed_at = now() WHERE id = $1 AND status = 'held'
"""

_PAY_WITHDRAWAL: Final = """
UPDATE outside_payment SET status = 'paid', completed_at = now(), coin_amount = $2::text::numeric, coin_scale = $3,
                           rate = $4, tx_hash = $5
WHERE id = $1 AND status = 'held'
"""

_ADD_TRANSFER: Final = "INSERT INTO payment_transfer (transfer_id, payment_id, step) VALUES ($1, $2, $3)"


class NoSuchWithdrawal(Exception):
    """There is no withdrawal of this number."""


async def add_deposit(transaction: Transaction, deposit: Deposit, amount: Krw) -> int:
    """Write a deposit that is credited, worth ``amount`` won, and give its number."""
    return await _add(
        transaction, _ADD_DEPOSIT, deposit.user_id, deposit.coin, deposit.address, amount,
        str(deposit.coin_amount), deposit.rate.scale, deposit.rate.krw_per_coin, deposit.tx_hash, deposit.output_number,
    )  # fmt: skip


async def add_withdrawal(
    transaction: Transaction, user_id: UserId, coin: str, address: str, amount: Krw
) -> int:
    """Write a withdrawal that is held and give its number."""
    return await _add(transaction, _ADD_WITHDRAWAL, user_id, coin, address, amount)


async def lock_withdrawal(transaction: Transaction, number: int) -> Withdrawal:
    """Give a withdrawal that nobody else changes until this transaction ends; raises ``NoSuchWithdrawal``."""
    row = await transaction.fetch_one(_LOCK_WITHDRAWAL, number)
    if row is None:
        raise NoSuchWithdrawal
    status = WithdrawalStatus(row["status"])
    return Withdrawal(UserId(row["user_id"]), row["coin"], Krw(row["krw_amount"]), status)


async def mark_released(transaction: Transaction, number: int) -> None:
    """End a held withdrawal: its money is back in the wallet."""
    written = await transaction.execute(_RELEASE_WITHDRAWAL, number)
    assert written == 1, "the withdrawal is locked and held"


async def mark_paid(transaction: Transaction, number: int, payout: Payout) -> None:
    """End a held withdrawal: its coins were sent."""
    rate = payout.rate
    written = await transaction.execute(
        _PAY_WITHDRAWAL, number, str(payout.coin_amount), rate.scale, rate.krw_per_coin, payout.tx_hash
    )
    assert written == 1, "the withdrawal is locked and held"


async def add_step(transaction: Transaction, number: int, step: str, transfer_id: int) -> None:
    """Write which transfer moved a payment's money in a step."""
    await transaction.execute(_ADD_TRANSFER, transfer_id, number, step)


async def _add(transaction: Transaction, sql: str, *values: Any) -> int:
    row = await transaction.fetch_one(sql, *values)
    assert row is not None, "an insert gives its row"
    return int(row["id"])
