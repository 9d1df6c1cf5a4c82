"""Axes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.showing.scales import linear, logarithmic, span


def test_round_numbers() -> None:
    assert linear(233).ticks == (0, 100, 200, 300)
    assert linear(0.9).ticks == pytest.approx((0, 0.25, 0.5, 0.75, 1))
    assert linear(4).ticks == (0, 1, 2, 3, 4)


@given(st.floats(1e-6, 1e9))
def test_the_highest_number_has_its_place(highest: float) -> None:
    scale = linear(highest)
    assert scale.place(0) == 0
    assert 0 < scale.place(highest) <= 1 + 1e-9
    assert scale.place(scale.high) == pytest.approx(1)
    assert 2 <= len(scale.ticks) <= 6


def test_time_ends_where_the_run_ends() -> None:
    scale = span(0.0, 90.0)
    assert (scale.high, scale.ticks) == (90.0, (0, 25, 50, 75))
    assert scale.place(90.0) == 1
    assert span(0.0, 0.0).place(0.0) == 0


def test_decades() -> None:
    scale = logarithmic(0.4, 31.0)
    assert scale.ticks == pytest.approx((0.1, 1, 10, 100))
    assert [scale.place(number) for number in (0.1, 1, 10, 100)] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert logarithmic(1.0, 1.0).high == 10
