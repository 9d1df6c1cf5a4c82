"""Notices between processes and on the wallet's page: their bytes stay, and they fit everywhere."""

import pytest
from hypothesis import given

from cardroom.money import Krw
from cardroom.wire.codec import Encoding, Malformed
from cardroom.wire.notices import (
    EVENT_TAGS,
    MAX_NOTICE_BYTES,
    NOTICE_TAGS,
    DepositNotice,
    DepositState,
    NoticesMissed,
    PlayerNotice,
    WalletEvent,
    WithdrawalNotice,
    WithdrawalState,
    event_codec,
    notice_codec,
)
from cardroom.wire.table import table_codec
from tests.cardroom.wire.messages import any_of

DEPOSIT = DepositNotice(7, "BTC", "0.001", DepositState.CONFIRMING, 1, 3)
WITHDRAWAL = WithdrawalNotice(8, "ETH", WithdrawalState.FAILED, Krw(50_000), reason="gateway_refused")


@pytest.mark.parametrize(
    ("notice", "data"),
    [
        (DEPOSIT, b"\x9a\x01\x07\xa3BTC\xa50.001\x00\x01\x03\xc0\xc0\xc0"),
        (WITHDRAWAL, b"\x99\x02\x08\xa3ETH\x07\xcd\xc3\x50\xc0\xc0\xafgateway_refused\xc0"),
    ],
)
def test_golden_bytes_between_processes(notice: PlayerNotice, data: bytes) -> None:
    assert notice_codec().encode(notice) == data
    assert notice_codec().decode(data) == notice


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (NoticesMissed(), '{"type":"notices_missed"}'),
        (
            DEPOSIT,
            (
                '{"type":"deposit_notice","deposit":7,"coin":"BTC","coin_amount":"0.001","state":"confirming",'
                '"confirmations":1,"needed":3,"krw_amount":null,"reason":null,"krw_balance":null}'
            ),
        ),
    ],
)
def test_golden_texts_of_events(event: WalletEvent, text: str) -> None:
    assert event_codec().encode(event) == text.encode()
    assert event_codec().decode(text) == event


def test_positions_of_states_never_change() -> None:
    assert " ".join(state.value for state in DepositState) == (
        "confirming confirmed credited held review unmatched gone refused"
    )
    assert " ".join(state.value for state in WithdrawalState) == (
        "waiting review approved sending sent doubtful confirmed failed cancelled rejected"
    )
    assert set(NOTICE_TAGS.items()) <= set(EVENT_TAGS.items())


@given(any_of(PlayerNotice))
def test_what_one_process_writes_another_reads(notice: PlayerNotice) -> None:
    assert notice_codec().decode(notice_codec().encode(notice)) == notice
    assert event_codec().decode(event_codec().encode(notice)) == notice


def test_what_is_too_long_is_not_read() -> None:
    with pytest.raises(Malformed):
        notice_codec().decode(b"\x9a\x01\x07\xda\x04\x00" + b"x" * MAX_NOTICE_BYTES)


def test_whatever_is_read_fits_into_all_that_players_get() -> None:
    worst = DepositNotice(7, "BTC", "\0" * (MAX_NOTICE_BYTES - 30), DepositState.GONE, 0, 3)
    heard = notice_codec().decode(notice_codec().encode(worst))
    assert event_codec().encode(heard)
    assert all(table_codec(encoding).encode(heard) for encoding in Encoding)
