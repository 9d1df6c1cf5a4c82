"""Give a player's rakeback of a week, once."""

from typing import Any, Final

from cardroom.service.postgres import Postgres
from wallet_worker.rules.accounts import RAKEBACK, wallet_of
from wallet_worker.rules.rakeback import Rakeback, give_rakeback
from wallet_worker.store.house_transfer import KeyedRequest, open_desk
from wallet_worker.store.seal_batch import Link

_SCOPE: Final = "rakeback"


async def pay_rakeback(postgres: Postgres, rakeback: Rakeback, link: Link) -> dict[str, Any]:
    """Give, once per player and week: a repeat gets the first answer.

    Raises ``KeyReused`` where the week was paid with another amount, ``NoSuchPlayer``, or ``Denied`` (nothing to give,
    too much, or everything is frozen).
    """
    key = f"{rakeback.user_id}:{rakeback.monday.isoformat()}"
    request = KeyedRequest(_SCOPE, key, str(rakeback.amount))
    async with postgres.transaction() as transaction:
        desk = await open_desk(transaction, link)
        known = await desk.find_answer(request)
        if known is not None:
            return known
        await desk.find_player(rakeback.user_id)
        transfer = give_rakeback(rakeback, is_everything_frozen=await desk.is_everything_frozen())
        books = await desk.load([RAKEBACK, wallet_of(rakeback.user_id)])
        (posted,) = await desk.post(books, [transfer], f"week of {rakeback.monday.isoformat()}")
        answer = {
            "transfer": posted.transfer_id,
            "user_id": rakeback.user_id,
            "amount": rakeback.amount,
        }
        return await desk.keep_answer(request, posted.transfer_id, answer)
