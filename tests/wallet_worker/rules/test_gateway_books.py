"""What should be at a gateway, and what of a difference is explained."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_worker.rules.gateway_books import (
    CoinBooks,
    Comparison,
    unexplained,
    write_signed,
)

AMOUNTS = st.integers(0, 10**30)
BOOKS = CoinBooks("BTC", 8, credited=1000, paid=300, held=20, uncredited=7, arriving=50, on_the_way=100)


def test_what_is_expected() -> None:
    assert BOOKS.expected == 1000 - 300 + 20 + 7


@pytest.mark.parametrize(
    ("found", "difference", "left"),
    [
        (727, 0, 0),
        (777, 50, 0),
        (778, 51, 1),
        (627, -100, 0),
        (626, -101, -1),
        (0, -727, -627),
    ],
)
def test_what_of_a_difference_is_explained(found: int, difference: int, left: int) -> None:
    compared = Comparison(BOOKS, found)
    assert (compared.difference, compared.unexplained) == (difference, left)


def test_nobody_can_say() -> None:
    compared = Comparison(BOOKS, None, "away")
    assert (compared.difference, compared.unexplained) == (None, None)


@given(st.integers(-(10**30), 10**30), AMOUNTS, AMOUNTS)
def test_what_explains_everything_leaves_nothing(difference: int, arriving: int, on_the_way: int) -> None:
    left = unexplained(difference, arriving, on_the_way)
    assert -on_the_way <= difference - left <= arriving
    assert (left == 0) == (-on_the_way <= difference <= arriving)
    assert left * difference >= 0


@given(st.integers(-(10**30), 10**30), st.integers(0, 18))
def test_amounts_are_written_exactly(amount: int, scale: int) -> None:
    text = write_signed(amount, scale)
    assert text.startswith("-") == (amount < 0)
    assert int(text.replace(".", "")) == amount
