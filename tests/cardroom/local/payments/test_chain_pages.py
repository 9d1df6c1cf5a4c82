"""What people do on the chains."""

from decimal import Decimal
from typing import Any

import pytest

from tests.cardroom.local.payments.world import World


async def test_so_many_won_are_paid_in_coins(world: World) -> None:
    wallet = (await world.get("/chain/wallets", {"coin": "btc"}))["address"]
    line = await world.get(
        "/chain/pay", {"coin": "btc", "address": wallet, "krw_amount": 50_000_000, "payer": "me"}
    )
    assert line["payer"] == "me"
    asked = "ids=bitcoin&vs_currencies=krw"
    price = (await world.get(f"/api/v3/simple/price?{asked}"))["bitcoin"]["krw"]
    assert abs(Decimal(line["amount"]) * price - 50_000_000) < 500
    assert (await world.get(f"/chain/addresses/{wallet}"))["payments"] == [line]


@pytest.mark.parametrize(
    "more",
    [
        {}, {"amount": "1", "krw_amount": 5}, {"krw_amount": -5}, {"amount": "x"},
        {"amount": "1", "coin": "eth"}, {"amount": "1", "payer": "p" * 65}, {"amount": 1},
        {"amount": "1", "more": 1},
    ],
)  # fmt: skip
async def test_orders_to_pay_that_are_refused(world: World, more: dict[str, Any]) -> None:
    wallet = (await world.get("/chain/wallets", {"coin": "btc"}))["address"]
    answer = await world.ask("POST", "/chain/pay", {"coin": "btc", "address": wallet} | more)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_a_coin_that_there_is_not(world: World) -> None:
    assert (await world.ask("POST", "/chain/wallets", {"coin": "doge"})).status_code == 404
