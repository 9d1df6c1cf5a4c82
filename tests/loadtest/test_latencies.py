"""Percentiles, and times of several processes together."""

import pytest

from loadtest.latencies import Latencies


def test_percentiles_are_right_within_two_percent() -> None:
    latencies = Latencies()
    for milliseconds in range(1, 1001):
        latencies.add(milliseconds / 1000)
    assert latencies.percentile_ms(50) == pytest.approx(500, rel=0.02)
    assert latencies.percentile_ms(99) == pytest.approx(990, rel=0.02)
    assert latencies.percentile_ms(100) == pytest.approx(1000, rel=0.02)


def test_without_any_there_is_no_percentile() -> None:
    nothing = dict.fromkeys(("p50", "p95", "p99", "p99_9", "max"))
    assert Latencies().as_json() == {"count": 0} | nothing


def test_one_slow_action_in_a_hundred_is_above_p99() -> None:
    latencies = Latencies()
    for _ in range(99):
        latencies.add(0.001)
    latencies.add(10.0)
    assert latencies.percentile_ms(99) == pytest.approx(1, rel=0.02)


def test_times_of_several_add_up_as_if_they_were_of_one() -> None:
    alone, first, second = Latencies(), Latencies(), Latencies()
    for milliseconds in range(1, 1001):
        alone.add(milliseconds / 1000)
        (first if milliseconds % 3 else second).add(milliseconds / 1000)
    first.add_all(Latencies.of_pairs(second.to_pairs()))
    assert first.as_json() == alone.as_json()
    assert first.as_histogram() == alone.as_histogram()


def test_a_histogram_has_the_upper_end_and_the_count_of_each_class() -> None:
    latencies = Latencies()
    for _ in range(3):
        latencies.add(0.002)
    latencies.add(0.5)
    (low, three), (high, one) = latencies.as_histogram()
    assert (three, one) == (3, 1)
    assert low == pytest.approx(2, rel=0.02)
    assert high == pytest.approx(500, rel=0.02)
    assert high > 500
