"""Take a payout to send: the amount is fixed and the attempt counted before anybody is told of it.

Who has committed one of these steps, and nobody else, may send that attempt, within the seconds that the settings give.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from attrs import frozen

from cardroom.money import Krw
from cardroom.service.postgres import Postgres, Transaction
from wallet_worker.rules.coins import Rate, coins_for
from wallet_worker.rules.withdrawal_steps import State
from wallet_worker.store.house_transfer import open_desk
from wallet_worker.store.payer_standing import sent_today, why_not
from wallet_worker.store.seal_batch import Link
from wallet_worker.store.withdrawal_rows import FollowedWithdrawal, find_row, lock_row, put_off

_CLAIM: Final = """
UPDATE withdrawal SET state = 'sending', reason = NULL, coin_amount = $2::text::numeric, coin_scale = $3, rate = $4,
                      attempt = attempt + 1, sender = $5, sending_at = clock_timestamp(), task_id = NULL, tries = 0,
                      next_try_at = clock_timestamp() + make_interval(secs => $6)
WHERE payment_id = $1
"""

_TAKE_OVER: Final = """
UPDATE withdrawal SET state = 'sending', reason = NULL, sender = $2, sending_at = clock_timestamp(),
                      next_try_at = clock_timestamp() + make_interval(secs => $3)
WHERE payment_id = $1
"""

_GIVE_BACK: Final = """
UPDATE withdrawal SET state = 'approved', reason = $2, coin_amount = NULL, coin_scale = NULL, rate = NULL, sender = NULL,
                      sending_at = NULL, next_try_at = clock_timestamp() + make_interval(secs => $3)
WHERE payment_id = $1
"""

NoteUsed = Callable[[Transaction], Awaitable[None]]
"""Writes down which price was used, in the transaction that uses it."""


@frozen
class SendingRules:
    """What may be sent: ``hot_wallet_daily`` won of the coin within a calendar day; and how long things wait."""

    hot_wallet_daily: Krw
    time_zone: str
    doubtful_seconds: float
    retry_seconds: float
    blocked_users: bool = True


@frozen
class Claim:
    """Who wants to send a withdrawal, at which rate; ``note_used`` writes the price down.

    The rate is not used after ``good_until``: a process that slept since it asked has an old one.
    """

    number: int
    sender: str
    rate: Rate
    note_used: NoteUsed
    good_until: datetime


class NotNow(Exception):
    """The payout cannot be sent now: frozen, blocked, over the day's cap, not ready, or not approved any more."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def claim_payout(
    postgres: Postgres, claim: Claim, rules: SendingRules, link: Link
) -> FollowedWithdrawal | NotNow:
    """Claim a payout, or write down why it waits. Once committed, only this sender may send it."""
    async with postgres.transaction() as transaction:
        try:
            return await claim_within(transaction, claim, rules, link)
        except NotNow as not_now:
            row = await find_row(transaction, claim.number)
            if row.state is State.APPROVED:
                await put_off(transaction, row, not_now.reason, rules.retry_seconds)
            return not_now


async def claim_within(
    transaction: Transaction, claim: Claim, rules: SendingRules, link: Link
) -> FollowedWithdrawal:
    """Claim a payout; raises ``NotNow`` having changed nothing, or ``NoSuchWithdrawal``.

    Under the house's lock: so no two payouts use up the same room of the day's cap, and each is before a freeze or
    after it.
    """
    await open_desk(transaction, link)
    row = await lock_row(transaction, claim.number)
    if row.state is not State.APPROVED:
        raise NotNow("not_approved")
    await _check_standing(transaction, row, rules)
    await _check_cap(transaction, row, rules)
    if datetime.now(UTC) > claim.good_until:
        raise NotNow("rate_unavailable")
    coin_amount = coins_for(row.krw_amount, claim.rate)
    if coin_amount < 1:
        raise NotNow("amount_too_small")
    values = (
        str(coin_amount),
        claim.rate.scale,
        claim.rate.krw_per_coin,
        claim.sender,
        rules.doubtful_seconds,
    )
    await transaction.execute(_CLAIM, claim.number, *values)
    await claim.note_used(transaction)
    return await find_row(transaction, claim.number)


async def take_over(
    postgres: Postgres, seen: FollowedWithdrawal, sender: str, rules: SendingRules, link: Link
) -> FollowedWithdrawal | None:
    """Become the sender of the very attempt that was seen, which the gateway has never heard of; None if not now.

    Only for gateways that pay one ``external_id`` once: who had it before may be about to send it still. The amount
    stays. The day's cap has it already, unless it is of another day.
    """
    async with postgres.transaction() as transaction:
        await open_desk(transaction, link)
        row = await lock_row(transaction, seen.number)
        if not is_same_attempt(row, seen) or row.sender != seen.sender or row.task_id is not None:
            return None
        try:
            await _check_standing(transaction, row, rules)
            await _check_cap(transaction, row, rules)
        except NotNow as not_now:
            await put_off(transaction, row, not_now.reason, rules.retry_seconds)
            return None
        await transaction.execute(_TAKE_OVER, row.number, sender, rules.doubtful_seconds)
        return await find_row(transaction, row.number)


async def give_back(
    postgres: Postgres, claimed: FollowedWithdrawal, reason: str, seconds: float, link: Link
) -> FollowedWithdrawal | None:
    """Say that an attempt was certainly never taken, as only its one sender can: it may be sent anew, under another name.

    None where it is not this sender's any more. May be repeated.
    """
    async with postgres.transaction() as transaction:
        await open_desk(transaction, link)
        row = await lock_row(transaction, claimed.number)
        if not is_same_attempt(row, claimed) or row.sender != claimed.sender:
            return None
        await return_to_approved(transaction, row.number, reason, seconds)
        return await find_row(transaction, row.number)


async def return_to_approved(transaction: Transaction, number: int, reason: str, seconds: float) -> None:
    """Let a locked withdrawal be sent anew: the amount is fixed again then, and the attempt another one."""
    assert await transaction.execute(_GIVE_BACK, number, reason, seconds) == 1, "the withdrawal is locked"


def is_same_attempt(row: FollowedWithdrawal, seen: FollowedWithdrawal) -> bool:
    """Say whether it is still not known what became of the attempt that was seen."""
    return row.attempt == seen.attempt and row.state in (State.SENDING, State.DOUBTFUL)


async def _check_standing(transaction: Transaction, row: FollowedWithdrawal, rules: SendingRules) -> None:
    if not row.is_ready:
        raise NotNow("not_ready")
    if not row.is_held:
        raise NotNow("not_held")
    trouble = await why_not(transaction, row.user_id, blocked_users=rules.blocked_users)
    if trouble is not None:
        raise NotNow(trouble)


async def _check_cap(transaction: Transaction, row: FollowedWithdrawal, rules: SendingRules) -> None:
    sent = await sent_today(transaction, row.coin, rules.time_zone, but=row.number)
    if sent + row.krw_amount > rules.hot_wallet_daily:
        raise NotNow("hot_wallet_cap")
