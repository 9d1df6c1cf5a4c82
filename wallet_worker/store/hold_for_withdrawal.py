"""Take the amount of a withdrawal out of the wallet, before anything is sent."""

from typing import Any, Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Postgres
from wallet_worker.rules.accounts import pending_of, wallet_of
from wallet_worker.rules.sealed_facts import hold_facts
from wallet_worker.rules.withdrawal import hold_withdrawal
from wallet_worker.store.house_transfer import HouseDesk, KeyedRequest, open_desk
from wallet_worker.store.outside_payments import add_step, add_withdrawal
from wallet_worker.store.seal_batch import Link

_SCOPE: Final = "withdrawal_hold"


@frozen
class WithdrawalRequest:
    """A player wants ``amount`` won sent to an address; ``key`` is the player's, up to 100 letters."""

    user_id: UserId
    coin: str
    address: str
    amount: Krw
    key: str


@frozen
class Held:
    """A withdrawal whose amount is held, and what the player has after it."""

    number: int
    transfer_id: int
    wallet: Krw
    pending: Krw


async def hold_for_withdrawal(postgres: Postgres, asked: WithdrawalRequest, link: Link) -> dict[str, Any]:
    """Hold, once per player and key: a repeat gets the first answer, whatever became of the withdrawal since.

    Raises ``KeyReused``, ``NoSuchPlayer``, or ``Denied`` (amount too small or too large, frozen, insufficient funds);
    what is denied is not stored, and may be asked again under the same key.
    """
    request = KeyedRequest(
        _SCOPE, f"{asked.user_id}:{asked.key}", f"{asked.coin}|{asked.amount}|{asked.address}"
    )
    async with postgres.transaction() as transaction:
        desk = await open_desk(transaction, link)
        known = await desk.find_answer(request)
        if known is not None:
            return known
        held = await hold_within(desk, asked)
        answer = {"withdrawal": held.number, "transfer": held.transfer_id, "krw_amount": asked.amount}
        return await desk.keep_answer(request, held.transfer_id, answer)


async def hold_within(desk: HouseDesk, asked: WithdrawalRequest) -> Held:
    """Hold beside what else its transaction writes; whoever calls knows that it is no repeat.

    Raises ``NoSuchPlayer`` or ``Denied``, as ``hold_for_withdrawal``.
    """
    player = await desk.find_player(asked.user_id)
    wallet, pending = wallet_of(asked.user_id), pending_of(asked.user_id)
    books = await desk.load([wallet, pending])
    books.players[asked.user_id] = player
    transfer = hold_withdrawal(books, asked.user_id, asked.amount)
    (posted,) = await desk.post(books, [transfer], hold_facts(asked.coin, asked.address))
    number = await add_withdrawal(desk.transaction, asked.user_id, asked.coin, asked.address, asked.amount)
    await add_step(desk.transaction, number, "held", posted.transfer_id)
    return Held(number, posted.transfer_id, books.balance(wallet), books.balance(pending))
