"""What the house asks of the gateway, over real sockets."""

import pytest

from cardroom.local.payments.faults import Fault
from tests.cardroom.local.payments.world import World


async def rich(world: World, coin: str = "usdt") -> tuple[str, str]:
    """Let the gateway have 100 of a coin; gives its address, and one outside."""
    given = (await world.get("/gateway/addresses", {"coin": coin, "external_id": "7"}))["address"]
    await world.get("/chain/pay", {"coin": coin, "address": given, "amount": "100"})
    world.clock.blocks(1)
    return given, (await world.get("/chain/wallets", {"coin": coin}))["address"]


def order(address: str, external_id: str = "w1-1", amount: str = "2.5") -> dict[str, str]:
    return {"external_id": external_id, "coin": "usdt", "address": address, "amount": amount}


async def test_a_deposit_is_looked_up_and_listed(world: World) -> None:
    given, _ = await rich(world)
    (line,) = (await world.get(f"/gateway/addresses/usdt/{given}/deposits"))["payments"]
    assert (line["amount"], line["confirmations"]) == ("100.000000", 1)
    path = f"/gateway/deposits/usdt/{line['tx_hash']}/{line['output_index']}"
    assert await world.get(path) == line
    assert (await world.get(f"/gateway/addresses/usdc/{given}/deposits"))["payments"] == []
    for other in ("/gateway/deposits/usdt/ab/0", path.replace("usdt", "usdc"), f"{path}1"):
        assert (await world.ask("GET", other)).status_code == 404


async def test_a_payout_from_order_to_chain(world: World) -> None:
    _, to = await rich(world)
    answer = await world.ask("POST", "/gateway/payouts", order(to))
    assert (answer.status_code, answer.json()["state"]) == (202, "under_way")
    assert (await world.ask("POST", "/gateway/payouts", order(to))).json() == answer.json()
    world.clock.blocks(3)
    found = await world.get("/gateway/payouts/w1-1")
    (line,) = (await world.get(f"/chain/addresses/{to}"))["payments"]
    assert (found["state"], found["tx_hash"], line["amount"]) == ("paid", line["tx_hash"], "2.500000")
    assert (await world.get("/gateway/balances"))["usdt"] == "97.500000"


@pytest.mark.parametrize(
    ("amount", "status", "code"),
    [("2.6", 409, "payout_differs"), ("nan", 400, "wrong_address"), ("1000", 409, "insufficient_funds")],
)
async def test_payouts_that_are_not_taken(world: World, amount: str, status: int, code: str) -> None:
    _, to = await rich(world)
    await world.ask("POST", "/gateway/payouts", order(to))
    number = "w1-1" if amount == "2.6" else "w2-1"
    answer = await world.ask("POST", "/gateway/payouts", order(to, number, amount))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await world.get("/gateway/payouts/w2-1") == {"external_id": "w2-1", "state": "never_came"}


async def test_who_has_no_key_is_told_nothing(world: World) -> None:
    for key in ("", "a kez of these tests", "a key of these tests and more"):
        assert (await world.ask("GET", "/gateway/balances", key=key)).status_code == 401


async def test_what_it_does_not_have(world: World) -> None:
    wish = {"coin": "doge", "external_id": "7"}
    assert (await world.ask("POST", "/gateway/addresses", wish)).status_code == 404
    wish = {"coin": "btc", "external_id": ""}
    assert (await world.ask("POST", "/gateway/addresses", wish)).status_code == 400


@pytest.mark.parametrize(
    ("fault", "status", "state"),
    [
        (Fault.PAYOUT_FAILS, 202, "failed"), (Fault.PAYOUT_REFUSED, 409, "never_came"),
        (Fault.PAYOUT_ANSWER_LOST, 500, "paid"), (Fault.GATEWAY_AWAY, 503, "never_came"),
    ],
)  # fmt: skip
async def test_faults_that_were_ordered(world: World, fault: Fault, status: int, state: str) -> None:
    _, to = await rich(world)
    world.faults.set(fault, 1)
    assert (await world.ask("POST", "/gateway/payouts", order(to))).status_code == status
    world.clock.blocks(3)
    assert (await world.get("/gateway/payouts/w1-1"))["state"] == state
