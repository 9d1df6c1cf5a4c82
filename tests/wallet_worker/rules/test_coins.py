"""Coins and won: whole numbers, always rounded down, one way to write a hash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.money import Krw
from wallet_worker.rules.coins import COINS, Rate, coins_for, krw_of, read_coins, read_tx_hash, write_coins

RATES = st.builds(Rate, st.integers(1, 10**10), st.sampled_from(sorted(set(COINS.values()))))


@given(st.integers(0, 10**15), RATES)
def test_what_won_buy_is_worth_no_more_and_less_than_a_unit_short(amount: int, rate: Rate) -> None:
    coins = coins_for(Krw(amount), rate)
    assert krw_of(coins, rate) <= amount
    assert (coins + 1) * rate.krw_per_coin > amount * 10**rate.scale


@given(st.integers(0, 10**38), RATES)
def test_worth_is_rounded_down_to_whole_won(coin_amount: int, rate: Rate) -> None:
    worth = krw_of(coin_amount, rate)
    assert worth * 10**rate.scale <= coin_amount * rate.krw_per_coin < (worth + 1) * 10**rate.scale


@given(st.integers(0, 10**38), st.integers(0, 18))
def test_an_amount_is_written_exactly(coin_amount: int, scale: int) -> None:
    text = write_coins(coin_amount, scale)
    assert int(text.replace(".", "")) == coin_amount
    assert len(text.partition(".")[2]) == scale


def test_a_hash_has_one_way_to_be_written() -> None:
    small = "0123456789abcdef" * 4
    assert {read_tx_hash(text) for text in (small, small.upper(), f"0x{small}", f"0X{small}")} == {small}


@pytest.mark.parametrize(
    "text", ["", "0x", "a" * 63, "a" * 65, "g" * 64, "0x0x" + "a" * 62, " " + "a" * 64, "٣" * 64]
)
def test_what_is_no_hash(text: str) -> None:
    assert read_tx_hash(text) is None


@given(st.integers(0, 10**29), st.integers(0, 18))
def test_what_is_written_is_read_again(coin_amount: int, scale: int) -> None:
    text = write_coins(coin_amount, scale)
    assert read_coins(text, scale) == (coin_amount if len(text.partition(".")[0]) <= 12 else None)


def test_amounts_are_read_to_the_last_digit_or_not_at_all() -> None:
    assert read_coins("0.0005", 8) == read_coins("0.000500000000", 8) == 50_000
    assert read_coins("12", 0) == read_coins("12.0", 0) == 12
    for bad in ("", ".5", "5.", "-1", "+1", "1e3", "0.000000001", "1,5", "٣", "1 ", "1" * 13, "0x1", "nan"):
        assert read_coins(bad, 8) is None, bad
