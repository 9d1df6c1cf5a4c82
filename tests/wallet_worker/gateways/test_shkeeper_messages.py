"""SHKeeper's callbacks: read exactly as they are meant, and everything else refused with a code."""

from copy import deepcopy
from typing import Any, Final

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cardroom.wire.refusals import Refusal
from tests.fakes.shkeeper_books import ShkeeperBooks
from tests.wallet_worker.gateways.house_coins import NOW, SECRET, TX, by_shkeeper, names
from tests.wallet_worker.gateways.mutations import Json, changed, outcome, written
from wallet_worker.gateways.port import DepositTold, PayoutFound, PayoutStage
from wallet_worker.gateways.shkeeper_messages import ShkeeperReader
from wallet_worker.gateways.signatures import SHKEEPER_HEADERS, SignatureCheck
from wallet_worker.rules.coins import COINS

READER: Final = ShkeeperReader(SignatureCheck(SECRET, SHKEEPER_HEADERS, 300), names())
ADDRESS: Final = "0x6f2Fc9D7205B7D9037dDE45B5f9e12B18EA07e27"
OTHER_TX: Final = "cd" * 32

INVOICE: Final[Json] = {
    "external_id": "d147",
    "crypto": "ETH-USDT",
    "addr": ADDRESS,
    "fiat": "USD",
    "balance_fiat": "17.80",
    "balance_crypto": "17.80000000",
    "paid": False,
    "status": "PARTIAL",
    "transactions": [
        {
            "txid": f"0x{TX}",
            "date": "2026-06-25 15:45:38",
            "amount_crypto": "7.80000000",
            "amount_fiat": "7.80",
            "trigger": True,
            "crypto": "ETH-USDT",
        },
        {
            "txid": f"0x{OTHER_TX.upper()}",
            "date": "2026-06-24 15:45:38",
            "amount_crypto": "10",
            "amount_fiat": "10.00",
            "trigger": False,
            "crypto": "ETH-USDT",
        },
    ],
    "fee_percent": "2",
    "fee_fixed": "0",
    "overpaid_fiat": "0.00",
}
UNCONFIRMED: Final[Json] = {
    "status": "unconfirmed",
    "external_id": "d147",
    "crypto": "BTC",
    "addr": "bc1qx8td9nw3j6kduu0kn8zkys36fvechnedf5t4mv",
    "txid": TX,
    "amount": "0.01",
}
PAYOUT: Final[Json] = {
    "payout_id": 14,
    "external_id": "w12-1",
    "tx_hash": TX.upper(),
    "status": "SUCCESS",
    "amount": "0.5000000000",
    "crypto": "BTC",
    "amount_fiat": "4.364200000000000000",
    "currency_fiat": "USD",
    "timestamp": "2026-11-27T13:49:22",
}


def read(body: Any, now: float = NOW) -> Any:
    return outcome(READER, by_shkeeper(body), now)


def read_payout(body: Any) -> Any:
    return outcome(READER, by_shkeeper(body), NOW, is_payout=True)


def invoice(**changes: Any) -> Json:
    return deepcopy(INVOICE) | changes


def with_transaction(**changes: Any) -> Json:
    body = invoice()
    body["transactions"][0] |= changes
    return body


def test_every_transaction_of_an_invoice_is_told() -> None:
    first = DepositTold("USDT", TX, None, ADDRESS, 7_800_000, 12, "d147")
    earlier = evolve(first, tx_hash=OTHER_TX, coin_amount=10_000_000, confirmations=0, tells_depth=False)
    assert read(INVOICE) == (first, earlier)


@pytest.mark.parametrize("status", ["PARTIAL", "PAID", "OVERPAID"])
def test_how_much_of_the_invoice_is_paid_does_not_matter(status: str) -> None:
    assert read(invoice(status=status)) == read(INVOICE)


@pytest.mark.parametrize("trigger", [False, None, "yes", 1])
def test_only_the_transaction_that_made_it_speak_is_deep_enough(trigger: Any) -> None:
    first, earlier = read(INVOICE)
    assert read(with_transaction(trigger=trigger)) == (
        evolve(first, confirmations=0, tells_depth=False),
        earlier,
    )


def test_an_unconfirmed_one_has_no_confirmations() -> None:
    assert read(UNCONFIRMED) == (DepositTold("BTC", TX, None, UNCONFIRMED["addr"], 1_000_000, 0, "d147"),)


