"""A player's wallet: what is asked, and how answers are read."""

import json
from typing import Any

import httpx
import pytest

from cardroom.client import ConnectionLost, ProtocolBroken, RequestRefused
from cardroom.client.wallet import Wallet, open_wallet
from cardroom.local.servers import free_port
from cardroom.money import Krw
from cardroom.wire.notices import DepositState, WithdrawalState

BALANCE = {"krw_balance": 5, "pending_withdrawal_krw": 6, "on_tables_krw": 7, "more": "of it"}
COIN = {
    "coin": "BTC", "decimals": 8, "deposits_open": True, "smallest_deposit": "0.00005000", "confirmations": 3,
    "withdrawals_open": True, "smallest_withdrawal": 10_000, "largest_withdrawal": 100_000_000,
}  # fmt: skip
QUOTE = {
    "quote": "q", "coin": "BTC", "direction": "withdrawal", "krw_amount": 50_000, "coin_amount": "0.00035000",
    "krw_per_coin": 142_000_000, "expires_at": "2026",
}  # fmt: skip
ADDRESS = {
    "coin": "BTC", "address": "bcrt1q", "network": "regtest", "confirmations": 3,
    "smallest_deposit": "0.00005",
}  # fmt: skip
DEPOSIT = {
    "id": 9, "coin": "BTC", "coin_amount": "0.10000000", "tx_hash": "ab", "state": "confirming",
    "confirmations": 1, "needed": 3, "seen_at": "2026-01-01T00:00:00Z",
}  # fmt: skip
LISTED = {"id": 2, "coin": "BTC", "address": "bcrt1q", "label": "", "is_own": True, "usable_at": "2026"}
TAKEN = {"withdrawal": 4, "state": "waiting", "krw_amount": 50_000, "ready_at": "2026", "krw_balance": 1}
LINE = {"id": 4, "coin": "BTC", "address": "bcrt1q", "krw_amount": 50_000, "state": "sent", "tx_hash": None}


class House:
    """A wallet worker that answers by method and path, and remembers what it was asked."""

    def __init__(self, answers: dict[str, Any], status: int = 200) -> None:
        self.answers = answers
        self.status = status
        self.asked: list[httpx.Request] = []

    def wallet(self) -> Wallet:
        transport = httpx.MockTransport(self._answer)
        return Wallet(httpx.AsyncClient(transport=transport, base_url="http://house"), "t0ken")

    def last_body(self) -> Any:
        return json.loads(self.asked[-1].content)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = request.url.path.removeprefix("/api/v1/wallet")
        return httpx.Response(self.status, json=self.answers.get(f"{request.method} {path}"))


async def test_what_is_there_and_where_to_send_coins() -> None:
    house = House(
        {
            "GET /balance": BALANCE,
            "GET /deposit-address/BTC": ADDRESS,
            "GET /deposits": {"deposits": [DEPOSIT]},
        }
    )
    wallet = house.wallet()
    assert (await wallet.balance()).pending_withdrawal_krw == 6
    assert (await wallet.deposit_address("BTC")).address == "bcrt1q"
    (deposit,) = await wallet.deposits()
    assert (deposit.state, deposit.krw_amount) == (DepositState.CONFIRMING, None)
    assert {request.headers["Authorization"] for request in house.asked} == {"Bearer t0ken"}


async def test_coins_and_what_they_are_worth() -> None:
    house = House({"GET /coins": {"network": "regtest", "coins": [COIN]}, "GET /quote": QUOTE})
    wallet = house.wallet()
    assert [one.smallest_withdrawal for one in await wallet.coins()] == [10_000]
    assert (await wallet.quote("BTC", "withdrawal", Krw(50_000))).quote == "q"
    assert dict(house.asked[-1].url.params) == {
        "coin": "BTC", "direction": "withdrawal", "krw_amount": "50000"
    }  # fmt: skip
    await wallet.quote("BTC", "deposit", coin_amount="0.5")
    assert dict(house.asked[-1].url.params) == {"coin": "BTC", "direction": "deposit", "coin_amount": "0.5"}


async def test_addresses_are_listed_and_removed() -> None:
    house = House(
        {"GET /addresses": {"addresses": [LISTED]}, "POST /addresses": LISTED, "DELETE /addresses/2": None}
    )
    wallet = house.wallet()
    assert [one.id for one in await wallet.addresses()] == [2]
    assert (await wallet.list_address("BTC", "bcrt1q", is_own=False, beneficiary="Kim")).usable_at == "2026"
    assert house.last_body() == {
        "coin": "BTC", "address": "bcrt1q", "is_own": False, "label": "", "beneficiary": "Kim"
    }  # fmt: skip
    await wallet.remove_address(2)


async def test_a_withdrawal_from_wish_to_end() -> None:
    house = House(
        {
            "POST /withdraw": TAKEN, "GET /withdrawals": {"withdrawals": [LINE]}, "GET /withdrawals/4": LINE,
            "POST /withdrawals/4/cancel": TAKEN | {"state": "cancelled"},
        }
    )  # fmt: skip
    wallet = house.wallet()
    assert (await wallet.withdraw("BTC", "bcrt1q", Krw(50_000), "key-1")).withdrawal == 4
    order = {"coin": "BTC", "address": "bcrt1q", "krw_amount": 50_000, "idempotency_key": "key-1"}
    assert house.last_body() == order
    await wallet.withdraw("BTC", "bcrt1q", Krw(50_000), "key-1", quote="q")
    assert house.last_body() == order | {"quote": "q"}
    assert [one.has_ended for one in await wallet.withdrawals()] == [False]
    assert (await wallet.withdrawal(4)).state is WithdrawalState.SENT
    assert (await wallet.cancel(4)).state is WithdrawalState.CANCELLED


@pytest.mark.parametrize(
    "answer",
    [None, [], {}, BALANCE | {"krw_balance": "5"}, BALANCE | {"krw_balance": 5.0}, {"krw_balance": 5}],
)
async def test_what_is_no_answer(answer: Any) -> None:
    with pytest.raises(ProtocolBroken):
        await House({"GET /balance": answer}).wallet().balance()


@pytest.mark.parametrize("answer", [{}, {"withdrawals": {}}, {"withdrawals": [LINE | {"state": "stolen"}]}])
async def test_what_is_no_list(answer: Any) -> None:
    with pytest.raises(ProtocolBroken):
        await House({"GET /withdrawals": answer}).wallet().withdrawals()


async def test_refusals_and_a_house_that_is_not_there() -> None:
    with pytest.raises(RequestRefused, match="address_waits"):
        await House({"GET /balance": {"code": "address_waits"}}, status=409).wallet().balance()
    async with open_wallet(f"http://127.0.0.1:{free_port()}", "t") as wallet:
        with pytest.raises(ConnectionLost):
            await wallet.balance()
