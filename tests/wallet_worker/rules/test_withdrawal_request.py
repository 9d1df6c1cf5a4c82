"""What a request for a withdrawal must pass; amounts that equal a limit are within it."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cardroom.money import Krw
from cardroom.wire.refusals import Refusal
from wallet_worker.rules.withdrawal_request import (
    CANCELLABLE,
    HOUSE_VELOCITY,
    OPPONENT_WIN,
    AskedToday,
    CannotCancel,
    CoinTerms,
    ListedAddress,
    Owner,
    RequestLimits,
    StepUp,
    WithdrawalDenial,
    WithdrawalDenied,
    check_address,
    check_amount,
    check_cancel,
    check_coin,
    check_day,
    check_listing,
    find_flags,
    travel_rule,
)

LIMITS = RequestLimits(
    step_up_above=Krw(300_000),
    travel_rule_above=Krw(1_000_000),
    daily_amount=Krw(5_000_000),
    daily_count=10,
    house_daily=Krw(50_000_000),
    opponent_win=Krw(500_000),
)
TERMS = CoinTerms(Krw(10_000), Krw(100_000_000), is_open=True)
OWN = Owner(is_own=True, beneficiary=None, exchange=None)
UNSAID = Owner(is_own=False, beneficiary=None, exchange="Upbit")
LISTED = ListedAddress(1, OWN, is_usable=True)
NOTHING = AskedToday(Krw(0), 0, Krw(0))
MONEY = st.integers(0, 10**15).map(Krw)


def test_every_denial_is_a_code_of_the_wire() -> None:
    assert all(Refusal(denial.value) for denial in WithdrawalDenial)
    assert all(Refusal(one.value) for one in StepUp if one is not StepUp.DONE)


@pytest.mark.parametrize(
    ("terms", "amount", "denial"),
    [
        (None, 10_000, WithdrawalDenial.NO_SUCH_COIN),
        (evolve(TERMS, is_open=False), 10_000, WithdrawalDenial.COIN_CLOSED),
        (TERMS, 9_999, WithdrawalDenial.AMOUNT_TOO_SMALL),
        (TERMS, 100_000_001, WithdrawalDenial.AMOUNT_TOO_LARGE),
        (evolve(TERMS, is_open=False), 1, WithdrawalDenial.COIN_CLOSED),
    ],
)
def test_coins_and_amounts_that_are_not_taken(
    terms: CoinTerms | None, amount: int, denial: WithdrawalDenial
) -> None:
    with pytest.raises(WithdrawalDenied) as denied:
        check_coin(terms, Krw(amount))
    assert denied.value.denial is denial


@pytest.mark.parametrize("amount", [10_000, 100_000_000])
def test_the_least_and_the_most_of_a_coin_are_taken(amount: int) -> None:
    check_coin(TERMS, Krw(amount))


@pytest.mark.parametrize(
    ("listed", "is_ours", "denial"),
    [
        (LISTED, True, WithdrawalDenial.OWN_ADDRESS),
        (None, True, WithdrawalDenial.OWN_ADDRESS),
        (None, False, WithdrawalDenial.ADDRESS_NOT_LISTED),
        (evolve(LISTED, is_usable=False), False, WithdrawalDenial.ADDRESS_WAITS),
    ],
)
def test_addresses_that_are_not_paid(
    listed: ListedAddress | None, is_ours: bool, denial: WithdrawalDenial
) -> None:
    with pytest.raises(WithdrawalDenied) as denied:
        check_address(listed, is_ours=is_ours)
    assert denied.value.denial is denial
    assert check_address(LISTED, is_ours=False) is LISTED


@pytest.mark.parametrize(
    ("amount", "owner", "step_up", "denial"),
    [
        (300_000, UNSAID, StepUp.NO_SECOND_FACTOR, None),
        (300_001, OWN, StepUp.NO_SECOND_FACTOR, WithdrawalDenial.SECOND_FACTOR_OFF),
        (300_001, OWN, StepUp.NEEDED, WithdrawalDenial.STEP_UP_NEEDED),
        (1_000_000, UNSAID, StepUp.DONE, None),
        (1_000_001, UNSAID, StepUp.DONE, WithdrawalDenial.TRAVEL_RULE_NEEDED),
        (1_000_001, evolve(UNSAID, beneficiary="Kim Minji"), StepUp.DONE, None),
        (1_000_001, OWN, StepUp.DONE, None),
    ],
)
def test_large_amounts_want_a_second_factor_and_an_owner(
    amount: int, owner: Owner, step_up: StepUp, denial: WithdrawalDenial | None
) -> None:
    if denial is None:
        check_amount(Krw(amount), owner, step_up, LIMITS)
        return
    with pytest.raises(WithdrawalDenied) as denied:
        check_amount(Krw(amount), owner, step_up, LIMITS)
    assert denied.value.denial is denial


@given(MONEY, MONEY, st.integers(0, 20))
def test_no_day_has_more_than_its_amount_and_count(amount: Krw, before: Krw, count: int) -> None:
    today = AskedToday(before, count, before)
    fits = before + amount <= LIMITS.daily_amount and count < LIMITS.daily_count
    if fits:
        check_day(amount, today, LIMITS)
        return
    with pytest.raises(WithdrawalDenied) as denied:
        check_day(amount, today, LIMITS)
    assert denied.value.denial is WithdrawalDenial.WITHDRAWAL_LIMIT


@given(MONEY, MONEY, MONEY)
def test_flags_are_raised_above_their_limits_and_nowhere_else(amount: Krw, of_all: Krw, won: Krw) -> None:
    flags = find_flags(amount, AskedToday(Krw(0), 0, of_all), won, LIMITS)
    assert (HOUSE_VELOCITY in flags) == (of_all + amount > LIMITS.house_daily)
    assert (OPPONENT_WIN in flags) == (won > LIMITS.opponent_win)
    assert len(flags) == len(set(flags))


def test_what_equals_a_limit_is_not_flagged() -> None:
    assert find_flags(Krw(50_000_000), NOTHING, Krw(500_000), LIMITS) == ()


def test_lists_of_addresses_end_and_have_none_of_the_house() -> None:
    check_listing(19, 20, is_ours=False)
    for listed, is_ours, denial in (
        (20, False, WithdrawalDenial.WITHDRAWAL_LIMIT),
        (0, True, WithdrawalDenial.OWN_ADDRESS),
    ):
        with pytest.raises(WithdrawalDenied) as denied:
            check_listing(listed, 20, is_ours=is_ours)
        assert denied.value.denial is denial


def test_only_what_nobody_sends_yet_is_cancelled() -> None:
    assert {"waiting", "review", "approved"} == CANCELLABLE
    for state in CANCELLABLE:
        check_cancel(state)
    for state in ("sending", "sent", "doubtful", "confirmed", "failed", "cancelled", "rejected"):
        with pytest.raises(CannotCancel):
            check_cancel(state)


def test_both_sides_are_kept_for_the_travel_rule() -> None:
    assert travel_rule(evolve(UNSAID, beneficiary="Kim Minji"), 17, "ace") == {
        "originator_user_id": 17,
        "originator_nickname": "ace",
        "is_own": False,
        "beneficiary": "Kim Minji",
        "exchange": "Upbit",
    }
