import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import UserId
from cardroom.money import Krw
from tests.wallet_worker.rules.tables import ANN, BOB, SHARD, TABLE
from wallet_worker.rules.accounts import PROMOTIONS, escrow_of, rake_of, wallet_of
from wallet_worker.rules.transfers import (
    Posting,
    Transfer,
    TransferKind,
    buy_in_transfer,
    cash_out_transfer,
    hand_transfer,
    promotion_transfer,
)


def test_money_goes_from_the_giver_to_the_taker() -> None:
    wallet, escrow = wallet_of(ANN), escrow_of(ANN, TABLE)
    minus, plus = Krw(-5), Krw(5)
    assert buy_in_transfer(ANN, TABLE, plus).postings == (Posting(wallet, minus), Posting(escrow, plus))
    assert cash_out_transfer(ANN, TABLE, plus).postings == (Posting(escrow, minus), Posting(wallet, plus))
    assert promotion_transfer(ANN, plus).postings == (Posting(PROMOTIONS, minus), Posting(wallet, plus))


def test_what_is_zero_is_no_posting() -> None:
    assert cash_out_transfer(ANN, TABLE, Krw(0)).postings == ()


def test_no_transfer_makes_money_or_names_an_account_twice() -> None:
    one, other = wallet_of(ANN), wallet_of(BOB)
    with pytest.raises(AssertionError, match="sums to zero"):
        Transfer(TransferKind.HAND, (Posting(one, Krw(1)), Posting(other, Krw(-2))))
    with pytest.raises(AssertionError, match="occurs once"):
        Transfer(TransferKind.HAND, (Posting(one, Krw(1)), Posting(one, Krw(-1))))
    with pytest.raises(AssertionError, match="from the giver"):
        buy_in_transfer(ANN, TABLE, Krw(-1))


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=9))
def test_a_hand_moves_its_nets_and_the_rake(nets: list[int]) -> None:
    won = [Posting(escrow_of(UserId(n), TABLE), Krw(net)) for n, net in enumerate(nets)]
    transfer = hand_transfer(SHARD, won, Krw(-sum(nets)))
    moved = {posting.account: posting.amount for posting in transfer.postings}
    assert moved.get(rake_of(SHARD), 0) == -sum(nets)
    assert all(moved.get(escrow_of(UserId(n), TABLE), 0) == net for n, net in enumerate(nets))
