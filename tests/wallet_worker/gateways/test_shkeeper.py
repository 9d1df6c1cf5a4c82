"""The adapter against a SHKeeper that errs in every way it can."""

import json
from collections.abc import Awaitable, Callable

import pytest
from attrs import evolve

from cardroom.service.settings import BadSettings, Secret
from tests.fakes.shkeeper import Fault, answer_with, error_with_200, hang_up, shkeeper, slow
from tests.fakes.shkeeper_books import make_address
from tests.wallet_worker.gateways.house_coins import PUBLIC_URL, book, coin, connected
from tests.wallet_worker.gateways.test_calls import SHORT, closed_port
from wallet_worker.gateways.coin_names import coins_at
from wallet_worker.gateways.port import (
    DepositTold,
    Doubtful,
    GatewayAway,
    NotSent,
    PayoutOrder,
    PayoutStage,
)
from wallet_worker.gateways.shkeeper import Shkeeper, ShkeeperKeys
from wallet_worker.rules.coins import read_tx_hash

TO_BTC = make_address("BTC", "somebody's")
ORDER = PayoutOrder("w7-1", "BTC", TO_BTC, 50_000_000)
TO_ETH = make_address("ETH", "somebody's")

UNUSABLE = [
    error_with_200(),
    answer_with(500, b'{"status":"error","message":"x"}'),
    answer_with(400, b'{"status":"error","message":"x"}'),
    answer_with(401, b"Unauthorized"),
    answer_with(302, b""),
    answer_with(200, b""),
    answer_with(200, b"<html>"),
    answer_with(200, b"[]"),
    answer_with(200, b'{"status":"success"}'),
    answer_with(200, b'{"status":"success","status":"success"}'),
    answer_with(200, b"[" * 100_000),
    hang_up(),
]
"""What no look-up can use."""


async def test_an_address_is_of_an_invoice_that_is_never_paid_up() -> None:
    with shkeeper() as stub:
        async with connected(stub) as gateway:
            given = await gateway.make_address("USDT", "d12")
            again = await gateway.make_address("USDT", "d12")
            other = await gateway.make_address("USDT", "d13")
        asked = json.loads(stub.calls("payment_request")[0].body)
    assert given == again
    assert given.address != other.address
    assert given.gateway_ref == "1"
    assert asked == {
        "external_id": "d12",
        "fiat": "USD",
        "amount": "1000000000",
        "callback_url": f"{PUBLIC_URL}/api/v1/wallet/webhook/shkeeper/deposit",
    }
    assert stub.calls("payment_request")[0].path == "/api/v1/ETH-USDT/payment_request"


@pytest.mark.parametrize("fault", [*UNUSABLE, answer_with(200, b'{"status":"success","wallet":"a b"}')])
async def test_without_an_address_the_gateway_is_away(fault: Fault) -> None:
    with shkeeper() as stub:
        stub.script("payment_request", fault)
        async with connected(stub) as gateway:
            with pytest.raises(GatewayAway):
                await gateway.make_address("BTC", "d1")
            assert (await gateway.make_address("BTC", "d1")).address.startswith("bc1")


async def test_a_wrong_key_and_an_unknown_coin_are_no_address() -> None:
    with shkeeper() as stub:
        async with connected(stub) as gateway:
            wrong = evolve(gateway, keys=evolve(gateway.keys, api_key=Secret("another key")))
            with pytest.raises(GatewayAway):
                await wrong.make_address("BTC", "d1")
            with pytest.raises(GatewayAway):
                await gateway.make_address("DOGE", "d1")


def told_of(txid: str, address: str, amount: int, coin: str = "BTC") -> DepositTold:
    tx_hash = read_tx_hash(txid)
    assert tx_hash is not None
    confirmations = 3 if coin == "BTC" else 12
    return DepositTold(coin, tx_hash, None, address, amount, confirmations, "d1", tells_depth=False)


