"""Give the money of a withdrawal back that is not sent."""

from typing import Any, Final

from cardroom.service.postgres import Postgres
from wallet_worker.rules.accounts import pending_of, wallet_of
from wallet_worker.rules.withdrawal import release_withdrawal
from wallet_worker.store.house_transfer import KeyedRequest, open_desk
from wallet_worker.store.outside_payments import add_step, lock_withdrawal, mark_released
from wallet_worker.store.seal_batch import Link

_SCOPE: Final = "withdrawal_release"


async def release_held(postgres: Postgres, number: int, reason: str, link: Link) -> dict[str, Any]:
    """Release a withdrawal, once: a repeat gets the first answer, whatever its reason.

    A frozen player's money comes back too. Raises ``NoSuchWithdrawal``, or ``WithdrawalEnded`` where it was paid.
    """
    request = KeyedRequest(_SCOPE, str(number), "")
    async with postgres.transaction() as transaction:
        desk = await open_desk(transaction, link)
        known = await desk.find_answer(request)
        if known is not None:
            return known
        withdrawal = await lock_withdrawal(transaction, number)
        transfer = release_withdrawal(withdrawal)
        books = await desk.load([pending_of(withdrawal.user_id), wallet_of(withdrawal.user_id)])
        (posted,) = await desk.post(books, [transfer], reason)
        await mark_released(transaction, number)
        await add_step(transaction, number, "released", posted.transfer_id)
        answer = {"withdrawal": number, "transfer": posted.transfer_id, "krw_amount": withdrawal.amount}
        return await desk.keep_answer(request, posted.transfer_id, answer)
