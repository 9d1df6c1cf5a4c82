"""The signed message of any other gateway, and what cannot be asked of it."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.wire.refusals import Refusal
from tests.wallet_worker.gateways.house_coins import NOW, SECRET, TX, book, by_generic, by_shkeeper
from tests.wallet_worker.gateways.mutations import Json, anything, changed, outcome, written
from wallet_worker.gateways.coin_names import coins_at
from wallet_worker.gateways.generic import GenericReader, ManualGateway, named_gateway
from wallet_worker.gateways.port import (
    DepositTold,
    GatewayAway,
    NotSent,
    PayoutOrder,
    PayoutStage,
    WebhookRefused,
)
from wallet_worker.gateways.signatures import GENERIC_HEADERS, SignatureCheck
from wallet_worker.rules.coins import COINS

READER: Final = GenericReader(
    "generic", SignatureCheck(SECRET, GENERIC_HEADERS, 300), coins_at("generic", book("generic"))
)
ADDRESS: Final = "0x6f2Fc9D7205B7D9037dDE45B5f9e12B18EA07e27"
TOLD: Final[Json] = {
    "gateway": "generic",
    "coin": "usdt",
    "tx_hash": f"0x{TX}",
    "output_index": 0,
    "address": ADDRESS,
    "amount": "7.8",
    "confirmations": 5,
}


def read(body: Any) -> Any:
    return outcome(READER, by_generic(body), NOW)


@pytest.mark.parametrize("coin", ["btc", "eth", "usdt", "usdc"])
def test_an_output_is_told_with_its_number_and_confirmations(coin: str) -> None:
    amount = 78 * 10 ** (COINS[coin.upper()] - 1)
    assert read(TOLD | {"coin": coin, "output_index": 3}) == (
        DepositTold(coin.upper(), TX, 3, ADDRESS, amount, 5),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"output_index": -1},
        {"output_index": "0"},
        {"output_index": 0.0},
        {"output_index": True},
        {"output_index": 2**31},
        {"confirmations": -1},
        {"confirmations": None},
        {"confirmations": 1.5},
        {"confirmations": 2**40},
        {"amount": 7.8},
        {"amount": 7},
        {"amount": "0"},
        {"amount": "-1"},
        {"amount": "1e2"},
        {"amount": "7.8000001"},
        {"amount": "1E-7"},
        {"amount": "NaN"},
        {"amount": ""},
        {"tx_hash": TX[1:]},
        {"tx_hash": None},
        {"tx_hash": "x" * 64},
        {"address": ""},
        {"address": "a b"},
        {"address": None},
        {"coin": None},
        {"coin": "USDT"},
        {"coin": 1},
        {"gateway": None},
        {"gateway": 1},
        {"gateway": "Generic"},
        {"more": 1},
    ],
)
def test_another_body_is_refused(changes: Json) -> None:
    assert read(TOLD | changes) is Refusal.MALFORMED


@pytest.mark.parametrize("name", sorted(TOLD))
def test_every_field_is_needed(name: str) -> None:
    body = {key: value for key, value in TOLD.items() if key != name}
    assert read(body) is Refusal.MALFORMED


def test_another_coin_or_gateway_is_refused() -> None:
    assert read(TOLD | {"coin": "doge"}) is Refusal.WRONG_COIN
    assert read(TOLD | {"gateway": "other"}) is Refusal.WEBHOOK_UNKNOWN


def test_of_payouts_nothing_is_told() -> None:
    assert outcome(READER, by_generic(TOLD), NOW, is_payout=True) is Refusal.WEBHOOK_UNKNOWN
    assert outcome(READER, by_shkeeper(TOLD), NOW, is_payout=True) is Refusal.WEBHOOK_SIGNATURE


def test_too_old_or_signed_by_another_is_refused() -> None:
    assert outcome(READER, by_generic(TOLD, NOW - 301), NOW) is Refusal.WEBHOOK_TOO_OLD
    assert outcome(READER, by_shkeeper(TOLD), NOW) is Refusal.WEBHOOK_SIGNATURE


def test_a_message_names_its_gateway_before_it_is_believed() -> None:
    assert named_gateway(written(TOLD)) == "generic"
    for raw in (b"", b"[]", b"{}", b'{"gateway":1}', b'{"gateway":"A"}', written(TOLD) + b" " * 5000):
        with pytest.raises(WebhookRefused) as caught:
            named_gateway(raw)
        assert caught.value.code is Refusal.MALFORMED


@given(data=st.data())
def test_a_message_that_was_changed_on_its_way_is_no_signature(data: st.DataObject) -> None:
    headers, raw = by_generic(TOLD)
    position = data.draw(st.integers(0, len(raw) - 1))
    mutated = raw[:position] + bytes([data.draw(st.integers(0, 255))]) + raw[position + 1 :]
    assert outcome(READER, (headers, mutated), NOW) is Refusal.WEBHOOK_SIGNATURE or mutated == raw


@given(body=changed(TOLD) | anything)
def test_whatever_is_signed_is_read_or_refused_with_a_code(body: Any) -> None:
    said = outcome(READER, by_generic(written(body)), NOW)
    if isinstance(said, tuple):
        (told,) = said
        assert set(body) == set(TOLD)
        assert told.coin in COINS
        assert 0 < told.coin_amount < 10 ** (COINS[told.coin] + 12)
        assert told.output_number is not None
        assert 0 <= told.output_number < 2**31
        assert 0 <= told.confirmations < 2**31
    else:
        assert said in (Refusal.MALFORMED, Refusal.WRONG_COIN, Refusal.WEBHOOK_UNKNOWN)


@given(raw=st.binary(max_size=200), seconds=st.integers(-(10**6), 10**6))
def test_any_bytes_at_any_time_are_refused_with_a_code(raw: bytes, seconds: int) -> None:
    refused = outcome(READER, by_generic(raw), NOW + seconds)
    assert refused is (Refusal.MALFORMED if abs(seconds) <= 300 else Refusal.WEBHOOK_TOO_OLD)


async def test_a_gateway_served_by_hand_cannot_be_called() -> None:
    gateway = ManualGateway("generic")
    assert gateway.is_manual
    assert not gateway.looks_up_deposits
    assert not gateway.looks_up_payouts
    told = DepositTold("BTC", TX, 0, "bc1q", 1, 1)
    with pytest.raises(GatewayAway):
        await gateway.make_address("BTC", "d1")
    with pytest.raises(GatewayAway):
        await gateway.look_up(told)
    with pytest.raises(GatewayAway):
        await gateway.balances()
    assert await gateway.list_deposits("BTC", "bc1q") == ()
    with pytest.raises(NotSent):
        await gateway.send(PayoutOrder("w1-1", "BTC", "bc1q", 1))
    assert (await gateway.find_payout("w1-1", "a")).stage is PayoutStage.CANNOT_SAY
