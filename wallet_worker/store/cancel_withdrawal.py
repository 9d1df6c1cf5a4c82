"""Let a player take a withdrawal back that is not being sent yet."""

from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres
from cardroom.wire.notices import WithdrawalState
from wallet_worker.rules.withdrawal_request import check_cancel
from wallet_worker.store.house_transfer import Answer, HouseDesk, KeyedRequest, open_desk
from wallet_worker.store.outside_payments import NoSuchWithdrawal
from wallet_worker.store.release_held import release_within
from wallet_worker.store.seal_batch import Link

_SCOPE: Final = "withdrawal_cancel"

# The house's lock comes first, as everywhere; who takes the withdrawal to send it locks this row.
_LOCK: Final = "SELECT coin, state FROM withdrawal WHERE payment_id = $1 AND user_id = $2 FOR UPDATE"

_CANCEL: Final = """
UPDATE withdrawal SET state = 'cancelled', ended_at = statement_timestamp()
WHERE payment_id = $1 AND state IN ('waiting', 'review', 'approved')
"""

_READ_WALLETS: Final = """
SELECT coalesce(sum(balance) FILTER (WHERE kind = 'wallet'), 0)::bigint AS wallet,
       coalesce(sum(balance) FILTER (WHERE kind = 'pending_withdrawal'), 0)::bigint AS pending
FROM account WHERE user_id = $1
"""


@frozen
class Cancelled:
    """The answer to a cancel, and of which coin the withdrawal was; ``is_new`` is false for a repeat."""

    answer: Answer
    coin: str
    is_new: bool


async def cancel_withdrawal(postgres: Postgres, user_id: UserId, number: int, link: Link) -> Cancelled:
    """End a withdrawal of this player and give its money back, once: a repeat gets the first answer.

    A frozen player may cancel, too. Raises ``NoSuchWithdrawal``, or ``CannotCancel`` where it is being sent, was sent
    or has ended in another way.
    """
    request = KeyedRequest(_SCOPE, str(number), "")
    async with postgres.transaction() as transaction:
        desk = await open_desk(transaction, link)
        row = await transaction.fetch_one(_LOCK, number, user_id)
        if row is None:
            raise NoSuchWithdrawal
        known = await desk.find_answer(request)
        if known is not None:
            return Cancelled(known, row["coin"], is_new=False)
        check_cancel(row["state"])
        return Cancelled(await _cancel(desk, request, user_id, number), row["coin"], is_new=True)


async def _cancel(desk: HouseDesk, request: KeyedRequest, user_id: UserId, number: int) -> Answer:
    released = await release_within(desk, number, "cancelled by the player")
    written = await desk.transaction.execute(_CANCEL, number)
    assert written == 1, "the withdrawal is locked and may be cancelled"
    have = await desk.transaction.fetch_one(_READ_WALLETS, user_id)
    assert have is not None, "sums always give a row"
    answer = {
        "withdrawal": number,
        "state": WithdrawalState.CANCELLED.value,
        "krw_amount": released["krw_amount"],
        "krw_balance": have["wallet"],
        "pending_withdrawal_krw": have["pending"],
    }
    return await desk.keep_answer(request, released["transfer"], answer)
