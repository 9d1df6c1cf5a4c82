"""Messages to the house: signed, repeated until they are taken, each confirmation once."""

import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest

from cardroom.local.payments.chain import Payment
from cardroom.local.payments.faults import Fault
from tests.cardroom.local.payments.world import KEY, World


@pytest.fixture
def paid(world: World) -> Payment:
    return world.sandbox.pay("btc", world.sandbox.give_address("btc", "7"), "0.5", "me")


async def send(world: World, blocks: int = 0) -> None:
    world.clock.blocks(blocks)
    async with httpx.AsyncClient(trust_env=False) as http:
        await world.postman.send_due(http)


def heard(world: World) -> list[Any]:
    return [json.loads(raw) for _, raw in world.house.heard]


def is_signed(headers: dict[str, str], raw: bytes) -> bool:
    stamp = headers["X-Webhook-Timestamp"]
    right = hmac.new(KEY.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return headers["X-Webhook-Signature"] == right


async def test_a_message_has_what_the_generic_gateway_says(world: World, paid: Payment) -> None:
    await send(world)
    assert heard(world) == [
        {
            "gateway": "sandbox", "coin": "btc", "tx_hash": paid.tx_hash, "output_index": paid.output_index,
            "address": paid.address, "amount": "0.50000000", "confirmations": 0,
        }
    ]  # fmt: skip
    ((headers, raw),) = world.house.heard
    assert is_signed(headers, raw)
    assert int(headers["X-Webhook-Timestamp"]) == world.clock.unix_ms // 1000


async def test_each_confirmation_up_to_what_is_needed_is_told_once(world: World, paid: Payment) -> None:
    for _ in range(6):
        await send(world)
        await send(world, blocks=1)
    assert [body["confirmations"] for body in heard(world)] == [0, 1, 2, 3]
    assert world.sandbox.untold() == []


async def test_what_is_not_taken_is_sent_again_later(world: World, paid: Payment) -> None:
    world.house.answers += [500, 404, 401]
    began, times = world.clock.unix_ms, []
    for _ in range(20):
        count = len(world.house.heard)
        await send(world)
        times += [world.clock.unix_ms - began] * (len(world.house.heard) - count)
        world.clock.unix_ms += 500
    assert times[:4] == [0, 1000, 3000, 7000]


async def test_who_never_takes_anything_is_left_alone_in_the_end(world: World, paid: Payment) -> None:
    world.house.answers += [500] * 60
    for _ in range(55):
        await send(world)
        world.clock.unix_ms += 61_000
    assert len(world.house.heard) == 50


async def test_a_house_that_is_away_hears_later(world: World, paid: Payment) -> None:
    taken = world.house.url
    async with httpx.AsyncClient(transport=httpx.MockTransport(_cut_off)) as http:
        await world.postman.send_due(http)
    assert (taken, heard(world)) == (world.house.url, [])
    assert [one.key for one in world.sandbox.untold()] == [paid.key]


def _cut_off(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("nobody there", request=request)


async def test_a_reorganised_payment_is_told_anew(world: World, paid: Payment) -> None:
    await send(world, blocks=3)
    world.sandbox.reorganise(paid.tx_hash, 0)
    for _ in range(5):
        await send(world)
        world.clock.blocks(1)
    assert [body["confirmations"] for body in heard(world)] == [3, 0, 1, 2, 3]


async def test_a_dropped_payment_is_told_as_unconfirmed_once(world: World, paid: Payment) -> None:
    await send(world, blocks=2)
    world.sandbox.reorganise(paid.tx_hash, None)
    for _ in range(3):
        await send(world, blocks=1)
    assert [body["confirmations"] for body in heard(world)] == [2, 0]
    assert world.sandbox.untold() == []


async def test_a_lost_message_is_made_good_by_the_next_confirmation(world: World, paid: Payment) -> None:
    world.faults.set(Fault.WEBHOOK_LOST, 1)
    for _ in range(3):
        await send(world)
        world.clock.blocks(1)
    assert [body["confirmations"] for body in heard(world)] == [1, 2]


async def test_a_forged_message_has_another_signature(world: World, paid: Payment) -> None:
    world.faults.set(Fault.WEBHOOK_FORGED, 1)
    await send(world)
    assert not is_signed(*world.house.heard[0])
