"""How a node comes by a shard, against a lease that the test writes; no time passes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from attrs import define, evolve
from trio.testing import MockClock

from cardroom.ids import BootNonce, Epoch, NodeId
from cardroom.service.redis import RedisAway
from cardroom.wire.presence import Lease
from node.shards.claim import ANY_NODE, ShardClaim, is_open
from tests.node.tables.house import LOG

ME, OTHER = NodeId("node-1"), NodeId("node-2")
HELD = Lease(OTHER, BootNonce("boot-2"), Epoch(4), 17)
OFFERED = evolve(HELD, node=ME, boot=BootNonce(""))

FREE = evolve(OFFERED, node=ANY_NODE)


@define
class LeaseOnly:
    """The part of a shard's store that a claim uses."""

    lease: Lease | None
    looks: int = 0
    is_away: bool = False
    loses: int = 0
    """How often somebody else is faster."""

    async def look(self) -> Lease | None:
        await trio.lowlevel.checkpoint()
        self.looks += 1
        if self.is_away:
            raise RedisAway("no answer")
        return self.lease

    async def take(self, *, absent: bool) -> bool:
        return self._take(absent if self.lease is None else self.lease.node == ME)

    async def take_over(self, seen: Lease | None) -> bool:
        return self._take(self.lease == seen)

    def _take(self, may: bool) -> bool:
        if self.loses:
            self.loses -= 1
            return False
        if may:
            self.lease = Lease(ME, BootNonce("boot-1"), Epoch(0), 0)
        return may


@define
class Waiting:
    """A claim that is waited for, and when it had its shard."""

    claim: ShardClaim
    store: LeaseOnly
    taken_after: float | None = None

    async def wait(self) -> None:
        began = trio.current_time()
        await self.claim.wait_until_taken()
        self.taken_after = trio.current_time() - began


@asynccontextmanager
async def waiting(
    lease: Lease | None, *, is_home: bool = False, may: bool = True, **store: Any
) -> AsyncIterator[Waiting]:
    kept = LeaseOnly(lease, **store)
    claim = ShardClaim(
        kept,  # type: ignore[arg-type]  # the part that is used
        ME, 30.0, lambda: may, lambda: None, LOG, is_home, is_home,
    )  # fmt: skip
    async with trio.open_nursery() as nursery:
        here = Waiting(claim, kept)
        nursery.start_soon(here.wait)
        yield here
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("lease", "is_home"),
    [(evolve(HELD, node=ME), False), (OFFERED, False), (FREE, True)],
    ids=["earlier start", "offered", "left"],
)
async def test_what_is_there_for_it_is_taken_at_once(
    autojump_clock: MockClock, lease: Lease | None, is_home: bool
) -> None:
    async with waiting(lease, is_home=is_home) as here:
        await trio.sleep(1)
        assert here.taken_after == 0


async def test_an_absent_lease_is_left_to_an_owner_who_takes_it_again(autojump_clock: MockClock) -> None:
    async with waiting(None, is_home=True) as here:
        await trio.sleep(1)
        here.store.lease = HELD
        await trio.sleep(20)
        assert here.taken_after is None
    async with waiting(None, is_home=True) as here:
        await trio.sleep(5)
        assert here.taken_after == 2


async def test_a_lease_that_is_absent_after_an_outage_is_left_to_its_owner_as_long(
    autojump_clock: MockClock,
) -> None:
    async with waiting(None, is_home=True) as here:
        here.store.is_away = True
        await trio.sleep(60.5)
        here.store.is_away = False
        await trio.sleep(6)
        assert here.taken_after is not None
        assert here.taken_after > 62.5


@pytest.mark.parametrize("lease", [None, HELD, evolve(OFFERED, node=NodeId("node-3"))])
async def test_a_standby_waits_for_four_thirds_of_the_time(
    autojump_clock: MockClock, lease: Lease | None
) -> None:
    async with waiting(lease) as here:
        await trio.sleep(60)
        assert here.taken_after == 40


async def test_a_standby_leaves_a_free_shard_to_its_home_node_for_a_while(autojump_clock: MockClock) -> None:
    async with waiting(FREE) as here:
        await trio.sleep(60)
        assert here.taken_after == 5


async def test_who_is_home_waits_too_once_it_has_seen_another_play(autojump_clock: MockClock) -> None:
    async with waiting(HELD, is_home=True) as here:
        await trio.sleep(1)
        here.store.lease = None
        await trio.sleep(38)
        assert here.taken_after is None
        await trio.sleep(2)
        assert here.taken_after == 40


async def test_an_owner_that_renews_keeps_its_shard_and_an_offer_is_taken_when_it_is_told(
    autojump_clock: MockClock,
) -> None:
    async with waiting(HELD) as here:
        for counter in range(100):
            here.store.lease = evolve(HELD, counter=counter)
            await trio.sleep(5)
        assert here.taken_after is None
        await trio.sleep(0.1)
        here.store.lease = OFFERED
        here.claim.nudge()
        await trio.sleep(0.1)
        assert here.taken_after == pytest.approx(500.1)


async def test_while_redis_is_away_nobody_is_judged(autojump_clock: MockClock) -> None:
    async with waiting(HELD) as here:
        await trio.sleep(20)
        here.store.is_away = True
        await trio.sleep(100)
        here.store.is_away = False
        await trio.sleep(38)
        assert here.taken_after is None
        await trio.sleep(5)
        assert here.taken_after is not None


async def test_who_was_slower_waits_on_and_a_node_that_may_not_takes_nothing(
    autojump_clock: MockClock,
) -> None:
    async with waiting(None, is_home=True, loses=2) as here:
        await trio.sleep(10)
        assert here.taken_after == 6
    async with waiting(None, is_home=True, may=False) as here:
        await trio.sleep(100)
        assert here.taken_after is None
        assert here.store.looks == 0


def test_a_shard_is_open_when_its_owner_has_an_epoch() -> None:
    assert is_open(HELD)
    assert not any(is_open(one) for one in (None, OFFERED, evolve(HELD, epoch=Epoch(0))))