def test_a_confirmed_one_has_what_its_coin_needs() -> None:
    body = with_transaction(crypto="BTC") | {"crypto": "BTC"}
    body["transactions"].pop()
    (told,) = read(body)
    assert (told.coin, told.coin_amount, told.confirmations) == ("BTC", 780_000_000, 3)


def test_other_fields_do_not_matter_and_an_invoice_without_our_id_is_told() -> None:
    for external_id in ("ü", "", "a b", "x" * 65, None):
        told = read(invoice(external_id=external_id, more={"a": [1]}))
        assert [one.external_id for one in told] == [None, None]
    assert read(invoice(external_id=12)) is Refusal.MALFORMED
    body = invoice()
    del body["fee_fixed"], body["external_id"], body["paid"]
    assert [one.coin_amount for one in read(body)] == [7_800_000, 10_000_000]


@pytest.mark.parametrize("amount", ["0", "0.00000000", "0E-8", "1E-7", "1.20E-7"])
def test_dust_does_not_keep_the_others_from_being_told(amount: str) -> None:
    assert read(with_transaction(amount_crypto=amount)) == read(INVOICE)[1:]
    assert read(UNCONFIRMED | {"amount": amount}) == ()


@pytest.mark.parametrize(
    "amount",
    [
        7.8,
        7,
        None,
        True,
        "",
        "-1",
        "+1",
        "1e3",
        "1E+3",
        "NaN",
        "Infinity",
        "1,5",
        " 1",
        "1.0000001",
        "0x1",
        "1_0",
        ["1"],
    ],
)
def test_an_amount_that_is_not_exact_is_refused(amount: Any) -> None:
    assert read(with_transaction(amount_crypto=amount)) is Refusal.MALFORMED
    assert read(UNCONFIRMED | {"crypto": "ETH-USDC", "amount": amount}) is Refusal.MALFORMED


def test_the_same_transaction_listed_twice_is_one_unless_it_differs() -> None:
    body = invoice()
    body["transactions"].append(dict(body["transactions"][0], txid=TX.upper(), trigger=False))
    assert read(body) == read(INVOICE)
    body["transactions"][-1]["amount_crypto"] = "7.81"
    assert read(body) is Refusal.MALFORMED


@pytest.mark.parametrize("coin", ["DOGE", "USDT", "eth-usdt", "ETH-USDT2"])
def test_a_coin_that_does_not_come_in_here_is_refused(coin: str) -> None:
    assert read(invoice(crypto=coin)) is Refusal.WRONG_COIN
    assert read(UNCONFIRMED | {"crypto": coin}) is Refusal.WRONG_COIN
    assert read_payout(PAYOUT | {"crypto": coin}) is Refusal.WRONG_COIN


@pytest.mark.parametrize("coin", ["ETH", "BTC", "DOGE", None, 1])
def test_a_transaction_of_another_coin_than_the_invoice_is_refused(coin: Any) -> None:
    assert read(with_transaction(crypto=coin)) is Refusal.WRONG_COIN


@pytest.mark.parametrize("txid", ["", "12", TX[:-1], f"{TX}0", f"0x0x{TX}", "g" * 64, None, 1, f" {TX}"])
def test_what_is_no_transaction_is_refused(txid: Any) -> None:
    assert read(with_transaction(txid=txid)) is Refusal.MALFORMED
    assert read(UNCONFIRMED | {"txid": txid}) is Refusal.MALFORMED
    assert read_payout(PAYOUT | {"tx_hash": txid}) is Refusal.MALFORMED


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "UNPAID"},
        {"status": "EXPIRED"},
        {"status": None},
        {"addr": ""},
        {"addr": "a b"},
        {"addr": "x" * 129},
        {"addr": None},
        {"transactions": None},
        {"transactions": {}},
        {"transactions": [1]},
        {"crypto": None},
    ],
)
def test_another_body_is_refused(changes: Json) -> None:
    assert read(invoice(**changes)) is Refusal.MALFORMED


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 50_000, b'{"status":"PAID","status":"PAID"}']
)
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    assert read(raw) is Refusal.MALFORMED
    assert read_payout(raw) is Refusal.MALFORMED