async def test_a_deposit_is_found_as_far_as_it_is() -> None:
    with shkeeper() as stub:
        async with connected(stub) as gateway:
            address = (await gateway.make_address("BTC", "d1")).address
            txid = stub.books.see("BTC", address, "0.01")
            told = told_of(txid, address, 1_000_000)
            assert await gateway.look_up(told) == evolve(told, confirmations=0)
            stub.books.confirm(txid)
            assert await gateway.look_up(told) == told
            assert await gateway.list_deposits("BTC", address) == [evolve(told, external_id=None)]
            stub.books.forget(txid)
            assert await gateway.look_up(told) is None
            assert await gateway.list_deposits("BTC", address) == []


async def test_what_comes_to_an_address_is_found_after_its_coin_has_moved_to_another_gateway() -> None:
    coins = dict(book().coins) | {"BTC": coin("by_hand", "btc", 3)}
    moved = coins | {"BTC": evolve(coins["BTC"], former={"shkeeper": "BTC"})}
    with shkeeper() as stub:
        async with connected(stub) as gateway:
            address = (await gateway.make_address("BTC", "d1")).address
            txid = stub.books.see("BTC", address, "0.01")
            stub.books.confirm(txid)
            gone = evolve(gateway, coins=coins_at("shkeeper", evolve(book(), coins=coins)))
            with pytest.raises(GatewayAway):
                await gone.list_deposits("BTC", address)
            former = evolve(gateway, coins=coins_at("shkeeper", evolve(book(), coins=moved)))
            told = told_of(txid, address, 1_000_000)
            assert await former.look_up(told) == told
            taken = await former.send(ORDER)
            assert (await former.find_payout("w7-1", taken.task_id)).stage is PayoutStage.UNDER_WAY


async def test_the_record_says_its_own_amount_whatever_was_told() -> None:
    with shkeeper() as stub:
        async with connected(stub) as gateway:
            address = (await gateway.make_address("ETH", "d1")).address
            txid = stub.books.see("ETH", address, "0.123456789012345678")
            stub.books.confirm(txid)
            found = await gateway.look_up(told_of(txid, address, 1, "ETH"))
    assert found is not None
    assert found.coin_amount == 123_456_789_012_345_678


async def test_letters_of_an_address_are_the_askers() -> None:
    mixed = "0x" + "aB" * 20
    with shkeeper() as stub:
        record = {
            "addr": mixed.lower(),
            "amount": "1",
            "crypto": "ETH",
            "status": "CONFIRMED",
            "txid": "0x" + "1" * 64,
        }
        body = json.dumps({"status": "success", "transactions": [record]}).encode()
        stub.script("transactions", answer_with(200, body), answer_with(200, body))
        async with connected(stub) as gateway:
            (found,) = await gateway.list_deposits("ETH", mixed)
            assert await gateway.list_deposits("ETH", "0x" + "cd" * 20) == []
    assert found.address == mixed


@pytest.mark.parametrize("fault", UNUSABLE)
async def test_a_look_up_without_an_answer_is_none(fault: Fault) -> None:
    with shkeeper() as stub:
        stub.script("transactions", fault, fault)
        async with connected(stub) as gateway:
            with pytest.raises(GatewayAway):
                await gateway.look_up(told_of("1" * 64, TO_BTC, 1))
            with pytest.raises(GatewayAway):
                await gateway.list_deposits("BTC", TO_BTC)


async def test_two_amounts_of_one_transaction_are_none() -> None:
    records = [
        {"addr": TO_BTC, "amount": amount, "crypto": "BTC", "status": "CONFIRMED", "txid": "1" * 64}
        for amount in ("1", "2")
    ]
    body = json.dumps({"status": "success", "transactions": records}).encode()
    with shkeeper() as stub:
        stub.script("transactions", answer_with(200, body))
        async with connected(stub) as gateway:
            with pytest.raises(GatewayAway):
                await gateway.look_up(told_of("1" * 64, TO_BTC, 10**8))


