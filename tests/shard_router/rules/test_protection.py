"""Limits: what is tighter holds at once, what is looser waits, and no order of wishes gets round that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shard_router.rules.protection import (
    EXCLUSION_HOURS,
    ExclusionStands,
    Term,
    change_limit,
    exclude,
    in_force,
    is_looser,
)

DAY = 24 * 3_600_000
NOW = 1_800_000_000_000
FOR_EVER = 253_402_214_400_000

Wishes = list[tuple[int, int | None]]

_WISHES = st.lists(st.tuples(st.integers(0, 2 * DAY), st.none() | st.integers(0, 5)), min_size=1, max_size=12)


def ask(term: Term | None, wanted: int | None, now: int) -> Term | None:
    return change_limit(term, wanted, now, DAY) or term


def test_a_first_limit_holds_at_once() -> None:
    assert change_limit(None, 100, NOW, DAY) == Term(100, None, NOW, NOW)
    assert change_limit(None, None, NOW, DAY) is None


@pytest.mark.parametrize("wanted", [101, None])
def test_a_looser_limit_waits_and_then_holds(wanted: int | None) -> None:
    term = ask(Term(100, None, NOW, NOW), wanted, NOW + 5)
    assert term == Term(wanted, 100, NOW + 5, NOW + 5 + DAY)
    assert in_force(term, NOW + 4 + DAY) == 100
    assert in_force(term, NOW + 5 + DAY) == wanted


def test_a_wish_that_waits_already_does_not_wait_anew() -> None:
    waiting = Term(200, 100, NOW, NOW + DAY)
    assert change_limit(waiting, 200, NOW + 10, DAY) is None
    assert ask(waiting, 150, NOW + 10) == Term(150, 100, NOW + 10, NOW + 10 + DAY)


@pytest.mark.parametrize("wanted", [100, 50])
def test_a_tightening_ends_what_waits(wanted: int) -> None:
    term = ask(Term(200, 100, NOW, NOW + DAY), wanted, NOW + 10)
    assert term == Term(wanted, 100, NOW + 10, NOW + 10)
    assert in_force(term, NOW + 3 * DAY) == wanted


def test_what_began_when_it_was_asked_for_holds_on_a_clock_that_is_behind() -> None:
    assert in_force(Term(100, None, NOW, NOW), NOW - 50) == 100


@given(_WISHES)
def test_a_tight_wish_holds_a_day_whatever_is_wished_before_and_after_it(wishes: Wishes) -> None:
    """At no time is the limit looser than one that was tight when it was asked for, less than a day ago."""
    now, term = NOW, None
    tight: list[tuple[int, int | None]] = []
    for pause, wanted in wishes:
        for moment in (now + pause // 2, now + pause):
            held = in_force(term, moment)
            assert not [one for asked, one in tight if asked > moment - DAY and is_looser(held, one)]
        now += pause
        if not is_looser(wanted, in_force(term, now)):
            tight.append((now, wanted))
        term = ask(term, wanted, now)


@given(_WISHES)
def test_a_limit_becomes_looser_only_by_a_wish_that_has_waited(wishes: Wishes) -> None:
    now, term = NOW, None
    asked: dict[int | None, int] = {}
    for pause, wanted in wishes:
        before = in_force(term, now)
        now += pause
        held = in_force(term, now)
        assert not is_looser(held, before) or asked[held] <= now - DAY
        after = ask(term, wanted, now)
        if after is not term:
            asked[wanted] = now
        term = after
        assert in_force(term, now) == (held if is_looser(wanted, held) else wanted)


@given(_WISHES)
def test_the_last_wish_holds_in_the_end(wishes: Wishes) -> None:
    now, term = NOW, None
    for pause, wanted in wishes:
        now += pause
        term = ask(term, wanted, now)
    assert in_force(term, now + DAY) == wishes[-1][1]


def test_an_exclusion_can_only_become_longer() -> None:
    until = exclude(None, 48, FOR_EVER, NOW)
    assert until == NOW + 2 * DAY
    with pytest.raises(ExclusionStands):
        exclude(until, 24, FOR_EVER, NOW + 1)
    assert exclude(until, 48, FOR_EVER, NOW + 1) == until + 1
    assert exclude(until, None, FOR_EVER, NOW + 1) == FOR_EVER
    with pytest.raises(ExclusionStands):
        exclude(FOR_EVER, EXCLUSION_HOURS[-1], FOR_EVER, NOW)
    assert exclude(FOR_EVER, None, FOR_EVER, NOW) == FOR_EVER


def test_an_exclusion_that_is_over_hinders_nothing() -> None:
    assert exclude(NOW - 1, 24, FOR_EVER, NOW) == NOW + DAY
