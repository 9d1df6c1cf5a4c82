"""Give the money of a withdrawal back that is not sent."""

from typing import Any, Final

from cardroom.service.postgres import Postgres
from wallet_worker.rules.accounts import pending_of, wallet_of
from wallet_worker.rules.withdrawal import release_withdrawal
from wallet_worker.store.house_transfer import HouseDesk, KeyedRequest, open_desk
from wallet_worker.store.outside_payments import add_step, lock_withdrawal, mark_released
from wallet_worker.store.seal_batch import Link

_SCOPE: Final = "withdrawal_release"


async def release_held(postgres: Postgres, number: int, reason: str, link: Link) -> dict[str, Any]:
    """Release a withdrawal, once: a repeat gets the first answer, whatever its reason.

    A frozen player's money comes back too. Raises ``NoSuchWithdrawal``, or ``WithdrawalEnded`` where it was paid.
    """
    async with postgres.transaction() as transaction:
        return await release_within(await open_desk(transaction, link), number, reason)


async def release_within(desk: HouseDesk, number: int, reason: str) -> dict[str, Any]:
    """Release a withdrawal beside what else its transaction writes; see ``release_held``."""
    request = KeyedRequest(_SCOPE, str(number), "")
    known = await desk.find_answer(request)
    if known is not None:
        return known
    withdrawal = await lock_withdrawal(desk.transaction, number)
    transfer = release_withdrawal(withdrawal)
    books = await desk.load([pending_of(withdrawal.user_id), wallet_of(withdrawal.user_id)])
    (posted,) = await desk.post(books, [transfer], reason)
    await mark_released(desk.transaction, number)
    await add_step(desk.transaction, number, "released", posted.transfer_id)
    answer = {"withdrawal": number, "transfer": posted.transfer_id, "krw_amount": withdrawal.amount}
    return await desk.keep_answer(request, posted.transfer_id, answer)
