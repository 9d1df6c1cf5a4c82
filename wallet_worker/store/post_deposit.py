"""Write a deposit into a wallet, under the house's lock."""

from typing import Final

from wallet_worker.rules.accounts import deposit_clearing_of, wallet_of
from wallet_worker.rules.deposit import Deposit, credit_deposit
from wallet_worker.rules.sealed_facts import deposit_facts
from wallet_worker.store.house_transfer import Answer, HouseDesk, KeyedRequest
from wallet_worker.store.outside_payments import add_deposit, add_step

_SCOPE: Final = "crypto_deposit"


def request_of(deposit: Deposit) -> KeyedRequest:
    """Give what a deposit is known by for ever, and what makes it this one and no other; the rate does not."""
    key = f"{deposit.coin}:{deposit.tx_hash}:{deposit.output_number}"
    body = f"{deposit.user_id}|{deposit.coin_amount}|{deposit.rate.scale}|{deposit.address}"
    return KeyedRequest(_SCOPE, key, body)


async def post_deposit(desk: HouseDesk, deposit: Deposit) -> Answer:
    """Credit a deposit; a repeat gets the first answer. Raises ``KeyReused`` or ``Denied``."""
    request = request_of(deposit)
    known = await desk.find_answer(request)
    if known is not None:
        return known
    transfer = credit_deposit(deposit)
    books = await desk.load([deposit_clearing_of(deposit.coin), wallet_of(deposit.user_id)])
    (posted,) = await desk.post(books, [transfer], deposit_facts(deposit))
    amount = transfer.postings[-1].amount
    number = await add_deposit(desk.transaction, deposit, amount)
    await add_step(desk.transaction, number, "credited", posted.transfer_id)
    answer = {
        "payment": number,
        "transfer": posted.transfer_id,
        "user_id": deposit.user_id,
        "krw_amount": amount,
    }
    return await desk.keep_answer(request, posted.transfer_id, answer)
