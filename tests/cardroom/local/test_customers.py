"""Bots pay coins in and take coins out: at a real sandbox, and a house by script."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cardroom.local.customers import COINS, Customers, Waits, coin_of
from cardroom.local.plan import BotPlan
from cardroom.local.processes import ProcessFailed
from cardroom.money import Krw
from tests.cardroom.local.payments.world import World, open_world

BOTS = BotPlan(players=8, low_wallet=Krw(1_000), grant=Krw(50_000_000), payout=Krw(50_000))


class House:
    """Router and wallet worker by script. A player is known by his name, his login's token is his name.

    What came to his address is credited at once, unless nothing ever is; withdrawals go through ``states``.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.accounts: set[str] = set()
        self.asked: list[tuple[str, str, Any]] = []
        self.states = ["waiting", "sending", "sent", "confirmed"]
        self.credits = True
        self.balance: dict[str, int] = {}
        self.listed: dict[str, dict[str, Any]] = {}
        self.refusal: str | None = None

    def answer(self, request: httpx.Request) -> httpx.Response:
        body: Any = json.loads(request.content or b"null")
        path = request.url.path.removeprefix("/api/v1")
        name = request.headers.get("Authorization", " ").split(" ")[1] or str(body["email"]).partition("@")[0]
        self.asked.append((name, path, body))
        if path == "/auth/login" and name not in self.accounts:
            return httpx.Response(401, json={"code": "wrong_credentials"})
        if path == "/wallet/withdraw" and self.refusal:
            return httpx.Response(409, json={"code": self.refusal})
        return httpx.Response(200, json=self._answers(name, path, body))

    def paths(self, name: str) -> list[str]:
        return [path for who, path, _ in self.asked if who == name]

    def _answers(self, name: str, path: str, body: Any) -> Any:
        login = {"token": name, "user_id": 4, "nickname": name, "expires_unix_ms": 1}
        match path.strip("/").split("/"):
            case ["auth", "login"]:
                return login
            case ["auth", "register"]:
                self.accounts.add(name)
                return {"user_id": 4, "nickname": name}
            case ["wallet", "balance"]:
                return {"krw_balance": self._balance(name), "pending_withdrawal_krw": 0, "on_tables_krw": 0}
            case ["wallet", "deposit-address", coin]:
                given = self.world.sandbox.give_address(coin.lower(), name)
                return {
                    "coin": coin, "address": given, "network": "regtest", "confirmations": 3,
                    "smallest_deposit": "0.1",
                }  # fmt: skip
            case ["wallet", "deposits"]:
                return {"deposits": self._deposits(name)}
            case ["wallet", "addresses"]:
                if body is not None:
                    self.listed[name] = {"id": 1, "usable_at": "2026", **body}
                return self.listed[name] if body else {"addresses": [*self.listed.values()]}
            case ["wallet", "withdraw"]:
                return {"withdrawal": 7, "state": "waiting", "krw_amount": body["krw_amount"]}
            case _:
                state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
                line = {"id": 7, "coin": "BTC", "address": "a", "krw_amount": 50_000, "state": state}
                return line | ({"coin_amount": "0.1"} if state == "confirmed" else {})

    def _deposits(self, name: str) -> list[dict[str, Any]]:
        sandbox = self.world.sandbox
        addresses = [sandbox.give_address(coin.lower(), name) for coin in COINS]
        return [
            {
                "id": 1, "coin": paid.coin.upper(), "coin_amount": paid.amount,
                "tx_hash": paid.tx_hash.removeprefix("0x"), "confirmations": 3, "needed": 3,
                "state": "credited" if self.credits else "confirmed", "reason": "rate_stopped",
            }
            for address in addresses
            for paid in sandbox.payments_to(address)
        ]  # fmt: skip

    def _balance(self, name: str) -> int:
        came = self.credits and self._deposits(name)
        return self.balance.get(name, 0) + (50_000_000 if came else 0)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_world(tmp_path) as world:
        yield House(world)


def customers(house: House, players: int = 8, waits: Waits | None = None) -> Customers:
    http = httpx.AsyncClient(transport=httpx.MockTransport(house.answer), base_url="http://house")
    bots = BotPlan(players=players, low_wallet=Krw(1_000), grant=Krw(50_000_000), payout=Krw(50_000))
    return Customers((http, http, house.world.http), bots, "secret", waits or Waits())


def test_each_coin_is_used() -> None:
    assert [coin_of(number) for number in range(1, 6)] == [*COINS, "BTC"]


async def test_each_new_bot_pays_in_its_coin(house: House) -> None:
    await customers(house).pay_in()
    for number in range(1, BOTS.players + 1):
        name, coin = BOTS.nickname(number), coin_of(number).lower()
        (paid,) = house.world.sandbox.payments_to(house.world.sandbox.give_address(coin, name))
        assert (paid.coin, paid.payer) == (coin, name)


async def test_who_has_paid_and_has_enough_pays_nothing(house: House) -> None:
    house.balance["bot-01"] = 1_000
    for _ in range(3):
        await customers(house, players=1).pay_in()
    assert house.paths("bot-01").count("/wallet/deposit-address/BTC") == 1
    house.balance["bot-01"] = -50_000_000
    await customers(house, players=1).pay_in()
    assert house.paths("bot-01").count("/wallet/deposit-address/BTC") == 2


async def test_what_is_never_credited_ends_the_run(house: House) -> None:
    house.credits = False
    with pytest.RaisesGroup(
        pytest.RaisesExc(
            ProcessFailed, match=r"bot-01: 0\.\d+ BTC were not .* confirmed .rate_stopped.*/admin/rates"
        )
    ):
        await customers(house, players=1, waits=Waits(credit_seconds=0.1)).pay_in()


async def test_a_bot_takes_out_once_for_each_run(house: House) -> None:
    house.balance["bot-01"] = 50_000
    told = await customers(house, players=1).pay_out("r1")
    assert told[0] == "bot-01 took out ₩50,000 in BTC: confirmed, 0.1 BTC"
    assert told[1:] == [f"Nobody had ₩50,000 to take out in {coin}" for coin in COINS[1:]]
    orders = [body for _, path, body in house.asked if path == "/wallet/withdraw"]
    address = house.listed["bot-01"]["address"]
    assert orders == [{"coin": "BTC", "address": address, "krw_amount": 50_000, "idempotency_key": "r1-1"}]


async def test_an_address_that_is_listed_is_used_again(house: House) -> None:
    house.balance["bot-01"] = 50_000
    for run in ("r1", "r2"):
        await customers(house, players=1).pay_out(run)
    assert len([1 for _, path, body in house.asked if path == "/wallet/addresses" and body]) == 1


async def test_a_refusal_and_a_long_wait_are_told(house: House) -> None:
    house.balance["bot-01"] = 50_000
    house.states = ["review"]
    told = await customers(house, players=1, waits=Waits(payout_seconds=0.1)).pay_out("r1")
    assert told[0] == "bot-01 took out ₩50,000 in BTC: review"
    house.refusal = "withdrawals_frozen"
    told = await customers(house, players=1).pay_out("r2")
    assert told[0] == "bot-01 took out ₩50,000 in BTC: withdrawals_frozen"
