"""How far a deposit is: every state with everything that can be told or decided."""

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import UserId
from wallet_worker.rules.chain_deposit import (
    CHANGED,
    REVERSED,
    ChainDeposit,
    ChainState,
    DepositEnded,
    NobodysDeposit,
    Told,
    as_newest,
    assign,
    clear,
    compare,
    contradict,
    contradicts,
    credited,
    disagree,
    find_known,
    give_up,
    hear,
    held,
    look_delay,
    retry_delay,
    review,
    state_of_new,
    turn_down,
    wait,
)

OWNER, SOMEBODY = UserId(7), UserId(8)
DEPOSIT = ChainDeposit(
    number=1, gateway="fake", coin="BTC", tx_hash="a" * 64, output_number=0, address="1A", coin_amount=5,
    coin_scale=8, external_id=None, user_id=OWNER, confirmations=1, needed=3, state=ChainState.CONFIRMING,
    told_unix=100,
)  # fmt: skip
BOOKED = [
    evolve(DEPOSIT, state=ChainState.CREDITED, confirmations=3, payment_id=4),
    evolve(DEPOSIT, state=ChainState.HELD, confirmations=3, held_id=4),
]
NOBODYS = evolve(DEPOSIT, user_id=None, state=ChainState.UNMATCHED)


def told(confirmations: int, at: int = 101, **changes: Any) -> Told:
    return evolve(Told("BTC", "a" * 64, 0, "1A", 5, 8, confirmations, 3, at), **changes)


def in_state(state: ChainState, confirmations: int = 3) -> ChainDeposit:
    return evolve(DEPOSIT, state=state, confirmations=confirmations)


@pytest.mark.parametrize(
    ("confirmations", "state"),
    [(0, ChainState.CONFIRMING), (2, ChainState.CONFIRMING), (3, ChainState.CONFIRMED)],
)
def test_what_is_told_decides_how_far_it_is(confirmations: int, state: ChainState) -> None:
    assert state_of_new(OWNER, confirmations, 3) is state
    assert state_of_new(None, confirmations, 3) is ChainState.UNMATCHED
    for before in (ChainState.CONFIRMING, ChainState.CONFIRMED, ChainState.GONE):
        after = hear(in_state(before), told(confirmations), OWNER, is_proof=True)
        assert (after.state, after.confirmations, after.told_unix) == (state, confirmations, 101)


@given(st.integers(0, 5), st.sampled_from([*ChainState]))
def test_what_is_old_says_nothing(confirmations: int, state: ChainState) -> None:
    one = in_state(state)
    assert hear(one, told(confirmations, at=99), OWNER, is_proof=True) == one


def test_of_the_same_second_the_most_confirmations_count() -> None:
    one = in_state(ChainState.CONFIRMED)
    assert hear(one, told(2, at=100), OWNER, is_proof=True) == one
    assert hear(one, told(4, at=100), OWNER, is_proof=True).confirmations == 4


@pytest.mark.parametrize("one", BOOKED)
def test_what_is_booked_stays_and_alerts_when_it_is_taken_back(one: ChainDeposit) -> None:
    assert hear(one, told(9), OWNER, is_proof=True) == one
    assert hear(one, told(0), OWNER, is_proof=False) == one
    back = hear(one, told(0), OWNER, is_proof=True)
    assert (back.state, back.alarm) == (one.state, REVERSED)
    assert contradict(back).alarm == f"{REVERSED},{CHANGED}"
    assert contradict(contradict(back)) == contradict(back)


@pytest.mark.parametrize("state", [ChainState.REVIEW, ChainState.REFUSED])
def test_what_a_person_decides_stays_whatever_is_told(state: ChainState) -> None:
    after = hear(in_state(state), told(1), OWNER, is_proof=True)
    assert (after.state, after.confirmations) == (state, 1)


