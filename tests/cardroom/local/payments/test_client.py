"""Somebody who has coins without end."""

import pytest

from cardroom.client import RequestRefused
from cardroom.local.payments.client import ChainPayment, Payer
from cardroom.money import Krw
from tests.cardroom.local.payments.world import World


async def test_somebody_has_a_wallet_and_is_paid(world: World) -> None:
    payer = Payer(world.http, "bot-01")
    wallet = await payer.make_wallet("usdc")
    paid = await payer.pay("usdc", wallet, Krw(10_000))
    assert await payer.received(wallet) == [paid]
    world.clock.blocks(2)
    assert await payer.received(wallet) == [ChainPayment(paid.tx_hash, 0, paid.amount, 2)]


async def test_a_refusal_is_raised(world: World) -> None:
    with pytest.raises(RequestRefused, match="no_such_coin"):
        await Payer(world.http, "bot-01").make_wallet("doge")
