"""Random histories of payouts: workers that die, gateways that err, messages, players and people, all mixed.

``SEED=n`` plays one history again; ``HISTORIES=n`` plays so many.
"""

import os
import random
from collections.abc import Awaitable, Callable

import pytest
import trio

from tests.fakes.payout_gateway import NAME, Fault, PayoutServer, payout_server
from tests.wallet_worker.house import LINK, House
from tests.wallet_worker.payout_crashes import (
    People,
    Reaper,
    assert_paid_at_most_once,
    live,
    mortal_room,
    settle,
)
from tests.wallet_worker.withdrawals import age, fund, hurry, requested, row_of
from wallet_worker.gateways.port import PayoutFound, PayoutStage
from wallet_worker.store.house_transfer import open_desk
from wallet_worker.store.vote_withdrawal import (
    StepNotAllowed,
    Vote,
    approve_within,
    flag_within,
    reject_within,
)

STEPS = 40
SEEDS = (
    [int(os.environ["SEED"])]
    if "SEED" in os.environ
    else list(range(1, 1 + int(os.environ.get("HISTORIES", "2"))))
)


class History:
    """One of them: what may happen, and what then must be so."""

    def __init__(self, house: House, server: PayoutServer, seed: int) -> None:
        self.house = house
        self.server = server
        self.dice = random.Random(seed)
        self.people = People(house, server)
        self.numbers: list[int] = []
        self.done: list[str] = []

    async def step(self) -> None:
        what: Callable[[], Awaitable[None]] = self.dice.choices(
            [
                self.ask, self.work, self.two_work, self.pass_time, self.err, self.tell, self.lie,
                self.reject, self.flag, self.decide, self.fail, self.freeze,
            ],
            [4, 8, 3, 5, 4, 3, 1, 1, 1, 3, 1, 1],
        )[0]  # fmt: skip
        self.done.append(what.__name__)
        await what()
        for number in self.numbers:
            assert len(self.server.payments_of(number)) <= 1, self.done

    async def ask(self) -> None:
        player = self.dice.randrange(4)
        self.numbers.append(await requested(self.house, self.dice.randrange(10_000, 60_000), player))

    async def work(self) -> None:
        """One worker lives for a while, or to the end of a round."""
        reaper = Reaper(self.dice.choice([None, self.dice.randrange(1, 40)]))
        await live(mortal_room(self.house, self.server, reaper, name=f"w{len(self.done)}"), 1)

    async def two_work(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.work)
            nursery.start_soon(self.work)

    async def pass_time(self) -> None:
        if self.dice.random() < 0.5:
            await age(self.house, 100)
        else:
            await hurry(self.house)

    async def err(self) -> None:
        """The next call of a payout goes wrong."""
        self.server.faults.append(
            self.dice.choice(
                [
                    Fault(is_cut=True),
                    Fault(is_cut=True, is_done=False),
                    Fault(status=500),
                    Fault(status=502, is_done=False),
                    Fault(status=409, is_done=False),
                    Fault(status=400, is_done=False),
                    Fault(seconds=0.1),
                ]
            )
        )

    async def tell(self) -> None:
        """The gateway tells of what it has paid, perhaps of long ago."""
        taken = [one for one in self.server.taken if one.stage != "failed"]
        if taken:
            await self._report(self.server.pay(self.dice.choice(taken)))

    async def lie(self) -> None:
        """Something is told that is not so: another amount, or an attempt that never was."""
        if self.numbers:
            number, attempt = self.dice.choice(self.numbers), self.dice.choice([1, 9])
            await self._report(PayoutFound(f"w{number}-{attempt}", PayoutStage.PAID, "ab" * 32, 1))

    async def _report(self, found: PayoutFound) -> None:
        room = mortal_room(self.house, self.server, Reaper(), name="page")
        await room.desk.report(NAME, found)

    async def reject(self) -> None:
        await self._vote(reject_within)

    async def flag(self) -> None:
        await self._vote(flag_within)

    async def _vote(self, within: Callable[..., Awaitable[object]]) -> None:
        if self.numbers:
            vote = Vote(self.dice.choice(self.numbers), "kim", "because")
            try:
                async with self.house.database.transaction() as transaction:
                    await within(transaction, vote, LINK)
            except StepNotAllowed:
                pass

    async def approve(self, number: int) -> None:
        """Two administrators approve; that it was paid before they believe only who has paid it."""
        assert self.server.payments_of(number) == [], self.done
        async with self.house.database.transaction() as transaction:
            for admin in ("kim", "lee"):
                await approve_within(transaction, Vote(number, admin, "looked"), LINK)

    async def decide(self) -> None:
        for number in self.numbers:
            await self.people.decide(number, sends_again=self.dice.random() < 0.5)

    async def fail(self) -> None:
        """The gateway gives something up that it had taken and not paid yet."""
        open_ones = [one for one in self.server.taken if one.stage == "under_way"]
        if open_ones:
            self.dice.choice(open_ones).stage = "failed"

    async def freeze(self) -> None:
        async with self.house.database.transaction() as transaction:
            await open_desk(transaction, LINK)
            await transaction.execute(
                "UPDATE house_freeze SET reason = 'x', frozen_by = 'kim', frozen_at = now()"
                " WHERE scope = 'withdrawals'"
            )
        await self.work()
        await self.unfreeze()

    async def unfreeze(self) -> None:
        await self.house.change("UPDATE house_freeze SET reason = NULL, frozen_by = NULL, frozen_at = NULL")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("finds", [True, False], ids=["finds", "finds nothing"])
async def test_whatever_happens_nothing_is_paid_twice_or_lost(house: House, finds: bool, seed: int) -> None:
    await fund(house, 10_000_000)
    with payout_server(finds=finds) as server:
        server.pays_at_once = False
        history = History(house, server, seed)
        for _ in range(STEPS):
            await history.step()
        server.faults.clear()
        server.pays_at_once = True
        room = mortal_room(house, server, Reaper(), name="last")
        for number in history.numbers:
            if (await row_of(house, number))["state"] == "review":
                await history.approve(number)
        await settle(room, history.people, history.numbers, sends_again=False)
        for number in history.numbers:
            await assert_paid_at_most_once(house, server, number)
    await house.assert_sound()
