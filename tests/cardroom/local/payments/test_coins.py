"""Amounts of coins as text and back."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.local.payments.coins import COINS, read_amount, worth, write_amount
from wallet_worker.rules.coins import COINS as HOUSE_COINS


def test_scales_are_the_houses() -> None:
    assert {name.upper(): coin.scale for name, coin in COINS.items()} == dict(HOUSE_COINS)


@given(st.sampled_from(sorted(COINS)), st.integers(1, 10**29))
def test_what_is_written_reads_the_same(name: str, units: int) -> None:
    coin = COINS[name]
    text = write_amount(units, coin)
    assert read_amount(text, coin) == (units if len(text.partition(".")[0]) <= 12 else None)


@pytest.mark.parametrize(
    "text", ["", "0", "0.00000000", "-1", "1e3", ".5", "1.", "0.123456789", "1 ", "nan", "１"]
)
def test_what_is_no_amount(text: str) -> None:
    assert read_amount(text, COINS["btc"]) is None


@pytest.mark.parametrize(("krw", "price", "units"), [(142, "142", 10**8), (1, "3", 33_333_334), (0, "3", 0)])
def test_worth_is_rounded_up(krw: int, price: str, units: int) -> None:
    assert worth(krw, Decimal(price), COINS["btc"]) == units