def test_a_payout_that_was_sent_is_told() -> None:
    assert read_payout(PAYOUT) == PayoutFound("w12-1", PayoutStage.PAID, TX, 50_000_000, coin="BTC")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "FAILURE"},
        {"status": "IN_PROGRESS"},
        {"status": None},
        {"external_id": None},
        {"external_id": ""},
        {"external_id": 12},
        {"amount": 0.5},
        {"amount": "0.500000001"},
        {"amount": "5E-1"},
        {"tx_hash": None},
    ],
)
def test_nothing_else_is_told_of_payouts(changes: Json) -> None:
    assert read_payout(PAYOUT | changes) is Refusal.MALFORMED


def test_messages_of_one_path_are_nothing_on_the_other() -> None:
    assert read(PAYOUT) is Refusal.MALFORMED
    assert read_payout(INVOICE) is Refusal.MALFORMED


def test_what_the_stub_tells_is_read() -> None:
    books = ShkeeperBooks(api_key=SECRET.value)
    found = books.open_invoice("ETH", "d1", "https://cards.example/deposit")
    books.confirm(books.see("ETH", found.address, "0.5"))
    payout = books.take_payout(
        "BTC",
        {
            "amount": "0.1",
            "destination": "bc1q",
            "fee": "1",
            "external_id": "w1-1",
            "callback_url": "https://a",
        },
    )
    books.pay(payout)
    sent = [books.deliver(callback) for callback in books.due]
    now = float(sent[0].headers[SHKEEPER_HEADERS.timestamp])
    seen, confirmed, paid = (
        outcome(READER, (one.headers, one.raw), now, is_payout=b"payout_id" in one.raw) for one in sent
    )
    assert isinstance(seen, tuple)
    assert isinstance(confirmed, tuple)
    assert [one.confirmations for one in (*seen, *confirmed)] == [0, 12]
    assert isinstance(paid, PayoutFound)
    assert paid.coin_amount == 10_000_000
    forged = books.deliver(books.due[0], api_key="somebody else's key")
    assert outcome(READER, (forged.headers, forged.raw), now) is Refusal.WEBHOOK_SIGNATURE


GOOD: Final = st.sampled_from([INVOICE, UNCONFIRMED, PAYOUT])


@given(good=GOOD, data=st.data())
def test_a_message_that_was_changed_on_its_way_is_no_signature(good: Json, data: st.DataObject) -> None:
    headers, raw = by_shkeeper(good)
    position = data.draw(st.integers(0, len(raw) - 1))
    other = bytes([data.draw(st.integers(0, 255))])
    mutated = data.draw(
        st.sampled_from(
            [
                raw[:position] + other + raw[position + 1 :],
                raw[:position] + other + raw[position:],
                raw[:position],
            ]
        )
    )
    for is_payout in (True, False):
        refused = outcome(READER, (headers, mutated), NOW, is_payout=is_payout)
        assert refused is Refusal.WEBHOOK_SIGNATURE or mutated == raw


@given(good=GOOD, data=st.data())
def test_whatever_is_signed_is_read_or_refused_with_a_code(good: Json, data: st.DataObject) -> None:
    """Nothing else is ever raised, and what is read can be booked: coin, hash and amount are good."""
    body = data.draw(changed(good))
    said = outcome(READER, by_shkeeper(written(body)), NOW)
    paid = outcome(READER, by_shkeeper(written(body)), NOW, is_payout=True)
    if isinstance(said, tuple):
        for told in said:
            assert told.coin in COINS
            assert 0 < told.coin_amount < 10 ** (COINS[told.coin] + 12)
            assert len(told.tx_hash) == 64
            assert told.address.isalnum()
            assert told.confirmations in (0, 3, 12)
    else:
        assert said in (Refusal.MALFORMED, Refusal.WRONG_COIN)
    assert isinstance(paid, PayoutFound) or paid in (Refusal.MALFORMED, Refusal.WRONG_COIN)


@given(raw=st.binary(max_size=300), seconds=st.integers(-(10**6), 10**6))
def test_any_bytes_at_any_time_are_refused_with_a_code(raw: bytes, seconds: int) -> None:
    refused = outcome(READER, by_shkeeper(raw), NOW + seconds)
    assert refused is (Refusal.MALFORMED if abs(seconds) <= 300 else Refusal.WEBHOOK_TOO_OLD)
