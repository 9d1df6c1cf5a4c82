"""What became of a payout: taken, doubtful, paid, failed. The row and the ledger change in one transaction."""

from typing import Final

from cardroom.service.postgres import Postgres
from wallet_worker.rules.withdrawal import Payout
from wallet_worker.rules.withdrawal_steps import State
from wallet_worker.store.approve_withdrawals import send_to_review
from wallet_worker.store.book_payout import book_payout_within
from wallet_worker.store.claim_payout import is_same_attempt
from wallet_worker.store.house_transfer import HouseDesk, open_desk
from wallet_worker.store.release_held import release_within
from wallet_worker.store.seal_batch import Link
from wallet_worker.store.vote_withdrawal import add_flag
from wallet_worker.store.withdrawal_rows import FollowedWithdrawal, find_row, lock_row

_SENT: Final = """
UPDATE withdrawal SET state = 'sent', reason = NULL, task_id = coalesce($2, task_id), tries = 0,
                      next_try_at = clock_timestamp() + make_interval(secs => $3)
WHERE payment_id = $1
"""

_DOUBT: Final = """
UPDATE withdrawal SET state = 'doubtful', reason = $2, doubts = doubts + (state <> 'doubtful')::integer,
                      next_try_at = clock_timestamp() + make_interval(secs => $3)
WHERE payment_id = $1
"""

_KEEP_TASK: Final = "UPDATE withdrawal SET task_id = $2 WHERE payment_id = $1 AND task_id IS NULL"

_FAIL: Final = """
UPDATE withdrawal SET state = 'failed', reason = $2, ended_at = clock_timestamp() WHERE payment_id = $1
"""

_HURRY: Final = """
UPDATE withdrawal SET next_try_at = clock_timestamp() WHERE payment_id = $1 AND state IN ('sent', 'doubtful')
"""

PAID_BEFORE: Final = "paid_before"
"""The flag of a withdrawal that was about to be sent once more when it was told that it had been paid."""

_OPEN: Final = (State.SENDING, State.SENT, State.DOUBTFUL)


async def mark_taken(
    postgres: Postgres, seen: FollowedWithdrawal, task_id: str | None, seconds: float, link: Link
) -> FollowedWithdrawal | None:
    """Write that the gateway has an attempt; None where more is known already. May be repeated, by whoever knows."""
    async with postgres.transaction() as transaction:
        await open_desk(transaction, link)
        row = await lock_row(transaction, seen.number)
        if row.attempt != seen.attempt:
            return None
        if not is_same_attempt(row, seen):
            if task_id is not None and row.state in (State.SENT, State.CONFIRMED):
                await transaction.execute(_KEEP_TASK, row.number, task_id)
            return None
        await transaction.execute(_SENT, row.number, task_id, seconds)
        return await find_row(transaction, row.number)


async def mark_doubtful(
    postgres: Postgres, seen: FollowedWithdrawal, reason: str, seconds: float, link: Link
) -> FollowedWithdrawal | None:
    """Write that nobody knows what became of an attempt; None where it has gone on meanwhile."""
    async with postgres.transaction() as transaction:
        await open_desk(transaction, link)
        row = await lock_row(transaction, seen.number)
        if (row.attempt, row.sender, row.state) != (seen.attempt, seen.sender, seen.state):
            return None
        await transaction.execute(_DOUBT, row.number, reason, seconds)
        return await find_row(transaction, row.number)


async def confirm_payout(
    postgres: Postgres, seen: FollowedWithdrawal, tx_hash: str, link: Link
) -> FollowedWithdrawal | None:
    """Book that an attempt was paid by a transaction of the chain, at the amount and rate that were fixed before.

    None where it has ended meanwhile, or another attempt has begun. Raises what ``book_payout`` raises.
    """
    async with postgres.transaction() as transaction:
        desk = await open_desk(transaction, link)
        row = await lock_row(transaction, seen.number)
        if row.attempt != seen.attempt or row.state not in _OPEN:
            return None
        await confirm_locked(desk, row, tx_hash)
        return await find_row(transaction, row.number)


async def confirm_locked(desk: HouseDesk, row: FollowedWithdrawal, tx_hash: str) -> None:
    """Book a locked withdrawal as paid; see ``confirm_payout``."""
    assert row.coin_amount is not None, "what is sent has its amount"
    assert row.rate is not None, "what is sent has its rate"
    await book_payout_within(desk, row.number, Payout(row.coin_amount, tx_hash, row.rate))


async def fail_payout(
    postgres: Postgres, seen: FollowedWithdrawal, reason: str, link: Link
) -> FollowedWithdrawal | None:
    """End an attempt that will certainly never be paid; its money is back in the wallet.

    None where it has gone on meanwhile.
    """
    async with postgres.transaction() as transaction:
        desk = await open_desk(transaction, link)
        row = await lock_row(transaction, seen.number)
        if (row.attempt, row.sender, row.state) != (seen.attempt, seen.sender, seen.state):
            return None
        await fail_locked(desk, row, reason)
        return await find_row(transaction, row.number)


async def fail_locked(desk: HouseDesk, row: FollowedWithdrawal, reason: str) -> None:
    """Give a locked withdrawal's money back."""
    await release_within(desk, row.number, "payout failed")
    await desk.transaction.execute(_FAIL, row.number, reason)


async def hurry(postgres: Postgres, number: int) -> None:
    """Let a payout be looked up as soon as may be."""
    async with postgres.transaction() as transaction:
        await transaction.execute(_HURRY, number)


async def stop_sending(postgres: Postgres, number: int, flag: str, link: Link) -> FollowedWithdrawal | None:
    """Take an approved withdrawal out of what is sent, until administrators have looked; None if it is not approved."""
    async with postgres.transaction() as transaction:
        await open_desk(transaction, link)
        row = await lock_row(transaction, number)
        if row.state is not State.APPROVED:
            return None
        await add_flag(transaction, row, flag)
        return await find_row(transaction, number)


async def flag_screened(
    postgres: Postgres, number: int, reason: str, link: Link
) -> FollowedWithdrawal | None:
    """Take an approved withdrawal back whose address is known for something; the flag's first word is screening."""
    async with postgres.transaction() as transaction:
        await open_desk(transaction, link)
        row = await lock_row(transaction, number)
        if row.state is not State.APPROVED:
            return None
        await add_flag(transaction, row, "screening")
        await send_to_review(transaction, number, f"screening: {reason}"[:200])
        return await find_row(transaction, number)
