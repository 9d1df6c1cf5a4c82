"""Which price holds, to the last basis point; and that converting never makes a won."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.money import Krw
from wallet_worker.rules.coins import COINS, coins_for, krw_of
from wallet_worker.rules.prices import (
    Limits,
    Price,
    Standing,
    StopReason,
    Verdict,
    coins_worth,
    cross,
    judge,
    krw_to_buy,
    rate_for_deposit,
    rate_for_withdrawal,
    read_price,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = Limits(largest_difference=300, largest_jump=1500, stale_seconds=600.0)
SCALES = st.sampled_from(sorted(set(COINS.values())))
PRICES = st.decimals("1", "1000000000000", places=18, allow_nan=False)
AMOUNTS = st.integers(0, 10**15).map(Krw)
COIN_AMOUNTS = st.integers(0, 10**30)


def price(amount: str, source: str = "one", seconds_old: float = 0.0) -> Price:
    return Price(source, Decimal(amount), NOW - timedelta(seconds=seconds_old))


def judged(*amounts: str, last: str | None = None, stop: StopReason | None = None) -> Verdict:
    told = [price(amount, str(number)) for number, amount in enumerate(amounts)]
    return judge(told, Standing(None if last is None else Decimal(last), stop), LIMITS, NOW)


def test_the_first_that_is_new_enough_is_used() -> None:
    old, new, other = price("100", "old", 600.001), price("101", "new", 600.0), price("102", "other")
    assert judge([old, new, other], Standing(), LIMITS, NOW) == Verdict(new, None, 100)
    assert judge([other, new], Standing(), LIMITS, NOW).price == other
    assert judge([old], Standing(), LIMITS, NOW) == Verdict(None, None, 0)
    assert judge([], Standing(None, StopReason.JUMP), LIMITS, NOW) == Verdict(None, StopReason.JUMP, 0)


@pytest.mark.parametrize(
    ("amounts", "is_stopped"),
    [
        (("100", "103"), False),
        (("103", "100"), False),
        (("100", "103.000000000000000001"), True),
        (("103.000000000000000001", "100"), True),
        (("101", "100", "102.9"), False),
        (("101.5", "100", "103.1"), True),
        (("100",), False),
    ],
)
def test_two_that_differ_by_more_than_three_percent_stop_it(
    amounts: tuple[str, ...], is_stopped: bool
) -> None:
    assert judged(*amounts).stop is (StopReason.DISAGREEMENT if is_stopped else None)


@pytest.mark.parametrize(
    ("now", "is_stopped"),
    [("115", False), ("85", False), ("115.000000000000000001", True), ("84.999999999999999999", True)],
)
def test_a_jump_of_more_than_fifteen_percent_stops_it(now: str, is_stopped: bool) -> None:
    assert judged(now, last="100").stop is (StopReason.JUMP if is_stopped else None)
    assert judged(now, now, last="100").stop is (StopReason.JUMP if is_stopped else None)


def test_old_prices_neither_agree_nor_disagree() -> None:
    told = [price("100"), price("200", "old", 601)]
    assert judge(told, Standing(), LIMITS, NOW).stop is None
    told[1] = price("100", "old", 601)
    stopped = Standing(None, StopReason.DISAGREEMENT)
    assert judge(told, stopped, LIMITS, NOW).stop is StopReason.DISAGREEMENT


def test_a_stop_for_disagreement_ends_when_two_agree_and_a_jump_never_by_itself() -> None:
    disagreement, jump = StopReason.DISAGREEMENT, StopReason.JUMP
    assert judged("100", stop=disagreement).stop is disagreement
    assert judged("100", "101", stop=disagreement).stop is None
    assert judged("100", "101", "105", stop=disagreement).stop is disagreement
    assert judged("130", "131", last="100", stop=disagreement).stop is jump
    assert judged("130", "100", last="100").stop is disagreement
    for amounts in (("100",), ("100", "101"), ("100", "200")):
        assert judged(*amounts, last="100", stop=jump).stop is jump


def test_a_price_is_a_number_above_zero_and_within_bounds() -> None:
    assert read_price(142_350_000) == Decimal(142_350_000)
    assert read_price(Decimal("1450.123456789012345678")) == Decimal("1450.123456789012345678")
    bad_ones: tuple[object, ...] = (
        0, -1, True, None, "1450", 1450.5, [], 10**12 + 1, Decimal("1e-19"), Decimal("NaN"),
        Decimal("Infinity"), Decimal("-0.1"), Decimal("1.1234567890123456789"), Decimal("1e999999"),
    )  # fmt: skip
    for bad in bad_ones:
        assert read_price(bad) is None, bad


def test_a_crossed_price_is_exact_and_as_old_as_the_older_one() -> None:
    crossed = cross(price("98000.10000000", seconds_old=5), price("1450.5", "usdt", 9), "both")
    assert crossed == Price("both", Decimal("142149145.05"), NOW - timedelta(seconds=9))
    assert cross(price("1e12"), price("2"), "both") is None
    assert cross(price("1e-18"), price("1e-18"), "both") is None


@given(PRICES, SCALES)
def test_rates_are_rounded_against_the_player_by_less_than_a_won(at: Decimal, scale: int) -> None:
    rate_in, rate_out = rate_for_deposit(at, scale), rate_for_withdrawal(at, scale)
    assert rate_in is not None
    assert rate_in.krw_per_coin <= at <= rate_out.krw_per_coin
    assert rate_out.krw_per_coin - rate_in.krw_per_coin == (0 if at == at.to_integral_value() else 1)


def test_less_than_a_won_is_no_rate_for_deposits() -> None:
    assert rate_for_deposit(Decimal("0.999"), 6) is None
    assert rate_for_withdrawal(Decimal("0.001"), 6).krw_per_coin == 1


@given(PRICES, SCALES, COIN_AMOUNTS)
def test_coins_in_and_out_again_are_not_more(at: Decimal, scale: int, coins: int) -> None:
    rate_in = rate_for_deposit(at, scale)
    assert rate_in is not None
    assert coins_for(krw_of(coins, rate_in), rate_for_withdrawal(at, scale)) <= coins


@given(PRICES, SCALES, AMOUNTS)
def test_won_out_and_in_again_are_not_more(at: Decimal, scale: int, amount: Krw) -> None:
    rate_in = rate_for_deposit(at, scale)
    assert rate_in is not None
    assert krw_of(coins_for(amount, rate_for_withdrawal(at, scale)), rate_in) <= amount


@given(PRICES, SCALES, AMOUNTS, st.lists(st.booleans(), max_size=8))
def test_no_way_back_and_forth_gains_a_won(at: Decimal, scale: int, amount: Krw, parts: list[bool]) -> None:
    """Out and in again and again, as one amount or in two halves, whatever the coin."""
    rate_in, rate_out = rate_for_deposit(at, scale), rate_for_withdrawal(at, scale)
    assert rate_in is not None
    left = amount
    for is_split in parts:
        pieces = [Krw(left // 2), Krw(left - left // 2)] if is_split else [left]
        coins = [coins_for(piece, rate_out) for piece in pieces]
        came_back = [krw_of(sum(coins), rate_in), Krw(sum(krw_of(one, rate_in) for one in coins))]
        assert max(came_back) <= left
        left = came_back[is_split]
    assert left <= amount


@given(
    st.lists(st.tuples(PRICES, SCALES), min_size=2, max_size=4),
    AMOUNTS,
    st.lists(st.integers(0, 3), max_size=8),
)
def test_going_through_other_coins_gains_nothing(
    coins: list[tuple[Decimal, int]], amount: Krw, way: list[int]
) -> None:
    left = amount
    for step in way:
        at, scale = coins[step % len(coins)]
        rate_in = rate_for_deposit(at, scale)
        assert rate_in is not None
        left = krw_of(coins_for(left, rate_for_withdrawal(at, scale)), rate_in)
        assert left <= amount


@given(PRICES, SCALES, AMOUNTS)
def test_what_is_quoted_for_an_amount_of_won_is_enough_and_no_unit_more(
    at: Decimal, scale: int, amount: Krw
) -> None:
    rate = rate_for_deposit(at, scale)
    assert rate is not None
    coins = coins_worth(amount, rate)
    assert krw_of(coins, rate) >= amount
    assert coins == 0 or krw_of(coins - 1, rate) < amount


@given(PRICES, SCALES, COIN_AMOUNTS)
def test_what_is_quoted_for_coins_buys_them_and_no_won_more(at: Decimal, scale: int, coins: int) -> None:
    rate = rate_for_withdrawal(at, scale)
    amount = krw_to_buy(coins, rate)
    assert coins_for(amount, rate) >= coins
    assert amount == 0 or coins_for(Krw(amount - 1), rate) < coins


@given(PRICES, PRICES)
def test_prices_pass_exactly_when_no_fraction_is_over_the_limit(one: Decimal, other: Decimal) -> None:
    small, large = sorted((Fraction(one), Fraction(other)))
    is_over = (large - small) * 10_000 > 300 * small
    verdict = judge([Price("one", one, NOW), Price("other", other, NOW)], Standing(), LIMITS, NOW)
    assert (verdict.stop is StopReason.DISAGREEMENT) == is_over


_WANDERING = st.lists(
    st.tuples(
        st.lists(st.one_of(st.none(), st.integers(70, 130)), min_size=3, max_size=3),
        st.sampled_from(["use", "look", "accept"]),
    ),
    max_size=12,
)


@given(_WANDERING)
def test_whatever_sources_say_only_prices_are_used_that_the_policy_allows(
    steps: list[tuple[list[int | None], str]],
) -> None:
    """Prices wander, sources come and go, administrators accept: as the desk does it, look by look."""
    standing, stop_price = Standing(), Decimal(0)
    for told, wish in steps:
        prices = [price(str(one), str(place)) for place, one in enumerate(told) if one is not None]
        before = standing
        verdict = judge(prices, standing, LIMITS, NOW)
        if verdict.stop is not None and before.stop is None:
            stop_price = prices[0].price
        standing = Standing(before.last_used, verdict.stop)
        if wish == "accept" and standing.stop is not None:
            standing = Standing(stop_price, None)
        elif wish == "use" and verdict.price is not None and verdict.stop is None:
            used = verdict.price.price
            values = [one.price for one in prices]
            assert used == values[0]
            assert max(values) * 100 <= min(values) * 103
            assert before.stop is not StopReason.JUMP
            assert before.stop is None or len(prices) > 1
            if before.last_used is not None:
                assert abs(used - before.last_used) * 100 <= before.last_used * 15
            standing = Standing(used, None)
