"""Who may approve what, and until when."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from cardroom.ids import UserId
from cardroom.money import Krw
from wallet_worker.rules.accounts import PROMOTIONS, wallet_of
from wallet_worker.rules.adjustment import (
    Adjustment,
    AdjustmentState,
    AlreadyDecided,
    OwnProposal,
    approve_adjustment,
)
from wallet_worker.rules.books import Account, Books
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.transfers import Transfer

END = datetime(2026, 11, 25, tzinfo=UTC)
BEFORE = END - timedelta(microseconds=1)
PROPOSED = Adjustment(wallet_of(UserId(1)), PROMOTIONS, Krw(100), "kim", END, AdjustmentState.PROPOSED)


def approve(
    adjustment: Adjustment = PROPOSED, by: str = "lee", now: datetime = BEFORE, wallet: int = 100,
    is_everything_frozen: bool = False, held: int = 0,
) -> Transfer:  # fmt: skip
    books = Books()
    books.accounts[wallet_of(UserId(1))] = Account(1, Krw(wallet))
    return approve_adjustment(
        books, adjustment, by, now, is_everything_frozen=is_everything_frozen, held=Krw(held)
    )


def test_another_approves_and_the_debit_gives() -> None:
    moved = [(posting.account, posting.amount) for posting in approve().postings]
    assert moved == [(wallet_of(UserId(1)), -100), (PROMOTIONS, 100)]


def test_the_maker_does_not_approve() -> None:
    with pytest.raises(OwnProposal):
        approve(by="kim")


def test_players_never_go_below_zero_but_the_house_may() -> None:
    with pytest.raises(Denied) as denied:
        approve(wallet=99)
    assert denied.value.denial is Denial.INSUFFICIENT_FUNDS
    approve(evolve(PROPOSED, debit=PROMOTIONS, credit=wallet_of(UserId(1))), wallet=0)


def test_what_is_held_for_withdrawals_is_not_taken() -> None:
    with pytest.raises(Denied) as denied:
        approve(wallet=150, held=51)
    assert denied.value.denial is Denial.INSUFFICIENT_FUNDS
    approve(wallet=150, held=50)


def test_nothing_is_adjusted_while_everything_is_frozen() -> None:
    with pytest.raises(Denied) as denied:
        approve(is_everything_frozen=True)
    assert denied.value.denial is Denial.FROZEN


@pytest.mark.parametrize("state", [AdjustmentState.APPROVED, AdjustmentState.REJECTED])
def test_a_decision_stays(state: AdjustmentState) -> None:
    with pytest.raises(AlreadyDecided) as decided:
        approve(evolve(PROPOSED, state=state), now=END)
    assert decided.value.state is state


def test_a_proposal_ends_at_its_time() -> None:
    with pytest.raises(AlreadyDecided) as decided:
        approve(now=END)
    assert decided.value.state is AdjustmentState.EXPIRED
