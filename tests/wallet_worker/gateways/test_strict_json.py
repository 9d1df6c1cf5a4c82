"""JSON of others: what is read, and that nothing else is ever raised than that it cannot be read."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wallet_worker.gateways.strict_json import (
    Unreadable,
    a_list,
    amount_in,
    an_object,
    is_dust,
    number_in,
    read_amount,
    read_json,
    read_object,
    text_in,
)
from wallet_worker.rules.coins import COINS, write_coins

SCALES = st.sampled_from(sorted(set(COINS.values())))


@pytest.mark.parametrize(
    ("text", "scale", "amount"),
    [
        ("0", 8, 0),
        ("1", 8, 100_000_000),
        ("0.00000001", 8, 1),
        ("1.5", 6, 1_500_000),
        ("7.80000000", 6, 7_800_000),
        ("0.123456789012345678", 18, 123_456_789_012_345_678),
        ("999999999999.999999", 6, 999_999_999_999_999_999),
    ],
)
def test_amounts_are_read_exactly(text: str, scale: int, amount: int) -> None:
    assert read_amount(text, scale) == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1\n",
        "1.",
        ".5",
        "01",
        "00",
        "1e2",
        "1E-7",
        "0E-8",
        "nan",
        "NaN",
        "Infinity",
        "1_000",
        "1,5",
        "0x10",
        "١",
        "1.0000000001",
        "0.000000001",
        "1000000000000",
        "1." + "0" * 31,
        "--1",
        "1.5.0",
    ],
)
def test_what_is_no_amount_of_a_bitcoin_is_refused(text: str) -> None:
    assert read_amount(text, 8) is None


@given(amount=st.integers(0, 10**18), scale=SCALES, zeros=st.integers(0, 6))
def test_what_is_written_is_read_again(amount: int, scale: int, zeros: int) -> None:
    amount %= 10 ** (scale + 12)
    assert read_amount(write_coins(amount, scale) + "0" * zeros, scale) == amount


@given(text=st.text(max_size=40) | st.from_regex(r"[-+]?[0-9]{1,14}(\.[0-9]{0,20})?([eE][-+]?[0-9]{1,3})?"))
@example(text="0" * 40)
def test_any_text_is_its_exact_amount_or_none(text: str) -> None:
    amount = read_amount(text, 8)
    if amount is None:
        return
    try:
        value = Decimal(text)
    except InvalidOperation:
        pytest.fail("a text was read that is no number")
    assert value * 10**8 == amount
    assert set(text) <= set("0123456789.")


def test_only_what_python_writes_with_an_exponent_is_dust() -> None:
    assert all(is_dust(str(Decimal(text))) for text in ("0.0000001", "0E-8", "0.00000012"))
    assert not any(
        is_dust(text) for text in ("0.000001", "1E+7", "1E7", "-1E-7", "10E-7", "1E-7 ", "", 1, None)
    )


@given(raw=st.binary(max_size=200))
@example(raw=b"[" * 100_000)
@example(raw=b'{"a":' * 100_000)
@example(raw=b"9" * 10_000)
@example(raw=b"\xff\xfe{\x00}\x00")
@example(raw=b'{"a":NaN}')
@example(raw=b'{"a":-Infinity}')
@example(raw=b'{"a":1,"a":1}')
@example(raw=b'\xef\xbb\xbf{"a":1}')
def test_any_bytes_are_read_or_unreadable(raw: bytes) -> None:
    try:
        read_json(raw, 1_000_000)
    except Unreadable:
        return
    assert raw.decode("utf-8") is not None


@pytest.mark.parametrize(
    "raw", [b"", b"{", b'{"a":NaN}', b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1}}', b"'a'", b"\xff", b"{}" * 50]
)
def test_what_is_no_strict_json_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read_json(raw, 99)


def test_a_body_is_an_object() -> None:
    assert read_object(b'{"a": 1}', 99) == {"a": 1}
    with pytest.raises(Unreadable):
        read_object(b"[]", 99)
    with pytest.raises(Unreadable):
        an_object([], "it")
    with pytest.raises(Unreadable):
        a_list({}, "it")
    assert a_list([1], "it") == [1]


@pytest.mark.parametrize("value", [None, 1, 1.0, True, [], {}, "ab ", "abc\n", ""])
def test_a_text_has_its_shape_from_end_to_end(value: Any) -> None:
    with pytest.raises(Unreadable):
        text_in({"a": value}, "a", re.compile("[a-c]+"))
    assert text_in({"a": "abc"}, "a", re.compile("[a-c]+")) == "abc"


@pytest.mark.parametrize("value", [None, "1", 1.0, True, -1, 2**31, [], {}])
def test_a_number_is_whole_and_no_truth(value: Any) -> None:
    with pytest.raises(Unreadable):
        number_in({"a": value}, "a")
    assert number_in({"a": 2**31 - 1}, "a") == 2**31 - 1


@pytest.mark.parametrize("value", [None, 1, 1.5, True, "1e2", "-1", [], {}])
def test_an_amount_is_text(value: Any) -> None:
    with pytest.raises(Unreadable):
        amount_in({"a": value}, "a", 8)
    assert amount_in({"a": "0.1"}, "a", 8) == 10_000_000
