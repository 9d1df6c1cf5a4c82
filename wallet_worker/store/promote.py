"""Give money of the house to a player: a promotion, by the caller's key."""

from typing import Any, Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Postgres, Transaction
from wallet_worker.rules.accounts import PROMOTIONS, wallet_of
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.transfers import promotion_transfer
from wallet_worker.store.house_transfer import KeyedRequest, open_desk
from wallet_worker.store.seal_batch import Link

_SCOPE: Final = "promotion"


@frozen
class Promotion:
    """A gift of ``amount`` won, for a reason; ``key`` is the caller's and never used for another gift."""

    user_id: UserId
    amount: Krw
    reason: str
    key: str


async def promote(postgres: Postgres, promotion: Promotion, link: Link) -> dict[str, Any]:
    """Give, once per key: a repeat gets the first answer. Raises like ``promote_within``."""
    async with postgres.transaction() as transaction:
        return await promote_within(transaction, promotion, link)


async def promote_within(transaction: Transaction, promotion: Promotion, link: Link) -> dict[str, Any]:
    """Give as a part of a transaction that has not locked anything of the ledger yet.

    Raises ``KeyReused``, ``NoSuchPlayer``, or ``Denied`` where the player or everything is frozen.
    """
    body = f"{promotion.user_id}|{promotion.amount}|{promotion.reason}"
    request = KeyedRequest(_SCOPE, promotion.key, body)
    desk = await open_desk(transaction, link)
    known = await desk.find_answer(request)
    if known is not None:
        return known
    player = await desk.find_player(promotion.user_id)
    if player.is_frozen or await desk.is_everything_frozen():
        raise Denied(Denial.FROZEN)
    books = await desk.load([PROMOTIONS, wallet_of(promotion.user_id)])
    transfer = promotion_transfer(promotion.user_id, promotion.amount)
    (posted,) = await desk.post(books, [transfer], promotion.reason)
    answer = {
        "transfer": str(posted.command_id),
        "user_id": promotion.user_id,
        "amount": promotion.amount,
    }
    return await desk.keep_answer(request, posted.transfer_id, answer)
