"""Faults follow from a seed, and all kinds come."""

import pytest

from tests.chaos.faults import ONLY_REPLICATED, ONLY_SINGLE, Kind, plan_faults


def test_the_same_seed_gives_the_same_faults() -> None:
    assert plan_faults(5, 40) == plan_faults(5, 40)
    assert plan_faults(5, 40) != plan_faults(6, 40)


def test_more_faults_begin_with_the_same_ones() -> None:
    assert plan_faults(5, 60)[:10] == plan_faults(5, 10)


@pytest.mark.parametrize("replicated", [False, True])
def test_each_kind_comes_before_any_comes_again(replicated: bool) -> None:
    possible = set(Kind) - (ONLY_SINGLE if replicated else ONLY_REPLICATED)
    count = len(possible)
    faults = plan_faults(1, 2 * count, replicated=replicated)
    assert {fault.kind for fault in faults[:count]} == possible
    assert {fault.kind for fault in faults[count:]} == possible
    assert [fault.number for fault in faults] == list(range(1, 2 * count + 1))


def test_only_the_kinds_that_are_asked_for() -> None:
    assert {fault.kind for fault in plan_faults(1, 5, [Kind.NODE_KILLED])} == {Kind.NODE_KILLED}


def test_a_fault_says_where_it_strikes_and_how_long() -> None:
    fault = plan_faults(3, 1, [Kind.LINK_SLOW])[0]
    assert str(fault).startswith(
        f"connections delayed: {fault.target} to {fault.peer}, {fault.seconds:.1f} s"
    )
