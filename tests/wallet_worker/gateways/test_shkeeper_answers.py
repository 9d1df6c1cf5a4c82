"""SHKeeper's answers: what each says, and that only this is ever raised: that it cannot be read."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wallet_worker.gateways.house_coins import TX, names
from tests.wallet_worker.gateways.mutations import Json, changed
from wallet_worker.gateways.calls import Answer
from wallet_worker.gateways.port import PayoutFound, PayoutStage
from wallet_worker.gateways.shkeeper_answers import (
    holdings_in,
    is_refusal,
    stage_of_task,
    success_in,
    task_in,
    transactions_in,
)
from wallet_worker.gateways.strict_json import Unreadable

COINS: Final = names()
BTC: Final = COINS.by_symbol["BTC"]
ADDRESS: Final = "bc1qx8td9nw3j6kduu0kn8zkys36fvechnedf5t4mv"
PAID: Final[Json] = {"dest": ADDRESS, "amount": "0.5", "status": "success", "txids": [TX]}
RECORD: Final[Json] = {"addr": ADDRESS, "amount": "0.5", "crypto": "BTC", "status": "CONFIRMED", "txid": TX}
HELD: Final[list[Json]] = [
    {"name": name, "amount_crypto": "1.5", "server_status": "Synced"} for name in COINS.by_name
]


def answer(body: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode())


def task(status: str, result: Any) -> PayoutFound:
    return stage_of_task(answer({"status": status, "result": result}), "w1-1", BTC)


def records(*listed: Json) -> Answer:
    return answer({"status": "success", "transactions": list(listed)})


def test_success_is_said_in_the_body() -> None:
    assert success_in(answer({"status": "success", "a": 1}))["a"] == 1
    for bad in (answer({"status": "error"}), answer({"status": "success"}, 500), answer([]), answer({})):
        with pytest.raises(Unreadable):
            success_in(bad)


def test_a_record_is_told_as_confirmed_or_not() -> None:
    unconfirmed = RECORD | {"status": "UNCONFIRMED", "txid": "1" * 64}
    first, second = transactions_in(records(RECORD, unconfirmed), BTC)
    assert (first.tx_hash, first.coin_amount, first.confirmations) == (TX, 50_000_000, 3)
    assert (second.tx_hash, second.confirmations) == ("1" * 64, 0)


@pytest.mark.parametrize(
    "changes", [{"crypto": "ETH"}, {"amount": "0"}, {"amount": "1E-8"}, {"amount": "0E-8"}]
)
def test_other_coins_and_dust_are_left_out(changes: Json) -> None:
    assert len(transactions_in(records(RECORD, RECORD | changes), BTC)) == 1


@pytest.mark.parametrize("changes", [{"amount": 1}, {"amount": "0.500000001"}, {"txid": "1"}, {"addr": ""}])
def test_a_record_that_is_not_exact_makes_all_unreadable(changes: Json) -> None:
    with pytest.raises(Unreadable):
        transactions_in(records(RECORD, RECORD | changes), BTC)


def test_a_task_says_how_its_payout_stands() -> None:
    assert task("PENDING", None).stage is PayoutStage.UNDER_WAY
    assert task("FAILURE", "no money").detail == "no money"
    assert task("FAILURE", None).stage is PayoutStage.FAILED
    assert task("SUCCESS", [PAID]) == PayoutFound(
        "w1-1", PayoutStage.PAID, TX, 50_000_000, coin="BTC", address=ADDRESS
    )
    failed = task("SUCCESS", [{"dest": ADDRESS, "amount": "0.5", "status": "error", "message": "x" * 900}])
    assert (failed.stage, len(failed.detail)) == (PayoutStage.FAILED, 200)


def test_further_transactions_of_a_payout_are_told_to_people() -> None:
    found = task("SUCCESS", [PAID | {"txids": [f"0x{TX}", "1" * 64]}])
    assert (found.tx_hash, found.detail) == (TX, "1" * 64)


@pytest.mark.parametrize(
    "result",
    [
        [],
        [PAID, PAID],
        [PAID, PAID | {"status": "error", "txids": []}],
        [PAID | {"txids": []}],
        [PAID | {"status": "error"}],
    ],
)
def test_a_result_that_is_neither_sent_nor_failed_is_a_persons(result: list[Json]) -> None:
    assert task("SUCCESS", result).stage is PayoutStage.CANNOT_SAY


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("RETRY", None),
        ("success", [PAID]),
        ("SUCCESS", None),
        ("SUCCESS", "done"),
        ("SUCCESS", [None]),
        ("SUCCESS", [PAID | {"status": "maybe"}]),
        ("SUCCESS", [PAID | {"txids": TX}]),
        ("SUCCESS", [PAID | {"txids": ["12"]}]),
        ("SUCCESS", [PAID | {"txids": [None]}]),
        ("SUCCESS", [PAID | {"amount": 0.5}]),
    ],
)
def test_another_result_says_nothing(status: str, result: Any) -> None:
    with pytest.raises(Unreadable):
        task(status, result)


def test_a_refusal_is_clear_or_none() -> None:
    error = {"status": "error", "message": "x"}
    assert [is_refusal(answer(error, status)) for status in (400, 422)] == [True, True]
    assert [is_refusal(answer(error, status)) for status in (401, 403, 404, 429)] == [False] * 4
    assert [is_refusal(Answer(status, b"<html>")) for status in (401, 403)] == [False, False]
    unclear = [answer(error, status) for status in (200, 302, 408, 409, 425, 500, 503)]
    unclear += [
        Answer(404, b"<html>"),
        answer({}, 400),
        answer([], 400),
        answer(error | {"task_id": "a"}, 400),
    ]
    assert [is_refusal(one) for one in unclear] == [None] * len(unclear)


def test_a_task_is_that_of_our_payout() -> None:
    assert task_in(answer({"task_id": "b2a01bb0-8abe", "external_id": "w1-1"}), "w1-1") == "b2a01bb0-8abe"
    others: list[Any] = [
        {"task_id": "a", "external_id": "w1-2"},
        {"task_id": "a"},
        {"external_id": "w1-1"},
        [],
    ]
    for body in others:
        with pytest.raises(Unreadable):
            task_in(answer(body), "w1-1")


def test_holdings_are_of_every_coin_in_both_ways_of_answering() -> None:
    expected = {"BTC": 150_000_000, "ETH": 15 * 10**17, "USDT": 1_500_000, "USDC": 1_500_000}
    assert holdings_in(answer(HELD), COINS) == expected
    other = {"name": "DOGE", "amount_crypto": "x"}
    assert holdings_in(answer({"status": "success", "balances": [*HELD, other]}), COINS) == expected


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1234567.1234560001", 1_234_567_123_456), ("0.0000005", 1), ("0.0000004999", 0), ("0", 0)],
)
def test_decimals_that_no_coin_has_are_rounded_to_the_nearest_unit(text: str, amount: int) -> None:
    listed = [one | ({"amount_crypto": text} if one["name"] == "ETH-USDT" else {}) for one in HELD]
    assert holdings_in(answer(listed), COINS)["USDT"] == amount


@pytest.mark.parametrize(
    "listed",
    [
        [],
        HELD[1:],
        [*HELD, HELD[0]],
        [HELD[0] | {"server_status": "Offline"}, *HELD[1:]],
        [HELD[0] | {"amount_crypto": 1.5}, *HELD[1:]],
        [HELD[0] | {"amount_crypto": "-1"}, *HELD[1:]],
        [HELD[0] | {"amount_crypto": "1E+2"}, *HELD[1:]],
        [None, *HELD],
    ],
)
def test_holdings_are_all_known_or_none(listed: list[Any]) -> None:
    for body in (listed, {"status": "success", "balances": listed}):
        with pytest.raises(Unreadable):
            holdings_in(answer(body), COINS)
    with pytest.raises(Unreadable):
        holdings_in(answer({"status": "error", "balances": HELD}), COINS)


READERS: Final[list[Callable[[Answer], object]]] = [
    success_in,
    is_refusal,
    lambda given: transactions_in(given, BTC),
    lambda given: stage_of_task(given, "w1-1", BTC),
    lambda given: task_in(given, "w1-1"),
    lambda given: holdings_in(given, COINS),
]
GOOD: Final = st.sampled_from(
    [
        {"status": "success", "transactions": [RECORD]},
        {"status": "SUCCESS", "result": [PAID]},
        {"status": "success", "balances": HELD},
        {"task_id": "a", "external_id": "w1-1"},
    ]
)


@given(good=GOOD, data=st.data(), status=st.sampled_from([200, 200, 400, 404, 500]))
def test_any_answer_is_read_or_unreadable(good: Json, data: st.DataObject, status: int) -> None:
    given_answer = answer(data.draw(changed(good)), status)
    for read in READERS:
        try:
            read(given_answer)
        except Unreadable:
            continue


@given(body=st.binary(max_size=100))
def test_any_bytes_are_unreadable(body: bytes) -> None:
    for read in (success_in, READERS[2], READERS[3]):
        with pytest.raises(Unreadable):
            read(Answer(200, body))