async def test_a_payout_is_asked_for_as_documented() -> None:
    with shkeeper() as stub:
        async with connected(stub) as gateway:
            taken = await gateway.send(ORDER)
            await gateway.send(PayoutOrder("w8-1", "USDC", TO_ETH, 1_500_000))
        first, second = stub.calls("payout")
    assert taken.task_id == f"BTC/{stub.books.payouts[0].task_id}"
    assert json.loads(first.body) == {
        "amount": "0.50000000",
        "destination": TO_BTC,
        "fee": "10",
        "callback_url": f"{PUBLIC_URL}/api/v1/wallet/webhook/shkeeper/payout",
        "external_id": "w7-1",
    }
    assert "x-shkeeper-api-key" not in first.headers
    assert (second.path, json.loads(second.body)["amount"]) == ("/api/v1/ETH-USDC/payout", "1.500000")


DOUBTFUL = [
    hang_up(),
    hang_up(is_done=False),
    error_with_200("not enough funds"),
    answer_with(500, b'{"status":"error","message":"x"}', is_done=True),
    answer_with(502, b"<html>"),
    answer_with(504, b""),
    answer_with(302, b""),
    answer_with(202, b'{"task_id":"a","external_id":"w7-1"}'),
    answer_with(404, b"<html>"),
    answer_with(400, b"<html>"),
    answer_with(400, b'{"status":"error","task_id":"a"}'),
    answer_with(408, b'{"status":"error"}'),
    answer_with(409, b'{"status":"error","message":"exists already"}'),
    answer_with(200, b"", is_done=True),
    answer_with(200, b'{"task_id":null,"external_id":"w7-1"}'),
    answer_with(200, b'{"task_id":"a/b","external_id":"w7-1"}'),
    answer_with(200, b'{"task_id":"a","external_id":"w8-1"}'),
    answer_with(200, b'{"task_id":"a"}'),
    answer_with(200, b" " * 1_100_000, is_done=True),
]


@pytest.mark.parametrize("fault", DOUBTFUL)
async def test_what_may_have_been_taken_is_doubtful(fault: Fault) -> None:
    with shkeeper() as stub:
        stub.script("payout", fault)
        async with connected(stub) as gateway:
            with pytest.raises(Doubtful):
                await gateway.send(ORDER)
        assert len(stub.calls("payout")) == 1, "a payout was sent again"


async def test_a_payout_without_an_answer_in_time_is_doubtful() -> None:
    with shkeeper() as stub:
        stub.script("payout", slow(20.0))
        async with connected(stub, SHORT) as gateway:
            with pytest.raises(Doubtful):
                await gateway.send(ORDER)
        assert len(stub.books.payouts) == 1


@pytest.mark.parametrize(
    ("status", "is_final"), [(400, True), (422, True), (401, False), (403, False), (404, False), (429, False)]
)
async def test_a_clear_refusal_is_not_sent(status: int, is_final: bool) -> None:
    with shkeeper() as stub:
        stub.script("payout", answer_with(status, b'{"status":"error","message":"no"}'))
        async with connected(stub) as gateway:
            with pytest.raises(NotSent) as caught:
                await gateway.send(ORDER)
        assert stub.books.payouts == []
    assert caught.value.is_final is is_final


async def test_without_a_connection_or_the_password_nothing_is_sent() -> None:
    with shkeeper() as stub, closed_port() as nowhere:
        async with connected(stub, url=nowhere) as gateway:
            with pytest.raises(NotSent) as caught:
                await gateway.send(ORDER)
            assert not caught.value.is_final
        stub.password = "changed meanwhile"
        async with connected(stub) as gateway:
            wrong = evolve(gateway, keys=evolve(gateway.keys, password=Secret("wrong")))
            with pytest.raises(NotSent):
                await wrong.send(ORDER)
            with pytest.raises(NotSent) as caught:
                await gateway.send(evolve(ORDER, coin="DOGE"))
            assert caught.value.is_final
    assert stub.books.payouts == []


