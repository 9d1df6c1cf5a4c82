"""A withdrawal's money: held, then released or paid, and never both."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import UserId
from cardroom.money import Krw
from wallet_worker.rules.accounts import ROUNDING, pending_of, wallet_of, withdrawal_clearing_of
from wallet_worker.rules.books import Account, Books, Player
from wallet_worker.rules.coins import COINS, Rate, coins_for
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.transfers import Transfer, TransferKind
from wallet_worker.rules.withdrawal import (
    SMALLEST_WITHDRAWAL,
    Payout,
    PayoutDiffers,
    Withdrawal,
    WithdrawalEnded,
    WithdrawalStatus,
    hold_withdrawal,
    pay_withdrawal,
    release_withdrawal,
)

USER = UserId(7)
HELD = Withdrawal(USER, "BTC", Krw(30_001), WithdrawalStatus.HELD)
RATE = Rate(150_000_000, 8)


def books_of(wallet: int, *, is_frozen: bool = False, is_self_excluded: bool = False) -> Books:
    books = Books()
    books.accounts[wallet_of(USER)] = Account(1, Krw(wallet))
    books.players[USER] = Player(is_frozen, is_self_excluded)
    return books


def moved(*transfers: Transfer) -> list[tuple[object, int]]:
    return [(posting.account, posting.amount) for one in transfers for posting in one.postings]


def test_the_smallest_withdrawal_is_that_of_the_rule() -> None:
    assert SMALLEST_WITHDRAWAL == 10_000
    transfer = hold_withdrawal(books_of(10_000, is_self_excluded=True), USER, Krw(10_000))
    assert moved(transfer) == [(wallet_of(USER), -10_000), (pending_of(USER), 10_000)]


@pytest.mark.parametrize(
    ("books", "amount", "denial"),
    [
        (books_of(10**9), 9_999, Denial.AMOUNT_TOO_SMALL),
        (books_of(10**9), 10**15 + 1, Denial.AMOUNT_TOO_LARGE),
        (books_of(10**9, is_frozen=True), 10_000, Denial.FROZEN),
        (books_of(9_999), 10_000, Denial.INSUFFICIENT_FUNDS),
    ],
)
def test_what_is_denied(books: Books, amount: int, denial: Denial) -> None:
    with pytest.raises(Denied) as denied:
        hold_withdrawal(books, USER, Krw(amount))
    assert denied.value.denial is denial


def test_a_release_is_the_way_back() -> None:
    assert moved(release_withdrawal(HELD)) == [(pending_of(USER), -30_001), (wallet_of(USER), 30_001)]


def test_a_payment_leaves_the_rest_of_its_rounding_in_the_house() -> None:
    transfers = pay_withdrawal(HELD, Payout(20_000, "a" * 64, RATE))
    assert [one.kind for one in transfers] == [TransferKind.CRYPTO_WITHDRAWAL, TransferKind.ROUNDING]
    assert moved(*transfers) == [
        (pending_of(USER), -30_000), (withdrawal_clearing_of("BTC"), 30_000),
        (pending_of(USER), -1), (ROUNDING, 1),
    ]  # fmt: skip


@given(st.integers(10_000, 10**13), st.integers(1, 10**9), st.sampled_from(sorted(COINS.values())))
def test_a_payment_takes_all_that_was_held(amount: int, krw_per_coin: int, scale: int) -> None:
    rate = Rate(krw_per_coin, scale)
    coins = coins_for(Krw(amount), rate)
    payout = Payout(coins, "a" * 64, rate)
    taken = -sum(
        change
        for account, change in moved(*pay_withdrawal(evolve(HELD, amount=Krw(amount)), payout))
        if account == pending_of(USER)
    )
    assert taken == amount


@pytest.mark.parametrize("coins", [0, 1, 19_999, 20_001])
def test_other_coins_than_the_won_buy_are_refused(coins: int) -> None:
    with pytest.raises(PayoutDiffers):
        pay_withdrawal(HELD, Payout(coins, "a" * 64, RATE))


@pytest.mark.parametrize("status", [WithdrawalStatus.PAID, WithdrawalStatus.RELEASED])
def test_what_has_ended_does_not_end_again(status: WithdrawalStatus) -> None:
    ended = evolve(HELD, status=status)
    with pytest.raises(WithdrawalEnded):
        release_withdrawal(ended)
    with pytest.raises(WithdrawalEnded):
        pay_withdrawal(ended, Payout(20_000, "a" * 64, RATE))
