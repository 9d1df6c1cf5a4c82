"""Book a withdrawal that was sent; the transaction of the chain is known for ever."""

from typing import Any, Final

from cardroom.service.postgres import Postgres
from wallet_worker.rules.accounts import ROUNDING, pending_of, withdrawal_clearing_of
from wallet_worker.rules.sealed_facts import payout_facts
from wallet_worker.rules.withdrawal import Payout, pay_withdrawal
from wallet_worker.store.house_transfer import HouseDesk, KeyedRequest, open_desk
from wallet_worker.store.outside_payments import add_step, lock_withdrawal, mark_paid
from wallet_worker.store.seal_batch import Link

_SCOPE: Final = "crypto_withdrawal"
_STEPS: Final = ("paid", "rounding")

# None where the withdrawal is older than the rows that follow them.
_CONFIRM: Final = """
UPDATE withdrawal SET state = 'confirmed', reason = NULL, tx_hash = $2, ended_at = statement_timestamp()
WHERE payment_id = $1
"""


async def book_payout(postgres: Postgres, number: int, payout: Payout, link: Link) -> dict[str, Any]:
    """Book what was sent, once per coin and transaction: a repeat gets the first answer.

    A withdrawal whose way is followed in ``withdrawal`` is confirmed by the same transaction. Freezing stops nobody
    here: the coins are gone. Raises ``NoSuchWithdrawal``; and, where somebody must look at once,
    ``KeyReused`` (the transaction was booked for another withdrawal or amount), ``WithdrawalEnded`` (the money was
    released, or another transaction paid it) or ``PayoutDiffers``.
    """
    async with postgres.transaction() as transaction:
        return await book_payout_within(await open_desk(transaction, link), number, payout)


async def book_payout_within(desk: HouseDesk, number: int, payout: Payout) -> dict[str, Any]:
    """Book what was sent beside what else the transaction writes; see ``book_payout``."""
    rate, transaction = payout.rate, desk.transaction
    body = f"{number}|{payout.coin_amount}|{rate.krw_per_coin}|{rate.scale}"
    withdrawal = await lock_withdrawal(transaction, number)
    request = KeyedRequest(_SCOPE, f"{withdrawal.coin}:{payout.tx_hash}", body)
    known = await desk.find_answer(request)
    if known is not None:
        return known
    transfers = pay_withdrawal(withdrawal, payout)
    keys = [pending_of(withdrawal.user_id), withdrawal_clearing_of(withdrawal.coin), ROUNDING]
    facts = payout_facts(withdrawal.coin, payout)
    posted = await desk.post(await desk.load(keys), transfers, facts)
    await mark_paid(transaction, number, payout)
    for step, one in zip(_STEPS, posted, strict=False):
        await add_step(transaction, number, step, one.transfer_id)
    await transaction.execute(_CONFIRM, number, payout.tx_hash)
    answer = {"withdrawal": number, "transfer": posted[0].transfer_id, "krw_amount": withdrawal.amount}
    return await desk.keep_answer(request, posted[0].transfer_id, answer)
