"""Random histories of coins that come in: in whatever order things happen, money comes once and is right."""

from random import Random
from typing import Final

import pytest
import trio
from attrs import define, evolve, field

from tests.wallet_worker.coins_in import CoinRoom, open_coin_room
from tests.wallet_worker.cut_off import cut_off_at
from tests.wallet_worker.house import LINK, LOG, PURSE, House
from tests.wallet_worker.terms import HERE, limit
from wallet_worker.cashier.held_watch import HeldWatch
from wallet_worker.gateways.port import DepositTold, WebhookRefused
from wallet_worker.rates.port import RateUnavailable
from wallet_worker.rules.chain_deposit import ChainState, DepositEnded, NobodysDeposit, clear, turn_down

STEPS: Final = 120
PAID: Final = """
SELECT coalesce(sum(krw_amount), 0)::bigint FROM outside_payment WHERE direction = 'deposit' AND user_id = $1
"""
UNLIKE: Final = """
SELECT count(*) FROM chain_deposit FULL JOIN outside_payment AS payment ON payment.id = payment_id
WHERE (chain_deposit.state = 'credited' OR payment.id IS NOT NULL)
      AND (chain_deposit.user_id, chain_deposit.tx_hash, chain_deposit.coin_amount)
          IS DISTINCT FROM (payment.user_id, payment.tx_hash, payment.coin_amount)
"""


@define
class History:
    """One history; each step is one of those that happen to a house, at random."""

    room: CoinRoom
    random: Random
    seen: list[DepositTold] = field(factory=list)
    refused: set[str] = field(factory=set)

    async def step(self) -> None:
        steps = [
            self.hear, self.hear, self.hear, self.follow, self.follow, self.follow_cut_off, self.look,
            self.drop, self.tell_otherwise, self.trouble, self.decide, self.limit, self.together,
        ]  # fmt: skip
        await self.random.choice(steps)()

    async def _pick(self) -> DepositTold:
        if not self.seen or (len(self.seen) < 12 and self.random.random() < 0.3):
            player, amount = self.random.randrange(2), self.random.choice([1_000, 60_000, 100_000])
            told = await self.room.told(player, len(self.seen), confirmations=0, amount=amount)
            self.seen.append(told)
        return self.random.choice(self.seen)

    async def hear(self) -> None:
        told = evolve(await self._pick(), confirmations=self.random.randrange(5))
        if self.random.random() < 0.9:
            self.room.gateway.has(told)
        await self._tell(told)

    async def tell_otherwise(self) -> None:
        if self.random.random() < 0.3:
            await self._tell(evolve(await self._pick(), coin_amount=777_777, confirmations=3))

    async def _tell(self, told: DepositTold) -> None:
        try:
            await self.room.hear(told)
        except WebhookRefused as refused:
            self.refused.add(refused.code.value)

    async def follow(self) -> None:
        await self.room.work()

    async def follow_cut_off(self) -> None:
        await self.room.make_due()
        await cut_off_at(self.room.loop.follow_due(), self.random.randrange(1, 60))

    async def together(self) -> None:
        await self.room.make_due()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.room.loop.follow_due)
            nursery.start_soon(self.hear)
            nursery.start_soon(self.look)
            for deposit in await self.room.deposits():
                nursery.start_soon(self.room.steps.follow, deposit)

    async def look(self) -> None:
        await self.room.look()

    async def drop(self) -> None:
        told = await self._pick()
        if (told.coin, told.tx_hash) in self.room.gateway.record:
            self.room.gateway.loses(told)

    async def trouble(self) -> None:
        self.room.gateway.is_away = self.random.random() < 0.3
        self.room.screening.is_away = self.random.random() < 0.2
        self.room.rates.trouble = RateUnavailable() if self.random.random() < 0.2 else None
        self.room.rates.price = self.random.randrange(100_000_000, 200_000_000)

    async def decide(self) -> None:
        deposits = await self.room.deposits()
        if deposits:
            rule = self.random.choice([clear, clear, turn_down])
            try:
                await self.room.desk.change(self.random.choice(deposits).number, rule)
            except (DepositEnded, NobodysDeposit):
                return

    async def calm(self) -> None:
        """Let everything be well at last, and all that was seen stand on the chain."""
        self.room.gateway.is_away, self.room.screening.is_away, self.room.rates.trouble = False, False, None
        for told in self.seen:
            self.room.gateway.confirms(told, 4)
        for _ in range(3):
            self.room.clock.now += 60
            await self.room.look()
            await self.room.work()

    async def limit(self) -> None:
        await limit(self.room.house, 0, "deposit_week", self.random.choice([None, 100_000, 300_000]))
        await HeldWatch(self.room.house.database, LINK, HERE, LOG).look()


@pytest.mark.parametrize("seed", range(1, 6))
async def test_whatever_happens_each_deposit_is_credited_once_or_not_at_all(house: House, seed: int) -> None:
    room = open_coin_room(house)
    for player in (0, 1):
        await room.address(player)
    history = History(room, Random(seed))
    for _ in range(STEPS):
        await history.step()
    await history.calm()
    assert await house.number(UNLIKE) == 0
    for player, user in enumerate(house.players[:2]):
        assert await house.wallet(player) == PURSE + await house.number(PAID, user)
    deposits = await room.deposits()
    assert history.refused <= {"deposit_changed"}
    states = {one.state for one in deposits}
    assert ChainState.CREDITED in states, "something came through"
    assert not states & {ChainState.CONFIRMING, ChainState.CONFIRMED, ChainState.GONE}, "or is a person's"
    assert len(deposits) == len({one.tx_hash for one in deposits})
    assert all((one.state is ChainState.CREDITED) == (one.payment_id is not None) for one in deposits)
    await house.assert_sound()
