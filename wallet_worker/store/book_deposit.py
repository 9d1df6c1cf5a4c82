"""Credit a deposit to a wallet, once for ever per output of a transaction; or hold it, over a player's limit."""

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres
from cardroom.service.protection import ProtectionSettings
from cardroom.wire.refusals import Refusal
from wallet_worker.rules.deposit import Deposit, credit_deposit
from wallet_worker.store.deposit_room import deposit_room
from wallet_worker.store.held_deposits import find_held, hold_deposit
from wallet_worker.store.house_transfer import Answer, HouseDesk, KeyReused, open_desk
from wallet_worker.store.post_deposit import post_deposit, request_of
from wallet_worker.store.seal_batch import Link


async def book_deposit(
    postgres: Postgres, deposit: Deposit, link: Link, protection: ProtectionSettings | None = None
) -> Answer:
    """Credit a deposit; a repeat of the same coin, transaction and output gets the first answer.

    The rate is none of what makes it the same: a gateway tells of one payment many times, and only the first rate
    counts. Coins cannot be refused: what is over the player's limit is held, and the answer says why under ``held``.
    Raises ``KeyReused`` where user, amount or address is another than the first time (somebody must look),
    ``NoSuchPlayer``, or ``Denied`` (worth less than a won, or too large).
    """
    async with postgres.transaction() as transaction:
        desk = await open_desk(transaction, link)
        return await book_deposit_within(desk, deposit, protection or ProtectionSettings())


async def book_deposit_within(desk: HouseDesk, deposit: Deposit, protection: ProtectionSettings) -> Answer:
    """Do the same under the house's lock, as the only thing that the desk posts."""
    transaction = desk.transaction
    known = await desk.find_answer(request_of(deposit))
    if known is not None:
        return known
    held = await find_held(transaction, deposit)
    if held is not None:
        if request_of(deposit) != request_of(held.deposit):
            raise KeyReused
        return _held(held.number, deposit.user_id, held.krw_amount)
    await desk.find_player(deposit.user_id)
    amount = credit_deposit(deposit).postings[-1].amount
    room = await deposit_room(transaction, deposit.user_id, protection)
    if room is not None and amount > room:
        return _held(await hold_deposit(transaction, deposit, amount), deposit.user_id, amount)
    return await post_deposit(desk, deposit)


def _held(number: int, user_id: UserId, amount: int) -> Answer:
    held = {"held_deposit": number, "user_id": user_id, "krw_amount": amount}
    return held | {"held": Refusal.DEPOSIT_LIMIT.value}