async def test_a_task_is_followed_until_it_is_paid() -> None:
    with shkeeper() as stub:
        async with connected(stub) as gateway:
            taken = await gateway.send(ORDER)
            pending = await gateway.find_payout("w7-1", taken.task_id)
            txid = stub.books.pay(stub.books.payout_of("w7-1"))
            paid = await gateway.find_payout("w7-1", taken.task_id)
    assert (pending.stage, pending.task_id) == (PayoutStage.UNDER_WAY, taken.task_id)
    assert (paid.stage, paid.tx_hash, paid.coin_amount) == (PayoutStage.PAID, txid, 50_000_000)
    assert (paid.external_id, paid.task_id, paid.coin) == ("w7-1", taken.task_id, "BTC")


@pytest.mark.parametrize("is_task_failed", [True, False])
async def test_a_payout_that_fails_later_has_failed(is_task_failed: bool) -> None:
    with shkeeper() as stub:
        async with connected(stub) as gateway:
            taken = await gateway.send(evolve(ORDER, coin="ETH", address=TO_ETH))
            stub.books.fail(stub.books.payout_of("w7-1"), "no\x00 gas", is_task_failed=is_task_failed)
            failed = await gateway.find_payout("w7-1", taken.task_id)
    assert (failed.stage, failed.detail, failed.tx_hash) == (PayoutStage.FAILED, "no gas", None)


@pytest.mark.parametrize("task_id", [None, "", "a", "DOGE/a", "BTC/", "BTC/a b", "BTC/a/../b", "btc/a"])
async def test_without_a_task_nothing_can_be_said(task_id: str | None) -> None:
    with shkeeper() as stub:
        async with connected(stub) as gateway:
            found = await gateway.find_payout("w7-1", task_id)
        assert stub.asked == []
    assert (found.stage, found.task_id) == (PayoutStage.CANNOT_SAY, task_id)


@pytest.mark.parametrize("fault", UNUSABLE)
async def test_a_task_that_does_not_answer_leaves_it_open(fault: Fault) -> None:
    with shkeeper() as stub:
        stub.script("task", fault)
        async with connected(stub) as gateway:
            with pytest.raises(GatewayAway):
                await gateway.find_payout("w7-1", "BTC/a")


async def test_balances_are_of_every_coin() -> None:
    with shkeeper() as stub:
        async with connected(stub) as gateway:
            address = (await gateway.make_address("BTC", "d1")).address
            stub.books.confirm(stub.books.see("BTC", address, "0.01"))
            assert await gateway.balances() == {"BTC": 1_000_000, "ETH": 0, "USDT": 0, "USDC": 0}
        assert stub.calls("balances")[0].path.endswith("?includes=BTC,ETH,ETH-USDC,ETH-USDT")


@pytest.mark.parametrize("fault", UNUSABLE)
async def test_without_balances_the_gateway_is_away(fault: Fault) -> None:
    with shkeeper() as stub:
        stub.script("balances", fault)
        async with connected(stub) as gateway:
            with pytest.raises(GatewayAway):
                await gateway.balances()


Ask = Callable[[Shkeeper], Awaitable[object]]


@pytest.mark.parametrize(
    "ask",
    [
        lambda gateway: gateway.make_address("BTC", "d1"),
        lambda gateway: gateway.look_up(told_of("1" * 64, TO_BTC, 1)),
        lambda gateway: gateway.list_deposits("BTC", TO_BTC),
        lambda gateway: gateway.find_payout("w7-1", "BTC/a"),
        lambda gateway: gateway.balances(),
    ],
)
async def test_a_gateway_that_is_not_there_is_away(ask: Ask) -> None:
    with shkeeper() as stub, closed_port() as nowhere:
        async with connected(stub, url=nowhere) as gateway:
            with pytest.raises(GatewayAway):
                await ask(gateway)
        stub.always = slow(20.0)
        async with connected(stub, SHORT) as gateway:
            with pytest.raises(GatewayAway):
                await ask(gateway)


async def test_its_keys_do_not_show_themselves_and_fit_into_a_header() -> None:
    with shkeeper() as stub:
        async with connected(stub) as gateway:
            shown = repr(gateway)
        assert stub.books.api_key not in shown
        assert stub.password not in shown
    for key in ("schlüssel", "a\nb"):
        with pytest.raises(BadSettings):
            ShkeeperKeys(Secret(key), Secret("house"), Secret("a password"))
