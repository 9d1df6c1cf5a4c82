"""The SHKeeper of the tests does what the real one does: it tells until it is heard, and pays twice."""

import json

import httpx
import pytest

from tests.fakes.shkeeper import Fault, hang_up, shkeeper, slow
from tests.fakes.shkeeper_books import ShkeeperBooks, make_address

CALLBACK = "https://cards.example/deposit"


async def test_a_callback_is_told_until_it_is_taken() -> None:
    books = ShkeeperBooks()
    invoice = books.open_invoice("BTC", "d1", CALLBACK)
    books.confirm(books.see("BTC", invoice.address, "0.1"))
    answers = iter([500, 202, 202, 404])
    told: list[tuple[str, str]] = []

    async def post(url: str, headers: dict[str, str], raw: bytes) -> int:
        told.append((url, json.loads(raw)["status"]))
        return next(answers)

    assert await books.tell(post) == [500, 202]
    assert [callback.tries for callback in books.due] == [1]
    assert await books.tell(post) == [202]
    assert await books.tell(post) == []
    assert told == [(CALLBACK, "unconfirmed"), (CALLBACK, "PARTIAL"), (CALLBACK, "unconfirmed")]


def test_all_confirmed_transactions_of_an_invoice_are_listed() -> None:
    books = ShkeeperBooks()
    invoice = books.open_invoice("ETH", "d1", CALLBACK)
    first, second = (books.see("ETH", invoice.address, amount) for amount in ("0.1", "0.2"))
    books.confirm(first)
    books.confirm(second)
    listed = books.due[-1].body["transactions"]
    assert [(one["txid"], one["trigger"]) for one in listed] == [(first, False), (second, True)]
    books.forget(first)
    assert [one.txid for one in books.transactions] == [second]
    assert str(books.balances["ETH"]) == "0.2"


def test_the_same_address_for_the_same_id_and_another_for_each_coin() -> None:
    books = ShkeeperBooks()
    assert books.open_invoice("ETH", "d1", "a").address == books.open_invoice("ETH", "d1", "b").address
    assert books.open_invoice("ETH", "d1", "a").address != books.open_invoice("ETH-USDT", "d2", "a").address
    assert make_address("BTC", "1", "tb").startswith("tb1q")


def test_what_is_closed_after_it_was_done_is_done() -> None:
    asked = {"amount": "1", "destination": "a", "fee": "1", "callback_url": "b", "external_id": "w1-1"}
    with shkeeper() as stub, httpx.Client(trust_env=False, auth=(stub.login, stub.password)) as http:
        url = f"{stub.url}/api/v1/BTC/payout"
        stub.script("payout", hang_up(), hang_up(is_done=False), Fault())
        for _ in range(2):
            with pytest.raises(httpx.RemoteProtocolError):
                http.post(url, json=asked)
        assert len(stub.books.payouts) == 1
        assert http.post(url, json=asked).json()["external_id"] == "w1-1"
        assert [one.external_id for one in stub.books.payouts] == ["w1-1", "w1-1"]
        stub.books.pays_at_once = True
        task = stub.books.payouts[0].task_id
        assert http.get(f"{stub.url}/api/v1/BTC/task/{task}").json()["status"] == "SUCCESS"
        assert [one.is_paid for one in stub.books.payouts] == [True, False]
        assert http.get(f"{stub.url}/api/v1/BTC/task/never").json() == {"status": "PENDING", "result": None}


def test_nobody_waits_for_a_slow_answer_at_the_end() -> None:
    with shkeeper() as stub, httpx.Client(trust_env=False, timeout=0.5) as http:
        stub.script("crypto", slow(3600.0))
        with pytest.raises(httpx.ReadTimeout):
            http.get(f"{stub.url}/api/v1/crypto")
    assert stub.closing.is_set()
