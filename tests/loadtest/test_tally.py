"""Percentiles and counts."""

import pytest

from cardroom.wire.refusals import Refusal
from loadtest.tally import Latencies, Tally


def test_percentiles_are_right_within_two_percent() -> None:
    latencies = Latencies()
    for milliseconds in range(1, 1001):
        latencies.add(milliseconds / 1000)
    assert latencies.percentile_ms(50) == pytest.approx(500, rel=0.02)
    assert latencies.percentile_ms(99) == pytest.approx(990, rel=0.02)
    assert latencies.percentile_ms(100) == pytest.approx(1000, rel=0.02)


def test_without_any_there_is_no_percentile() -> None:
    assert Latencies().as_json() == {"actions": 0, "p50_ms": None, "p95_ms": None, "p99_ms": None}


def test_one_slow_action_in_a_hundred_is_above_p99() -> None:
    latencies = Latencies()
    for _ in range(99):
        latencies.add(0.001)
    latencies.add(10.0)
    assert latencies.percentile_ms(99) == pytest.approx(1, rel=0.02)


def test_a_window_holds_what_came_since_the_last() -> None:
    tally = Tally()
    tally.acted(0.001)
    assert len(tally.close_window()) == 1
    tally.acted(0.001)
    tally.acted(0.001)
    assert len(tally.close_window()) == 2
    assert tally.as_json()["actions"] == 3


def test_refusals_and_faults_are_counted_by_name() -> None:
    tally = Tally()
    tally.refused(Refusal.TABLE_FULL)
    tally.broken("gap")
    tally.broken("gap")
    assert tally.as_json()["refusals"] == {"table_full": 1}
    assert tally.as_json()["protocol_errors"] == {"gap": 2}