def test_what_tells_no_depth_confirms_nothing_and_takes_nothing_away() -> None:
    unknown = told(0, at=200, tells_depth=False)
    assert hear(DEPOSIT, unknown, OWNER, is_proof=True) == evolve(DEPOSIT, told_unix=200)
    confirmed = in_state(ChainState.CONFIRMED)
    assert hear(confirmed, unknown, OWNER, is_proof=True) == evolve(confirmed, told_unix=200)
    for booked in BOOKED:
        assert hear(booked, unknown, OWNER, is_proof=True) == booked
    gone = evolve(in_state(ChainState.GONE), confirmations=0)
    assert hear(gone, unknown, OWNER, is_proof=True).state is ChainState.CONFIRMING
    assert as_newest(confirmed, told(0, at=50, tells_depth=False)).told_unix == 50


def test_a_record_without_depth_agrees_or_is_waited_for() -> None:
    confirmed = in_state(ChainState.CONFIRMED)
    assert compare(confirmed, told(3, tells_depth=False)) == confirmed
    waiting = compare(confirmed, told(0, tells_depth=False))
    assert (waiting.state, waiting.reason) == (ChainState.CONFIRMED, "not_found")


def test_an_owner_is_found_later() -> None:
    assert hear(NOBODYS, told(3), None, is_proof=True).state is ChainState.UNMATCHED
    found = hear(evolve(NOBODYS, told_unix=101, confirmations=3), told(3), OWNER, is_proof=True)
    assert (found.user_id, found.state) == (OWNER, ChainState.CONFIRMED)


def test_waiting_keeps_its_reason_while_it_stays_as_far() -> None:
    waiting = wait(in_state(ChainState.CONFIRMED), "rate_stopped")
    assert hear(waiting, told(5), OWNER, is_proof=True).reason == "rate_stopped"
    assert hear(waiting, told(1), OWNER, is_proof=True).reason is None
    assert (waiting.reason_for_player, review(waiting, "screening_hit").reason_for_player) == (
        "rate_stopped",
        None,
    )


@pytest.mark.parametrize("state", [ChainState.CONFIRMING, ChainState.CONFIRMED, ChainState.GONE])
def test_a_contradiction_is_a_persons_and_stays_decided(state: ChainState) -> None:
    contradicted = contradict(in_state(state))
    assert (contradicted.state, contradicted.alarm) == (ChainState.REVIEW, CHANGED)
    cleared = clear(contradicted)
    assert (contradict(cleared), cleared.state) == (cleared, ChainState.CONFIRMED)
    assert contradict(NOBODYS).state is ChainState.UNMATCHED


def test_a_record_that_differs_is_a_persons_and_stays_decided() -> None:
    for state in (ChainState.CONFIRMING, ChainState.CONFIRMED, ChainState.GONE):
        assert disagree(in_state(state)).reason == "look_up_differs"
        cleared = evolve(in_state(state), is_cleared=True)
        assert disagree(cleared) == cleared
    for one in BOOKED:
        assert (disagree(one).state, disagree(one).alarm) == (one.state, CHANGED)
    for one in (NOBODYS, in_state(ChainState.REVIEW), in_state(ChainState.REFUSED)):
        assert disagree(one) == one


def test_it_is_known_by_its_output_or_by_its_address() -> None:
    second = evolve(DEPOSIT, number=2, output_number=1, address="1B")
    known = [DEPOSIT, second]
    assert find_known(known, told(1, output_number=1, address="1A"), "fake") is second
    assert find_known(known, told(1, output_number=None, address="1B"), "fake") is second
    assert find_known(known, told(1, output_number=None, address="1C"), "fake") is None
    assert find_known(known, told(1, output_number=4), "fake") is None
    other = find_known(known, told(1, output_number=4), "other")
    assert other is DEPOSIT, "another gateway counts otherwise: it is no second payment"
    assert contradicts(DEPOSIT, told(1), "other")
    assert contradicts(DEPOSIT, told(1, coin_amount=6), "fake")
    assert not contradicts(DEPOSIT, told(9), "fake")


def test_the_record_agrees_differs_is_behind_or_has_nothing() -> None:
    one = in_state(ChainState.CONFIRMED)
    assert compare(one, told(3)) == one
    assert compare(one, told(2)).state is ChainState.CONFIRMING
    assert compare(one, told(3, coin_amount=6)).state is ChainState.REVIEW
    assert compare(one, told(3, address="1B")).reason == "look_up_differs"
    assert (compare(one, None).state, compare(one, None).reason) == (ChainState.CONFIRMED, "not_found")


