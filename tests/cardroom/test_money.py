"""Won are whole and none gets lost in a division."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.money import BasisPoints, Krw, format_krw, share_down, split_by_largest_remainder, split_evenly

AMOUNTS = st.integers(0, 10**13).map(Krw)


@pytest.mark.parametrize(
    ("amount", "text"), [(10_000, "₩10,000"), (0, "₩0"), (-500, "-₩500"), (1_234_567, "₩1,234,567")]
)
def test_amounts_are_written_as_people_read_them(amount: int, text: str) -> None:
    assert format_krw(Krw(amount)) == text


def test_a_share_is_rounded_down() -> None:
    assert share_down(Krw(61_000), BasisPoints(500)) == 3_050
    assert share_down(Krw(19), BasisPoints(500)) == 0


def test_odd_won_go_one_each_to_the_first() -> None:
    assert split_evenly(Krw(100_001), 3) == (33_334, 33_334, 33_333)


def test_rule_40_largest_remainder_with_ties_to_the_first() -> None:
    assert split_by_largest_remainder(Krw(100), (1, 1, 1)) == (34, 33, 33)


def test_nothing_is_split_into_nothings() -> None:
    assert split_by_largest_remainder(Krw(0), (0, 0)) == (0, 0)


@pytest.mark.parametrize("wrong", [lambda: split_evenly(Krw(-1), 2), lambda: split_evenly(Krw(1), 0)])
def test_a_split_of_a_debt_or_among_nobody_is_our_mistake(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(AssertionError):
        wrong()


@given(AMOUNTS, st.integers(1, 10))
def test_even_parts_sum_exactly_and_differ_by_one_at_most(amount: Krw, parts: int) -> None:
    split = split_evenly(amount, parts)
    assert sum(split) == amount
    assert max(split) - min(split) <= 1


@given(AMOUNTS, st.lists(st.integers(0, 10**12), min_size=1, max_size=10).filter(any))
def test_proportional_parts_sum_exactly_and_are_fair(amount: Krw, weights: list[int]) -> None:
    split = split_by_largest_remainder(amount, weights)
    assert sum(split) == amount
    for part, weight in zip(split, weights, strict=True):
        assert amount * weight // sum(weights) <= part <= amount * weight // sum(weights) + 1
