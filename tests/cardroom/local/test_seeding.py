"""Tables, players and money: made once, topped up when low."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from cardroom.client import Account, ProtocolBroken, RequestRefused
from cardroom.local.plan import TABLES, BotPlan
from cardroom.local.seeding import Cashier, add_tables, ask
from cardroom.money import Krw


class House:
    """Router and wallet worker by script; remembers what it was asked."""

    def __init__(self, balance: int = 0) -> None:
        self.balance = balance
        self.accounts: set[str] = set()
        self.asked: list[tuple[str, Any]] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        body: Any = json.loads(request.content or b"null")
        self.asked.append((request.url.path, body))
        match request.url.path:
            case "/api/v1/auth/login" if body["email"] in self.accounts:
                login = {"token": "t", "user_id": 4, "nickname": "bot-01", "expires_unix_ms": 1}
                return httpx.Response(200, json=login)
            case "/api/v1/auth/login":
                return httpx.Response(401, json={"code": "wrong_credentials"})
            case "/api/v1/auth/register":
                self.accounts.add(body["email"])
                return httpx.Response(201, json={"user_id": 4, "nickname": body["nickname"]})
            case "/api/v1/wallet/balance":
                return httpx.Response(200, json={"krw_balance": self.balance})
            case _:
                return httpx.Response(201, json={})

    def paths(self) -> list[str]:
        return [path.rpartition("/")[2] for path, _ in self.asked]


@pytest.fixture
async def house() -> House:
    return House()


@pytest.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.MockTransport(house.answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://house") as client:
        yield client


def cashier(http: httpx.AsyncClient) -> Cashier:
    return Cashier(http, "admin", BotPlan(low_wallet=Krw(100), grant=Krw(500)), run="r1")


async def test_a_new_bot_gets_an_account_and_money(house: House, http: httpx.AsyncClient) -> None:
    await cashier(http).provide(Account(http), 1, "secret")
    assert house.paths() == ["login", "register", "login", "balance", "promotions"]
    assert house.asked[-1][1] == {
        "user_id": 4, "amount": 500, "reason": "local cluster", "idempotency_key": "local-r1-4"
    }  # fmt: skip


async def test_a_bot_with_money_gets_none(house: House, http: httpx.AsyncClient) -> None:
    house.accounts.add("bot-01@bots.invalid")
    house.balance = 100
    await cashier(http).provide(Account(http), 1, "secret")
    assert house.paths() == ["login", "balance"]


async def test_all_tables_are_asked_for(house: House, http: httpx.AsyncClient) -> None:
    await add_tables(http, "admin", TABLES)
    assert [body["name"] for _, body in house.asked] == [table.name for table in TABLES]
    assert house.asked[0][1] == {
        "shard": 0, "name": "Han", "stake": "low", "seat_count": 6,
        "reason": "a table of the plan", "idempotency_key": "plan:0:Han",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "error"),
    [({"code": "not_authenticated"}, RequestRefused), ({}, ProtocolBroken)],
)
async def test_refusals_are_raised(answer: dict[str, str], error: type[Exception]) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(401, json=answer))
    async with httpx.AsyncClient(transport=transport, base_url="http://house") as http:
        with pytest.raises(error):
            await ask(http, "GET", "/admin/ledger/summary", "wrong")
