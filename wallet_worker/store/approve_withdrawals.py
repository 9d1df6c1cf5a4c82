"""Approve a withdrawal whose time to wait is over, by the player's limit or by the votes it has; or hand it to people."""

from typing import Final

from attrs import frozen

from cardroom.money import Krw
from cardroom.service.postgres import Postgres, Transaction
from wallet_worker.rules.withdrawal_steps import Approver, ReviewReason, State, decide_approval
from wallet_worker.store.house_transfer import open_desk
from wallet_worker.store.payer_standing import why_not
from wallet_worker.store.seal_batch import Link
from wallet_worker.store.withdrawal_rows import FollowedWithdrawal, find_row, lock_row, put_off

APPROVED_TODAY: Final = """
SELECT coalesce(sum(krw_amount), 0)::bigint AS approved FROM withdrawal
WHERE user_id = $1 AND approved_by = 'limit' AND state NOT IN ('cancelled', 'rejected')
      AND approved_at >= date_trunc('day', statement_timestamp() AT TIME ZONE $2) AT TIME ZONE $2
"""

COUNT_APPROVALS: Final = """
SELECT count(DISTINCT admin) AS approvals FROM withdrawal_vote
WHERE payment_id = $1 AND is_approval AND flag_count = $2
"""

_APPROVE: Final = """
UPDATE withdrawal SET state = 'approved', reason = NULL, approved_at = clock_timestamp(), approved_by = $2, tries = 0,
                      next_try_at = greatest(ready_at, clock_timestamp())
WHERE payment_id = $1
"""

_REVIEW: Final = """
UPDATE withdrawal SET state = 'review', reason = $2, approved_at = NULL, approved_by = NULL, tries = 0
WHERE payment_id = $1
"""


@frozen
class ApprovalRules:
    """The limit of a player's calendar day, whose day it is, and how long what is frozen waits."""

    automatic_daily: Krw
    time_zone: str
    retry_seconds: float
    blocked_users: bool = True


async def approve_ready(
    postgres: Postgres, number: int, rules: ApprovalRules, link: Link
) -> FollowedWithdrawal | None:
    """Decide a withdrawal that waits and is ready; gives how it stands if it went on, else None. May be repeated.

    Under the house's lock: two of one player, approved at once, see each other, so that both together are within the
    limit. What the player cancelled, or was rejected, does not count.
    """
    async with postgres.transaction() as transaction:
        await open_desk(transaction, link)
        row = await lock_row(transaction, number)
        if row.state is not State.WAITING or not row.is_ready:
            return None
        trouble = await why_not(transaction, row.user_id, blocked_users=rules.blocked_users)
        if trouble is not None:
            await put_off(transaction, row, trouble, rules.retry_seconds)
            return None
        approvals = await count_approvals(transaction, row)
        today = await transaction.fetch_one(APPROVED_TODAY, row.user_id, rules.time_zone)
        assert today is not None, "a sum always gives a row"
        amount, so_far = row.krw_amount, Krw(today["approved"])
        decision = decide_approval(row.flags, approvals, amount, so_far, rules.automatic_daily)
        if isinstance(decision, ReviewReason):
            await send_to_review(transaction, number, decision.value)
        else:
            await mark_approved(transaction, number, decision)
        return await find_row(transaction, number)


async def count_approvals(transaction: Transaction, row: FollowedWithdrawal) -> int:
    """Give how many administrators approved with as many flags before them as there are now."""
    found = await transaction.fetch_one(COUNT_APPROVALS, row.number, len(row.flags))
    assert found is not None, "a count always gives a row"
    return int(found["approvals"])


async def mark_approved(transaction: Transaction, number: int, approver: Approver) -> None:
    """Let a locked withdrawal be sent as soon as it is ready."""
    assert await transaction.execute(_APPROVE, number, approver.value) == 1, "the withdrawal is locked"


async def send_to_review(transaction: Transaction, number: int, reason: str) -> None:
    """Let administrators look at a locked withdrawal, approved or not."""
    assert await transaction.execute(_REVIEW, number, reason) == 1, "the withdrawal is locked"
