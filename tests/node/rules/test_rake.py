"""Rules 37 to 40."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.money import BasisPoints, Krw
from node.rules.rake import NO_RAKE, contributed_rake, rake_of, rake_rule, take_from_pots


@pytest.mark.parametrize(
    ("big_blind", "percent", "cap", "pot", "expected"),
    [
        (2_000, 5, 3, 119_999, 5_999),
        (2_000, 5, 3, 120_000, 6_000),
        (2_000, 5, 3, 10_000_000, 6_000),
        (10_000, 5, 4, 10_000_000, 40_000),
        (50_000, 4, 5, 100_000, 4_000),
        (50_000, 4, 5, 100_000_000, 250_000),
    ],
)
def test_rule_37_ratio_and_cap_of_the_stakes(
    big_blind: int, percent: int, cap: int, pot: int, expected: int
) -> None:
    rule = rake_rule(BasisPoints(percent * 100), cap, Krw(big_blind))
    assert rake_of(rule, Krw(pot), flop_was_dealt=True) == expected


def test_rule_38_no_flop_no_drop() -> None:
    rule = rake_rule(BasisPoints(500), 3, Krw(2_000))
    assert rake_of(rule, Krw(100_000), flop_was_dealt=False) == 0
    assert rake_of(NO_RAKE, Krw(100_000), flop_was_dealt=True) == 0


def test_rule_39_taken_in_proportion_remainder_from_the_main_pot() -> None:
    rule = rake_rule(BasisPoints(500), 3, Krw(2_000))
    assert rake_of(rule, Krw(61_000), flop_was_dealt=True) == 3_050
    assert take_from_pots(Krw(4_250), [Krw(40_004), Krw(44_997)]) == (2_001, 2_249)
    assert take_from_pots(Krw(100), [Krw(700), Krw(700), Krw(700)]) == (34, 33, 33)
    assert take_from_pots(Krw(0), []) == ()


def test_rule_39_a_main_pot_of_a_few_won_bears_no_more_than_it_holds() -> None:
    pots = [Krw(1), Krw(19), Krw(19), Krw(19), Krw(19)]
    assert take_from_pots(Krw(3), pots) == (1, 2, 0, 0, 0)


@given(pots=st.lists(st.integers(1, 10**9) | st.integers(1, 20), min_size=1, max_size=9), data=st.data())
def test_rule_39_no_pot_pays_more_than_it_holds_and_the_parts_are_the_rake(
    pots: list[int], data: st.DataObject
) -> None:
    rake = data.draw(st.integers(0, sum(pots) // 10))
    parts = take_from_pots(Krw(rake), [Krw(pot) for pot in pots])
    assert sum(parts) == rake
    assert all(0 <= part <= pot for part, pot in zip(parts, pots, strict=True))
    proportional = [rake * pot // sum(pots) for pot in pots]
    assert all(part >= fair for part, fair in zip(parts, proportional, strict=True))


def test_rule_40_parts_sum_exactly() -> None:
    assert contributed_rake(Krw(100), [Krw(7), Krw(7), Krw(7)]) == (34, 33, 33)
    shares = [Krw(30_000), Krw(30_000), Krw(10_001), Krw(15_000)]
    assert contributed_rake(Krw(4_250), shares) == (1_500, 1_500, 500, 750)
    assert contributed_rake(Krw(0), [Krw(0), Krw(5)]) == (0, 0)
