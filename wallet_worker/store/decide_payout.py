"""What administrators say of a payout that nothing else decides. Parts of an order's transaction."""

from typing import Final

from attrs import frozen

from cardroom.service.postgres import Transaction
from wallet_worker.rules.withdrawal import PayoutDiffers
from wallet_worker.rules.withdrawal_steps import Order, may_order, words_needed
from wallet_worker.store.claim_payout import return_to_approved
from wallet_worker.store.end_payout import confirm_locked, fail_locked
from wallet_worker.store.house_transfer import open_desk
from wallet_worker.store.seal_batch import Link
from wallet_worker.store.vote_withdrawal import OwnVote, StepNotAllowed
from wallet_worker.store.withdrawal_rows import FollowedWithdrawal, find_row, lock_row

_ADD_WORD: Final = """
INSERT INTO not_paid_word (payment_id, attempt, doubt, admin, sends_again, reason) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
"""

COUNT_WORDS: Final = """
SELECT count(*) AS words FROM not_paid_word
WHERE payment_id = $1 AND attempt = $2 AND doubt = $3 AND sends_again = $4
"""


class TooEarly(Exception):
    """The payout may still be about to be sent: nobody can say yet that it was not."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"in {seconds:.0f} s")
        self.seconds = seconds


@frozen
class PaidWord:
    """An administrator says that a payout was sent, and how much by which transaction (in smallest units)."""

    number: int
    coin_amount: int
    tx_hash: str
    is_manual: bool


@frozen
class NotPaidWord:
    """An administrator says that a payout was not sent; then it is sent anew, or its money given back."""

    number: int
    admin: str
    reason: str
    sends_again: bool
    is_manual: bool
    person_seconds: float


async def paid_within(transaction: Transaction, word: PaidWord, link: Link) -> FollowedWithdrawal:
    """Book a payout that an administrator has seen on the chain. One is enough: it sends nothing.

    Raises ``NoSuchWithdrawal``, ``StepNotAllowed``, ``PayoutDiffers`` (another amount), ``KeyReused`` (another
    withdrawal was paid by it).
    """
    desk = await open_desk(transaction, link)
    row = await lock_row(transaction, word.number)
    if not may_order(Order.PAID, row.state, is_manual=word.is_manual):
        raise StepNotAllowed(row.state)
    if word.coin_amount != row.coin_amount:
        raise PayoutDiffers
    await confirm_locked(desk, row, word.tx_hash)
    return await find_row(transaction, word.number)


async def not_paid_within(transaction: Transaction, word: NotPaidWord, link: Link) -> FollowedWithdrawal:
    """Write that a payout was not sent; when enough have said the same, it is sent anew or its money given back.

    Who took a manual payout is enough for it, otherwise two: coins that were sent after all would be sent twice, or be
    lost. A word is about the doubt that stands: one from before the attempt went on counts no longer. Who has said one
    thing may say the other, too, so that two can always agree. Raises ``NoSuchWithdrawal``, ``StepNotAllowed``, ``OwnVote``, or ``TooEarly``, while a gateway's payout is younger
    than ``person_seconds``.
    """
    desk = await open_desk(transaction, link)
    row = await lock_row(transaction, word.number)
    if not may_order(Order.NOT_PAID, row.state, is_manual=word.is_manual):
        raise StepNotAllowed(row.state)
    if not word.is_manual and row.sending_seconds < word.person_seconds:
        raise TooEarly(word.person_seconds - row.sending_seconds)
    values = (word.number, row.attempt, row.doubts, word.admin, word.sends_again, word.reason)
    if await transaction.execute(_ADD_WORD, *values) == 0:
        raise OwnVote
    said = await transaction.fetch_one(COUNT_WORDS, word.number, row.attempt, row.doubts, word.sends_again)
    assert said is not None, "a count always gives a row"
    if said["words"] >= words_needed(row.state, word.admin, row.sender):
        if word.sends_again:
            await return_to_approved(transaction, word.number, "not_paid", 0.0)
        else:
            await fail_locked(desk, row, "not_paid")
    return await find_row(transaction, word.number)
