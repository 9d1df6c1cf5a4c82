"""What administrators say of a withdrawal before it is sent: approve, reject, flag. Parts of an order's transaction."""

from typing import Final

from attrs import frozen

from cardroom.service.postgres import Transaction
from wallet_worker.rules.withdrawal_steps import APPROVERS_NEEDED, Approver, Order, State, may_order
from wallet_worker.store.approve_withdrawals import count_approvals, mark_approved, send_to_review
from wallet_worker.store.house_transfer import open_desk
from wallet_worker.store.release_held import release_within
from wallet_worker.store.seal_batch import Link
from wallet_worker.store.withdrawal_rows import FollowedWithdrawal, find_row, lock_row

_ADD_VOTE: Final = """
INSERT INTO withdrawal_vote (payment_id, admin, is_approval, flag_count, reason) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
"""

_ADD_FLAG: Final = "UPDATE withdrawal SET flags = array_append(flags, $2) WHERE payment_id = $1"

_REJECT: Final = """
UPDATE withdrawal SET state = 'rejected', reason = NULL, ended_at = clock_timestamp() WHERE payment_id = $1
"""


_FLAG: Final = "administrator"
"""The flag that an administrator sets; why stands with the order."""


class StepNotAllowed(Exception):
    """The withdrawal's state does not allow the order."""

    def __init__(self, state: State) -> None:
        super().__init__(f"the withdrawal is {state.value}")
        self.state = state


class OwnVote(Exception):
    """The administrator has said so already; another one must."""


@frozen
class Vote:
    """An administrator's word about a withdrawal."""

    number: int
    admin: str
    reason: str


async def approve_within(transaction: Transaction, vote: Vote, link: Link) -> FollowedWithdrawal:
    """Write an approval; the second administrator's lets it be sent, as soon as it is ready.

    An approval is for the flags that stand when it is given: a later flag makes it void. Raises
    ``NoSuchWithdrawal``, ``StepNotAllowed``, ``OwnVote``.
    """
    row = await _lock(transaction, vote.number, Order.APPROVE, link)
    if not await _add_vote(transaction, vote, row, is_approval=True):
        raise OwnVote
    if await count_approvals(transaction, row) >= APPROVERS_NEEDED:
        await mark_approved(transaction, vote.number, Approver.ADMINISTRATORS)
    return await find_row(transaction, vote.number)


async def reject_within(transaction: Transaction, vote: Vote, link: Link) -> FollowedWithdrawal:
    """End a withdrawal that is not being sent; its money is back in the wallet. One administrator is enough.

    Raises ``NoSuchWithdrawal``, ``StepNotAllowed``.
    """
    desk = await open_desk(transaction, link)
    row = await _check(transaction, vote.number, Order.REJECT)
    await _add_vote(transaction, vote, row, is_approval=False)
    await release_within(desk, vote.number, "withdrawal rejected")
    await transaction.execute(_REJECT, vote.number)
    return await find_row(transaction, vote.number)


async def flag_within(transaction: Transaction, vote: Vote, link: Link) -> FollowedWithdrawal:
    """Add a flag: two administrators must approve from now on, whatever was approved before.

    Raises ``NoSuchWithdrawal``, ``StepNotAllowed``.
    """
    row = await _lock(transaction, vote.number, Order.FLAG, link)
    await add_flag(transaction, row, _FLAG)
    return await find_row(transaction, vote.number)


async def add_flag(transaction: Transaction, row: FollowedWithdrawal, flag: str) -> None:
    """Flag a locked withdrawal that is not being sent; what was approved goes back to review."""
    assert await transaction.execute(_ADD_FLAG, row.number, flag) == 1, "the withdrawal is locked"
    if row.state is State.APPROVED:
        await send_to_review(transaction, row.number, flag)


async def _add_vote(
    transaction: Transaction, vote: Vote, row: FollowedWithdrawal, *, is_approval: bool
) -> bool:
    values = (vote.number, vote.admin, is_approval, len(row.flags), vote.reason)
    return await transaction.execute(_ADD_VOTE, *values) == 1


async def _lock(transaction: Transaction, number: int, order: Order, link: Link) -> FollowedWithdrawal:
    await open_desk(transaction, link)
    return await _check(transaction, number, order)


async def _check(transaction: Transaction, number: int, order: Order) -> FollowedWithdrawal:
    row = await lock_row(transaction, number)
    if not may_order(order, row.state, is_manual=False):
        raise StepNotAllowed(row.state)
    return row
