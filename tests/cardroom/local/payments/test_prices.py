"""Prices that drift."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cardroom.local.payments.coins import COINS
from cardroom.local.payments.prices import Source, price_at

TIMES = st.integers(1_700_000_000_000, 2_000_000_000_000)


@given(TIMES, st.sampled_from(sorted(COINS)))
def test_sources_agree_within_what_the_house_allows(unix_ms: int, coin: str) -> None:
    prices = [price_at(coin, source, unix_ms) for source in Source]
    assert (max(prices) - min(prices)) / min(prices) < 0.01
    assert all(abs(price - COINS[coin].price) / COINS[coin].price < 0.02 for price in prices)


def test_they_drift_slowly_and_do_drift() -> None:
    for coin in COINS:
        prices = [price_at(coin, Source.UPBIT, minute * 60_000) for minute in range(60)]
        assert len(set(prices)) > 10
        assert all(abs(one - other) / other < 0.005 for one, other in pairwise(prices))


def test_a_shift_is_put_on_top() -> None:
    plain, shifted = (price_at("btc", Source.COINGECKO, 5, shift) for shift in (0, 1000))
    assert 0.09 < (shifted - plain) / plain < 0.11
