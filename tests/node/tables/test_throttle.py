"""A bucket of messages: a burst, then a rate, and no more however it is asked."""

from hypothesis import given
from hypothesis import strategies as st

from node.tables.throttle import Throttle


def test_a_burst_then_the_rate() -> None:
    throttle = Throttle(rate=2.0, burst=3, now=100.0)
    assert [throttle.allows(100.0) for _ in range(4)] == [True, True, True, False]
    assert [throttle.allows(100.5), throttle.allows(100.5)] == [True, False]
    assert [throttle.allows(1000.0) for _ in range(4)] == [True, True, True, False]


def test_who_waits_as_told_goes_at_the_rate() -> None:
    throttle = Throttle(rate=2.0, burst=2, now=100.0)
    assert [throttle.reserve(100.0) for _ in range(4)] == [0.0, 0.0, 0.5, 1.0]
    assert not throttle.allows(101.0)
    assert throttle.reserve(1000.0) == 0.0


def test_what_costs_more_is_not_done_for_less() -> None:
    throttle = Throttle(rate=2.0, burst=3, now=100.0)
    assert [throttle.allows(100.0, 2), throttle.allows(100.0, 2), throttle.allows(100.0)] == [
        True,
        False,
        True,
    ]
    assert [throttle.allows(100.5, 2), throttle.allows(101.0, 2)] == [False, True]


@given(st.lists(st.floats(0, 1), max_size=200))
def test_never_more_than_the_burst_and_the_rate(pauses: list[float]) -> None:
    throttle, now, allowed = Throttle(rate=5.0, burst=4, now=0.0), 0.0, 0
    for pause in pauses:
        now += pause
        allowed += throttle.allows(now)
    assert allowed <= 4 + now * 5.0 + 1e-6
