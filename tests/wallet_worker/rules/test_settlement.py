import pytest
from attrs import evolve

from cardroom.ids import TableId
from cardroom.money import Krw
from tests.wallet_worker.rules.tables import ANN, BOB, CYD, FIRST, SHARD, TABLE, finished, nets_of, open_books
from wallet_worker.rules.accounts import escrow_of
from wallet_worker.rules.books import FinishedHand
from wallet_worker.rules.denials import BooksDisagree, Denied, HandOutOfOrder, LastHand
from wallet_worker.rules.settlement import book_hand, is_balanced, settle_hand
from wallet_worker.rules.transfers import hand_transfer

HAND = finished((ANN, 0, -10), (BOB, 1, 7), rake=3)


def test_a_hand_follows_the_last_settled_one() -> None:
    books = open_books()
    assert settle_hand(books, SHARD, HAND) == hand_transfer(SHARD, nets_of(HAND), Krw(3))
    book_hand(books, HAND)
    assert books.tables[TABLE].last == LastHand(FIRST, 1)
    assert settle_hand(books, SHARD, finished((ANN, 0, 1), (BOB, 1, -1), number=2)).postings


@pytest.mark.parametrize(
    "hand", [evolve(HAND, hand_no=0), evolve(HAND, hand_no=2), evolve(HAND, previous=FIRST)]
)
def test_a_hand_that_does_not_follow_is_out_of_order(hand: FinishedHand) -> None:
    with pytest.raises(HandOutOfOrder) as order:
        settle_hand(open_books(), SHARD, hand)
    assert order.value.last == LastHand(None, 0)


@pytest.mark.parametrize("hand", [finished((ANN, 0, -1), (CYD, 2, 1)), finished((ANN, 1, -1), (BOB, 0, 1))])
def test_who_has_no_money_at_the_seat_did_not_play(hand: FinishedHand) -> None:
    with pytest.raises(BooksDisagree):
        settle_hand(open_books(), SHARD, hand)


def test_an_empty_seat_wins_nothing() -> None:
    books = open_books()
    books.accounts[escrow_of(BOB, TABLE)].balance = Krw(0)
    with pytest.raises(BooksDisagree):
        settle_hand(books, SHARD, HAND)


def test_denied_hands() -> None:
    books = open_books()
    for wrong in (
        finished((ANN, 0, -1)), finished(), evolve(HAND, rake=Krw(2)), evolve(HAND, results=HAND.results * 2)
    ):  # fmt: skip
        assert not is_balanced(wrong)
        with pytest.raises(Denied):
            settle_hand(books, SHARD, wrong)
    with pytest.raises(Denied, match="NO_SUCH_TABLE"):
        settle_hand(books, SHARD, evolve(HAND, table_id=TableId(8)))
    books.tables[TABLE].is_halted = True
    with pytest.raises(Denied, match="TABLE_HALTED"):
        settle_hand(books, SHARD, HAND)
