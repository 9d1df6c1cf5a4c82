"""Money that comes in by a coin."""

from attrs import frozen

from cardroom.ids import UserId
from wallet_worker.rules.coins import Rate, krw_of
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.transfers import MAX_AMOUNT, Transfer, deposit_transfer


@frozen
class Deposit:
    """One output of a transaction that has enough confirmations, and whose it is.

    ``coin_amount`` is in the coin's smallest units; ``tx_hash`` is written as ``read_tx_hash`` gives it.
    """

    user_id: UserId
    coin: str
    coin_amount: int
    tx_hash: str
    output_number: int
    address: str
    rate: Rate


def credit_deposit(deposit: Deposit) -> Transfer:
    """Give the transfer of a deposit: its worth, rounded down to whole won.

    Nobody is too frozen for it: the money has come. Denied: amount too small (worth less than a won) or too
    large.
    """
    amount = krw_of(deposit.coin_amount, deposit.rate)
    if amount < 1:
        raise Denied(Denial.AMOUNT_TOO_SMALL)
    if amount > MAX_AMOUNT:
        raise Denied(Denial.AMOUNT_TOO_LARGE)
    return deposit_transfer(deposit.user_id, deposit.coin, amount)
