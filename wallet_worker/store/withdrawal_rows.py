"""A withdrawal's row: how far it is. Whoever changes one has the house's lock first, then the row's."""

from datetime import datetime
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Reader, Row, Transaction
from wallet_worker.rules.coins import Rate
from wallet_worker.rules.withdrawal_steps import Standing, State
from wallet_worker.store.outside_payments import NoSuchWithdrawal

COLUMNS: Final = """
withdrawal.payment_id, withdrawal.user_id, withdrawal.coin, withdrawal.gateway, withdrawal.krw_amount, withdrawal.state,
withdrawal.reason, withdrawal.flags, withdrawal.requested_at, withdrawal.ready_at, withdrawal.approved_at,
withdrawal.approved_by, withdrawal.coin_amount::text, withdrawal.coin_scale, withdrawal.rate, withdrawal.attempt,
withdrawal.sender, withdrawal.sending_at, withdrawal.doubts, withdrawal.task_id, withdrawal.tx_hash, withdrawal.ended_at,
withdrawal.ready_at <= clock_timestamp() AS is_ready,
coalesce(extract(epoch FROM clock_timestamp() - withdrawal.sending_at), 0)::float8 AS sending_seconds,
(SELECT balance FROM account
 WHERE account.user_id = withdrawal.user_id AND account.kind = 'wallet' AND account.table_id IS NULL) AS wallet,
payment.address, payment.status = 'held' AND payment.krw_amount = withdrawal.krw_amount AS is_held
"""

FIND_ROW: Final = f"""
SELECT {COLUMNS} FROM withdrawal JOIN outside_payment AS payment ON payment.id = withdrawal.payment_id
WHERE withdrawal.payment_id = $1
"""

LOCK_ROW: Final = FIND_ROW + "FOR UPDATE OF withdrawal"

_LONGEST_UNDER_WAY: Final = 86_400.0
"""So many seconds a gateway may say that a payout is under way, before a person looks."""

PUT_OFF: Final = """
UPDATE withdrawal SET reason = $3, next_try_at = clock_timestamp() + make_interval(secs => $4)
WHERE payment_id = $1 AND state = $2
"""


@frozen
class FollowedWithdrawal:
    """A withdrawal as its row has it; ``address`` is the one that was sealed when its money was held.

    ``is_held`` is false where the ledger holds nothing, or another amount, for it: then nothing is sent.
    """

    number: int
    user_id: UserId
    coin: str
    gateway: str
    address: str
    krw_amount: Krw
    state: State
    reason: str | None
    flags: tuple[str, ...]
    requested_at: datetime
    ready_at: datetime
    approved_at: datetime | None
    approved_by: str | None
    coin_amount: int | None
    rate: Rate | None
    attempt: int
    sender: str | None
    sending_at: datetime | None
    doubts: int
    task_id: str | None
    tx_hash: str | None
    ended_at: datetime | None
    is_ready: bool
    is_held: bool
    sending_seconds: float
    wallet: Krw
    """The player's wallet when the row was read."""

    def standing(self, person_seconds: float) -> Standing:
        """Give what the rules look at."""
        return Standing(
            self.state,
            self.attempt,
            self.coin_amount,
            self.task_id,
            self.tx_hash,
            is_old=self.sending_seconds >= person_seconds,
            is_overdue=self.sending_seconds >= _LONGEST_UNDER_WAY,
        )


async def find_row(reader: Reader, number: int) -> FollowedWithdrawal:
    """Give a withdrawal as it stands; raises ``NoSuchWithdrawal``."""
    return _followed(await reader.fetch_one(FIND_ROW, number))


async def lock_row(transaction: Transaction, number: int) -> FollowedWithdrawal:
    """Give a withdrawal that nobody else changes until this transaction ends; raises ``NoSuchWithdrawal``."""
    return _followed(await transaction.fetch_one(LOCK_ROW, number))


async def put_off(
    transaction: Transaction, row: FollowedWithdrawal, reason: str | None, seconds: float
) -> bool:
    """Let a withdrawal wait for a reason; false where it has gone on meanwhile."""
    return await transaction.execute(PUT_OFF, row.number, row.state.value, reason, seconds) == 1


def read_row(row: Row) -> FollowedWithdrawal:
    """Give what a row of ``COLUMNS`` says."""
    is_fixed = row["coin_amount"] is not None
    return FollowedWithdrawal(
        number=row["payment_id"],
        user_id=UserId(row["user_id"]),
        coin=row["coin"],
        gateway=row["gateway"],
        address=row["address"],
        krw_amount=Krw(row["krw_amount"]),
        state=State(row["state"]),
        reason=row["reason"],
        flags=tuple(row["flags"]),
        requested_at=row["requested_at"],
        ready_at=row["ready_at"],
        approved_at=row["approved_at"],
        approved_by=row["approved_by"],
        coin_amount=int(row["coin_amount"]) if is_fixed else None,
        rate=Rate(row["rate"], row["coin_scale"]) if is_fixed else None,
        attempt=row["attempt"],
        sender=row["sender"],
        sending_at=row["sending_at"],
        doubts=row["doubts"],
        task_id=row["task_id"],
        tx_hash=row["tx_hash"],
        ended_at=row["ended_at"],
        is_ready=row["is_ready"],
        is_held=row["is_held"],
        sending_seconds=row["sending_seconds"],
        wallet=Krw(row["wallet"]),
    )


def _followed(row: Row | None) -> FollowedWithdrawal:
    if row is None:
        raise NoSuchWithdrawal
    return read_row(row)
