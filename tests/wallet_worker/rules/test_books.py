import pytest

from cardroom.ids import TableId
from cardroom.money import Krw
from tests.wallet_worker.rules.tables import ANN, BOB, SHARD, TABLE, finished, nets_of, open_books
from wallet_worker.rules.accounts import escrow_of, rake_of, wallet_of
from wallet_worker.rules.denials import BooksDisagree
from wallet_worker.rules.transfers import cash_out_transfer, hand_transfer, promotion_transfer


def test_a_transfer_changes_its_accounts_and_makes_missing_ones() -> None:
    books, hand = open_books(), finished((ANN, 0, -10), (BOB, 1, 7), rake=3)
    books.post(hand_transfer(SHARD, nets_of(hand), hand.rake))
    assert books.balance(escrow_of(ANN, TABLE)) == 90
    assert books.balance(escrow_of(BOB, TABLE)) == 107
    assert books.balance(rake_of(SHARD)) == 3


def test_money_that_is_not_there_changes_nothing() -> None:
    books = open_books()
    with pytest.raises(BooksDisagree):
        books.post(cash_out_transfer(ANN, TABLE, Krw(101)))
    assert (books.balance(escrow_of(ANN, TABLE)), books.balance(wallet_of(ANN))) == (100, 500)


def test_the_house_may_go_below_zero() -> None:
    books = open_books()
    books.post(promotion_transfer(ANN, Krw(1000)))
    assert books.balance(wallet_of(ANN)) == 1500


def test_only_escrow_with_money_in_it_lies_at_a_table() -> None:
    books = open_books()
    books.accounts[escrow_of(ANN, TABLE)].balance = Krw(0)
    assert [key.user_id for key, _ in books.escrow_at(TABLE)] == [BOB]
    assert list(books.escrow_at(TableId(8))) == []
