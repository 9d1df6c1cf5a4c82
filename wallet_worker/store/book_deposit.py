"""Credit a deposit to a wallet, once for ever per output of a transaction."""

from typing import Any, Final

from cardroom.service.postgres import Postgres
from wallet_worker.rules.accounts import deposit_clearing_of, wallet_of
from wallet_worker.rules.deposit import Deposit, credit_deposit
from wallet_worker.rules.sealed_facts import deposit_facts
from wallet_worker.store.house_transfer import KeyedRequest, open_desk
from wallet_worker.store.outside_payments import add_deposit, add_step
from wallet_worker.store.seal_batch import Link

_SCOPE: Final = "crypto_deposit"


async def book_deposit(postgres: Postgres, deposit: Deposit, link: Link) -> dict[str, Any]:
    """Credit a deposit; a repeat of the same coin, transaction and output gets the first answer.

    The rate is none of what makes it the same: a gateway tells of one payment many times, and only the first rate
    counts. Raises ``KeyReused`` where user, amount or address is another than the first time (somebody must look),
    ``NoSuchPlayer``, or ``Denied`` (worth less than a won, or too large).
    """
    key = f"{deposit.coin}:{deposit.tx_hash}:{deposit.output_number}"
    body = f"{deposit.user_id}|{deposit.coin_amount}|{deposit.rate.scale}|{deposit.address}"
    request = KeyedRequest(_SCOPE, key, body)
    async with postgres.transaction() as transaction:
        desk = await open_desk(transaction, link)
        known = await desk.find_answer(request)
        if known is not None:
            return known
        await desk.find_player(deposit.user_id)
        transfer = credit_deposit(deposit)
        books = await desk.load([deposit_clearing_of(deposit.coin), wallet_of(deposit.user_id)])
        (posted,) = await desk.post(books, [transfer], deposit_facts(deposit))
        amount = transfer.postings[-1].amount
        number = await add_deposit(transaction, deposit, amount)
        await add_step(transaction, number, "credited", posted.transfer_id)
        answer = {
            "payment": number,
            "transfer": posted.transfer_id,
            "user_id": deposit.user_id,
            "krw_amount": amount,
        }
        return await desk.keep_answer(request, posted.transfer_id, answer)