def test_what_was_asked_for_just_now_is_newer_than_any_message() -> None:
    one = evolve(in_state(ChainState.CONFIRMED), told_unix=200)
    for confirmations, state in ((4, ChainState.CONFIRMED), (1, ChainState.CONFIRMING)):
        heard = hear(one, as_newest(one, told(confirmations)), OWNER, is_proof=True)
        assert (heard.state, heard.confirmations) == (state, confirmations)
    assert compare(one, told(2)).told_unix == 201


def test_only_what_is_missed_is_gone() -> None:
    missed = [in_state(ChainState.CONFIRMING, 1), compare(in_state(ChainState.CONFIRMED), None)]
    for one in missed:
        assert give_up(one, 99.0, 100.0) == one
        assert give_up(one, 100.0, 100.0).state is ChainState.GONE
    for state in set(ChainState) - {ChainState.CONFIRMING}:
        assert give_up(in_state(state), 100.0, 100.0).state is state


def test_only_what_is_confirmed_is_credited_or_held() -> None:
    one = in_state(ChainState.CONFIRMED)
    assert (credited(one, 4).state, held(one, 4).reason) == (ChainState.CREDITED, "deposit_limit")
    for state in set(ChainState) - {ChainState.CONFIRMED}:
        with pytest.raises(AssertionError):
            credited(in_state(state), 4)
        with pytest.raises(AssertionError):
            held(in_state(state), 4)


def test_an_administrator_says_whose_it_is_where_nobody_knew() -> None:
    assert assign(NOBODYS, SOMEBODY).state is ChainState.CONFIRMING
    refused = turn_down(evolve(NOBODYS, confirmations=3))
    assert (refused.state, refused.reason) == (ChainState.REFUSED, "administrator")
    assigned = assign(refused, SOMEBODY)
    assert (assigned.state, assigned.user_id) == (ChainState.REFUSED, SOMEBODY), "refused is refused"
    assert clear(assigned).state is ChainState.CONFIRMED
    with pytest.raises(DepositEnded):
        assign(DEPOSIT, SOMEBODY)


def test_nobodys_deposit_that_was_told_differently_is_a_persons_once_it_has_an_owner() -> None:
    differing = contradict(evolve(NOBODYS, confirmations=3))
    for owned in (assign(differing, SOMEBODY), hear(differing, told(3), OWNER, is_proof=True)):
        assert (owned.state, owned.reason, owned.alarm) == (ChainState.REVIEW, CHANGED, CHANGED)
        assert clear(owned).state is ChainState.CONFIRMED


def test_an_administrator_clears_and_refuses_what_is_not_decided() -> None:
    clearable = {ChainState.REVIEW, ChainState.REFUSED, ChainState.CONFIRMED}
    refusable = set(ChainState) - {ChainState.CREDITED, ChainState.HELD, ChainState.REFUSED}
    for state in ChainState:
        for rule, allowed in ((clear, clearable), (turn_down, refusable)):
            if state in allowed:
                rule(in_state(state))
            else:
                with pytest.raises(DepositEnded):
                    rule(in_state(state))
    assert clear(in_state(ChainState.REVIEW, 1)).state is ChainState.CONFIRMING
    with pytest.raises(NobodysDeposit):
        clear(NOBODYS)


def test_what_is_cleared_may_differ_but_must_be_there() -> None:
    cleared = evolve(in_state(ChainState.CONFIRMED), is_cleared=True)
    assert compare(cleared, told(3, coin_amount=6)) == cleared
    assert compare(cleared, told(1, coin_amount=6)).state is ChainState.CONFIRMING
    assert compare(cleared, None).reason == "not_found"
    other = told(3, coin_amount=6)
    assert [contradicts(cleared, other, "fake", is_record=one) for one in (False, True)] == [True, False]
    assert contradicts(DEPOSIT, other, "fake", is_record=True)


def test_waits_grow_up_to_a_bound() -> None:
    assert [retry_delay(tries, 15.0) for tries in range(7)] == [0, 15, 30, 60, 120, 120, 120]
    assert [look_delay(seconds) for seconds in (0, 600, 6_000, 10**9)] == [60, 60, 600, 86_400]
