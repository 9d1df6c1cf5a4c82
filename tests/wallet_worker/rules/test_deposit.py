"""A deposit is worth whole won, from one to the most that one amount may be."""

import pytest

from cardroom.ids import UserId
from wallet_worker.rules.accounts import deposit_clearing_of, wallet_of
from wallet_worker.rules.coins import Rate
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.deposit import Deposit, credit_deposit
from wallet_worker.rules.transfers import MAX_AMOUNT, TransferKind

USER = UserId(7)


def deposit(coin_amount: int, rate: Rate) -> Deposit:
    return Deposit(USER, "BTC", coin_amount, "a" * 64, 0, "bc1q", rate)


def test_its_worth_comes_from_the_coin_to_the_wallet() -> None:
    transfer = credit_deposit(deposit(199_999_999, Rate(1, 8)))
    assert transfer.kind is TransferKind.CRYPTO_DEPOSIT
    moved = [(posting.account, posting.amount) for posting in transfer.postings]
    assert moved == [(deposit_clearing_of("BTC"), -1), (wallet_of(USER), 1)]


def test_the_most_and_the_least() -> None:
    assert credit_deposit(deposit(MAX_AMOUNT, Rate(1, 0))).postings[1].amount == MAX_AMOUNT
    for amount, denial in ((MAX_AMOUNT + 1, Denial.AMOUNT_TOO_LARGE), (0, Denial.AMOUNT_TOO_SMALL)):
        with pytest.raises(Denied) as denied:
            credit_deposit(deposit(amount, Rate(1, 0)))
        assert denied.value.denial is denial
