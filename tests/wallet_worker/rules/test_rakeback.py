"""Rakeback of a week."""

from datetime import date

import pytest

from cardroom.ids import UserId
from cardroom.money import Krw
from wallet_worker.rules.accounts import RAKEBACK, wallet_of
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.rakeback import Rakeback, give_rakeback

MONDAY = date(2026, 11, 23)


def test_the_house_gives_to_the_wallet() -> None:
    transfer = give_rakeback(Rakeback(UserId(1), MONDAY, Krw(5)), is_everything_frozen=False)
    moved = [(posting.account, posting.amount) for posting in transfer.postings]
    assert moved == [(RAKEBACK, -5), (wallet_of(UserId(1)), 5)]


@pytest.mark.parametrize(
    ("amount", "is_frozen", "denial"),
    [
        (5, True, Denial.FROZEN),
        (0, False, Denial.AMOUNT_TOO_SMALL),
        (-1, False, Denial.AMOUNT_TOO_SMALL),
        (10**15 + 1, False, Denial.AMOUNT_TOO_LARGE),
    ],
)
def test_what_is_denied(amount: int, is_frozen: bool, denial: Denial) -> None:
    with pytest.raises(Denied) as denied:
        give_rakeback(Rakeback(UserId(1), MONDAY, Krw(amount)), is_everything_frozen=is_frozen)
    assert denied.value.denial is denial


def test_a_week_begins_on_monday() -> None:
    with pytest.raises(AssertionError):
        Rakeback(UserId(1), date(2026, 11, 24), Krw(5))
