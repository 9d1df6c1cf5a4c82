"""Signatures: what is believed, and that whatever else comes is refused with a code."""

from hashlib import sha256
from hmac import new as hmac_of

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.service.settings import Secret
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.gateways.house_coins import NOW, SECRET, by_shkeeper
from wallet_worker.gateways.port import WebhookRefused
from wallet_worker.gateways.signatures import (
    GENERIC_HEADERS,
    SHKEEPER_HEADERS,
    SignatureCheck,
    digest_of,
    sign,
)

CHECK = SignatureCheck(SECRET, SHKEEPER_HEADERS, 300)
RAW = b'{"a":1}'


def code_of(headers: dict[str, str], raw: bytes = RAW, unix_seconds: float = NOW) -> Refusal:
    with pytest.raises(WebhookRefused) as caught:
        CHECK.check(headers, raw, unix_seconds)
    return caught.value.code


def test_a_signature_is_the_documented_one() -> None:
    expected = hmac_of(SECRET.value.encode(), b"1790000000." + RAW, sha256).hexdigest()
    assert sign(SECRET, "1790000000", RAW) == expected


def test_what_is_signed_right_is_believed_however_its_headers_are_spelled() -> None:
    headers, raw = by_shkeeper(RAW)
    CHECK.check(headers, raw, NOW)
    CHECK.check({name.lower(): value for name, value in headers.items()}, raw, NOW)
    CHECK.check({name.upper(): value for name, value in headers.items()}, raw, NOW)


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_a_time_stamp_may_be_300_seconds_away(seconds: int) -> None:
    headers, raw = by_shkeeper(RAW)
    CHECK.check(headers, raw, NOW + seconds)


@pytest.mark.parametrize("seconds", [-100_000, -301, 301, 100_000])
def test_an_older_or_newer_one_is_too_old(seconds: int) -> None:
    headers, _ = by_shkeeper(RAW)
    assert code_of(headers, unix_seconds=NOW + seconds) is Refusal.WEBHOOK_TOO_OLD


@pytest.mark.parametrize("name", [SHKEEPER_HEADERS.timestamp, SHKEEPER_HEADERS.signature])
@pytest.mark.parametrize(
    "value", [None, "", " ", "0", "-1", "1.5", "é", "\udcff", "0x10", "9" * 13, "A" * 64]
)
def test_another_header_is_no_signature(name: str, value: str | None) -> None:
    headers, _ = by_shkeeper(RAW)
    headers.pop(name)
    if value is not None:
        headers[name] = value
    assert code_of(headers) is Refusal.WEBHOOK_SIGNATURE


def test_large_letters_two_headers_and_blanks_are_no_signature() -> None:
    headers, _ = by_shkeeper(RAW)
    name = SHKEEPER_HEADERS.signature
    assert code_of(headers | {name: headers[name].upper()}) is Refusal.WEBHOOK_SIGNATURE
    assert code_of(headers | {name: headers[name] + " "}) is Refusal.WEBHOOK_SIGNATURE
    assert code_of(headers | {name.lower(): headers[name]}) is Refusal.WEBHOOK_SIGNATURE
    time = SHKEEPER_HEADERS.timestamp
    assert code_of(headers | {time: "0" + headers[time]}) is Refusal.WEBHOOK_SIGNATURE


def test_another_secret_or_other_headers_are_no_signature() -> None:
    other = SignatureCheck(Secret("another secret of the tests"), SHKEEPER_HEADERS, 300)
    headers, raw = by_shkeeper(RAW)
    with pytest.raises(WebhookRefused):
        other.check(headers, raw, NOW)
    with pytest.raises(WebhookRefused):
        SignatureCheck(SECRET, GENERIC_HEADERS, 300).check(headers, raw, NOW)


@given(raw=st.binary(max_size=64), timestamp=st.text(max_size=20), signature=st.text(max_size=70))
def test_nothing_that_anybody_makes_up_is_believed(raw: bytes, timestamp: str, signature: str) -> None:
    headers = {SHKEEPER_HEADERS.timestamp: timestamp, SHKEEPER_HEADERS.signature: signature}
    assert code_of(headers, raw) is Refusal.WEBHOOK_SIGNATURE


@given(position=st.integers(0, len(RAW) - 1), bit=st.integers(0, 7), moved=st.integers(1, 10**6))
def test_a_changed_bit_or_time_is_no_signature(position: int, bit: int, moved: int) -> None:
    headers, _ = by_shkeeper(RAW)
    changed = bytearray(RAW)
    changed[position] ^= 1 << bit
    assert code_of(headers, bytes(changed)) is Refusal.WEBHOOK_SIGNATURE
    later = headers | {SHKEEPER_HEADERS.timestamp: str(int(NOW) + moved)}
    assert code_of(later, unix_seconds=NOW + moved) is Refusal.WEBHOOK_SIGNATURE


def test_only_the_very_same_delivery_has_the_same_digest() -> None:
    headers, raw = by_shkeeper(RAW)
    digest = digest_of("shkeeper", headers, SHKEEPER_HEADERS, raw)
    assert len(digest) == 32
    assert digest == digest_of("shkeeper", headers | {"X-Other": "1"}, SHKEEPER_HEADERS, raw)
    again, _ = by_shkeeper(RAW, NOW + 1)
    others = [
        digest_of("other", headers, SHKEEPER_HEADERS, raw),
        digest_of("shkeeper", again, SHKEEPER_HEADERS, raw),
        digest_of("shkeeper", headers, SHKEEPER_HEADERS, raw + b" "),
        digest_of("shkeeper", {}, SHKEEPER_HEADERS, raw),
    ]
    assert len({digest, *others}) == 5
