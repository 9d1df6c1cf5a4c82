"""What gateways tell over HTTP: believed by signature, taken once, refused with a code and counted."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import trio

from cardroom.service.http import make_app
from cardroom.service.redis import Redis
from cardroom.service.settings import Secret
from tests.fakes.gateways import made_up_address
from tests.fakes.shkeeper_books import ShkeeperBooks, sign
from tests.wallet_worker.coin_office import (
    SECRET,
    CoinOffice,
    Readers,
    open_coin_office,
    signed,
    write_message,
)
from tests.wallet_worker.coins_in import GATEWAY
from tests.wallet_worker.house import LOG, PURSE, House
from tests.wallet_worker.outside import tx_hash
from wallet_worker.api.webhooks import (
    DEPOSIT_PATH,
    MAX_WEBHOOK_BYTES,
    SHKEEPER_DEPOSIT_PATH,
    SHKEEPER_PAYOUT_PATH,
    Webhooks,
    add_webhooks,
)
from wallet_worker.cashier import deposit_metrics
from wallet_worker.gateways.port import DepositTold, PayoutStage

MANY = 1_000


@pytest.fixture
def office(house: House, redis: Redis) -> CoinOffice:
    return open_coin_office(house, redis)


def counted(code: str, gateway: str = GATEWAY) -> float:
    return float(deposit_metrics.REFUSED.labels(gateway, code)._value.get())


async def send_many(office: CoinOffice, make: Callable[[int], tuple[bytes, dict[str, str]]]) -> Counter[Any]:
    """Send a thousand at once; those that the house is too busy for come again, as gateways do."""
    answers: list[tuple[int, str]] = []

    async def send(number: int) -> None:
        for _ in range(10):
            answer = await office.send(*make(number))
            if answer[0] != 503:
                break
        answers.append(answer)

    async with trio.open_nursery() as nursery:
        for number in range(MANY):
            nursery.start_soon(send, number)
    return Counter(answers)


async def test_a_thousand_times_the_same_bytes_at_once_are_one_credit(office: CoinOffice) -> None:
    told = office.room.gateway.has(await office.room.told(0))
    raw = write_message(told)
    headers = signed(raw)
    before = counted("webhook_replayed")
    answers = await send_many(office, lambda _: (raw, headers))
    assert answers == {(202, "accepted"): 1, (409, "webhook_replayed"): MANY - 1}
    assert counted("webhook_replayed") == before + MANY - 1
    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(office.room.loop.follow_due)
    await office.room.assert_credited_once()


async def test_a_thousand_times_with_a_stamp_of_its_own_are_one_credit(office: CoinOffice) -> None:
    told = office.room.gateway.has(await office.room.told(0))
    raw = write_message(told)

    messages = []
    for number in range(MANY):
        body = raw + b" " * (number // 250)
        messages.append((body, signed(body, ago=number % 250, now=office.room.clock.now)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(follow_until_credited, office)
        answers = await send_many(office, lambda number: messages[number])
    assert answers == {(202, "accepted"): MANY}
    await office.room.assert_credited_once()


async def follow_until_credited(office: CoinOffice) -> None:
    """Let the loop look all the while, so that the credit falls among the messages."""
    with trio.fail_after(20):
        while not await office.room.house.number("SELECT count(*) FROM outside_payment"):
            await office.room.loop.follow_due()
            await trio.sleep(0.01)


async def test_every_refusal_has_its_code_and_is_counted(office: CoinOffice) -> None:
    room = office.room
    told = await room.told(0, confirmations=1)
    ether = await room.told(0, coin="ETH", confirmations=1)
    nobodys = DepositTold("BTC", tx_hash(7), 0, made_up_address("BTC", "x"), 1_000, 1)
    raw = write_message(told)
    assert await office.send(raw, signed(raw)) == (202, "accepted")
    again = signed(raw)
    testnet = "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"
    cases = [
        ((401, "webhook_signature"), raw, signed(raw, secret=Secret("another secret, as long"))),
        ((401, "webhook_signature"), raw + b" ", again),
        ((401, "webhook_signature"), raw, {}),
        ((401, "webhook_signature"), write_message(told, gateway="other"), {}),
        ((401, "webhook_signature"), b"{", {}),
        ((401, "webhook_too_old"), raw, signed(raw, ago=400)),
        ((401, "webhook_too_old"), raw, signed(raw, ago=-400)),
        ((409, "webhook_replayed"), raw, again),
        ((409, "deposit_changed"), write_message(told, amount="0.5"), None),
        ((422, "wrong_coin"), write_message(ether, coin="usdt", amount="5.000000"), None),
        ((422, "wrong_coin"), write_message(told, coin="doge"), None),
        ((422, "wrong_address"), write_message(told, address=testnet), None),
        ((404, "unknown_address"), write_message(nobodys), None),
        ((400, "malformed"), write_message(told, amount="0.000000001"), None),
        ((400, "malformed"), write_message(told, more=1), None),
        ((400, "malformed"), b"{", None),
        ((404, "webhook_unknown"), write_message(told, gateway="other"), None),
    ]
    await office.send(raw, again)
    for expected, body, headers in cases:
        names = [GATEWAY, "unknown"]
        before = sum(counted(expected[1], name) for name in names)
        assert await office.send(body, signed(body) if headers is None else headers) == expected
        assert sum(counted(expected[1], name) for name in names) == before + 1
    assert sorted(await room.states()) == ["review deposit_changed", "unmatched"]
    assert await room.house.wallet(0) == PURSE


async def test_a_body_without_end_is_refused(office: CoinOffice) -> None:
    before = counted("too_large", "unknown")
    raw = b" " * (MAX_WEBHOOK_BYTES + 1)
    assert await office.send(raw, signed(raw)) == (413, "too_large")
    assert counted("too_large", "unknown") == before + 1
    answer = await office.app.test_client().get(DEPOSIT_PATH)
    assert answer.status_code == 405


async def test_shkeepers_callbacks_are_read_and_credited_once(office: CoinOffice) -> None:
    room = office.room
    books = ShkeeperBooks(api_key=SECRET.value)
    address, name = await room.address(0, "USDT"), "usdt"
    sql = "SELECT external_id FROM deposit_address"
    external_id = (await room.house.rows(sql))[0][0]
    listed = {"txid": "0x" + tx_hash(5), "amount_crypto": "10.5", "trigger": True, "crypto": name}
    body = {
        "external_id": external_id,
        "crypto": name,
        "addr": address,
        "status": "PAID",
        "transactions": [listed],
    }
    unconfirmed = {
        "status": "unconfirmed", "external_id": external_id, "crypto": name, "addr": address,
        "txid": "0x" + tx_hash(5), "amount": "10.5",
    }  # fmt: skip
    for number, one in enumerate((unconfirmed, body, body)):
        raw = json.dumps(one).encode()
        stamp = int(room.clock.now) + number
        assert await office.send(raw, sign(raw, books.api_key, stamp), SHKEEPER_DEPOSIT_PATH) == (
            202,
            "accepted",
        )
    told = DepositTold("USDT", tx_hash(5), None, address, 10_500_000, 12)
    room.gateway.has(told)
    room.rates.price = 1_400
    await room.work()
    await room.assert_credited_once(worth=14_700)
    wrong = sign(raw, "another key of somebody", stamp)
    assert await office.send(raw, wrong, SHKEEPER_DEPOSIT_PATH) == (401, "webhook_signature")


async def test_a_payouts_callback_is_reported_once_and_again_if_it_failed(office: CoinOffice) -> None:
    body = {
        "payout_id": 3, "external_id": "w17-1", "tx_hash": tx_hash(3), "status": "SUCCESS",
        "amount": "0.001", "crypto": "btc",
    }  # fmt: skip
    raw = json.dumps(body).encode()
    headers = sign(raw, SECRET.value, int(office.room.clock.now))
    assert await office.send(raw, headers, SHKEEPER_PAYOUT_PATH) == (202, "accepted")
    assert await office.send(raw, headers, SHKEEPER_PAYOUT_PATH) == (409, "webhook_replayed")
    ((gateway, found),) = office.payouts
    assert (gateway, found.external_id, found.stage) == (GATEWAY, "w17-1", PayoutStage.PAID)
    assert (found.tx_hash, found.coin_amount) == (tx_hash(3), 100_000)


async def test_who_gets_no_turn_is_told_to_come_again(office: CoinOffice) -> None:
    told = await office.room.told(0)
    limiter = trio.CapacityLimiter(1)
    app = make_app("busy", LOG)
    add_webhooks(
        app, Webhooks(office.room.desk, Readers(), office.report, limiter=limiter, wait_seconds=0.01)
    )
    raw = write_message(told)
    async with limiter:
        answer = await app.test_client().post(DEPOSIT_PATH, data=raw, headers=signed(raw))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    answer = await app.test_client().post(DEPOSIT_PATH, data=raw, headers=signed(raw))
    assert answer.status_code == 202
