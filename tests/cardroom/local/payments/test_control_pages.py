"""How the sandbox is made to misbehave."""

from typing import Any

import pytest

from tests.cardroom.local.payments.world import World


async def test_blocks_at_once(world: World) -> None:
    before = (await world.get("/control"))["tip"]
    assert (await world.get("/control/mine", {"blocks": 12}))["tip"] == before + 12


async def test_a_transaction_is_taken_out_of_its_block(world: World) -> None:
    given = (await world.get("/gateway/addresses", {"coin": "eth", "external_id": "7"}))["address"]
    paid = await world.get("/chain/pay", {"coin": "eth", "address": given, "amount": "1"})
    await world.get("/control/mine", {"blocks": 5})
    await world.get("/control/reorganise", {"tx_hash": paid["tx_hash"], "comes_back_after": 0})
    (line,) = (await world.get(f"/chain/addresses/{given}"))["payments"]
    assert line["confirmations"] == 0
    await world.get("/control/reorganise", {"tx_hash": paid["tx_hash"]})
    assert (await world.get(f"/chain/addresses/{given}"))["payments"] == []


async def test_faults_are_set_and_shown(world: World) -> None:
    shown = await world.get("/control/faults", {"fault": "payout_fails", "times": 3})
    assert shown["faults"]["payout_fails"] == 3
    shown = await world.get("/control/rates", {"source": "upbit", "fault": "away"})
    assert shown["sources"]["upbit"] == "away"


@pytest.mark.parametrize(
    ("page", "order", "status"),
    [
        ("mine", {"blocks": 0}, 400), ("mine", {"blocks": 1001}, 400), ("faults", {"fault": "flood"}, 400),
        ("faults", {"fault": "payout_fails", "times": -1}, 400), ("reorganise", {"tx_hash": "ab"}, 404),
        ("reorganise", {"tx_hash": "ab", "comes_back_after": -1}, 400), ("rates", {"source": "kraken"}, 400),
        ("rates", {"source": "upbit", "coin": "doge"}, 404),
        ("rates", {"source": "upbit", "coin": "btc", "shift_basis_points": 9001}, 400),
    ],
)  # fmt: skip
async def test_orders_that_are_refused(world: World, page: str, order: dict[str, Any], status: int) -> None:
    assert (await world.ask("POST", f"/control/{page}", order)).status_code == status
