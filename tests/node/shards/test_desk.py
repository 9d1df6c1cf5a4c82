"""Orders about shards: what is refused and why, and what a drain does, with neighbours in a real Valkey."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import pytest
import trio
from attrs import evolve, frozen

from cardroom.ids import BootNonce, NodeId, ShardId
from cardroom.local.servers import EmbeddedValkey
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from cardroom.wire.presence import NodeAnnouncement, announcement_codec
from cardroom.wire.refusals import Refusal
from node.settings import MoveSettings
from node.shards.desk import ShardDesk
from node.shards.moving import MovePhase, MoveRefused
from tests.node.shards.stand_in import ShardStandIn, desk_over
from tests.node.tables.house import until

NUMBERS = count(5000)
ME = NodeId("desk-1")


@frozen
class Desk:
    """A desk over two shards, and a neighbour that takes the first of them."""

    desk: ShardDesk
    shards: tuple[ShardStandIn, ShardStandIn]
    redis: Redis
    neighbour: NodeAnnouncement

    async def announce(self, told: NodeAnnouncement) -> None:
        await self.redis.sadd(keys.nodes(), [told.node])
        await self.redis.set(keys.node(told.node), announcement_codec().encode(told), ex=keys.NODE_SECONDS)

    async def refused(self, shard: ShardId, to: NodeId) -> Refusal:
        """Order a move that is refused; gives why."""
        with pytest.raises(MoveRefused) as refused:
            await self.desk.order_move(shard, to, "a test")
        return refused.value.code


@asynccontextmanager
async def open_desk(valkey: RedisSettings, *, announces: bool = True) -> AsyncIterator[Desk]:
    first, second = ShardStandIn(ShardId(next(NUMBERS))), ShardStandIn(ShardId(next(NUMBERS)))
    name = NodeId(f"desk-of-{first.shard}")
    neighbour = NodeAnnouncement(name, BootNonce("b"), "ws://there", 0, 600, (first.shard,))
    async with open_redis(valkey) as redis, trio.open_nursery() as nursery:
        desk = desk_over(redis, second, first)
        here = Desk(desk, (first, second), redis, neighbour)
        if announces:
            await here.announce(neighbour)
        nursery.start_soon(desk.run)
        yield here
        nursery.cancel_scope.cancel()


async def test_a_move_begins_with_the_address_of_the_other_node(valkey: EmbeddedValkey) -> None:
    async with open_desk(valkey.settings) as here:
        first, _ = here.shards
        move = await here.desk.order_move(first.shard, here.neighbour.node, "rolling restart")
        assert first.moves == [move]
        assert (move.to, move.url, move.reason) == (here.neighbour.node, "ws://there", "rolling restart")
        assert move.wait_seconds == MoveSettings().wait_seconds
        assert [one.shard for one in here.desk.reports()] == [one.shard for one in here.shards]


async def test_what_could_not_succeed_is_refused_with_its_code(valkey: EmbeddedValkey) -> None:
    async with open_desk(valkey.settings) as here:
        first, second = here.shards
        there = here.neighbour.node
        assert await here.refused(ShardId(1), there) is Refusal.NO_SUCH_SHARD
        assert await here.refused(second.shard, there) is Refusal.NODE_NOT_STANDBY
        assert await here.refused(first.shard, NodeId("nobody")) is Refusal.NODE_AWAY
        await here.announce(NodeAnnouncement(ME, BootNonce("b"), "ws://here", 0, 600, (first.shard,)))
        assert await here.refused(first.shard, ME) is Refusal.NODE_AWAY
        first.ledger_answers = False
        assert await here.refused(first.shard, there) is Refusal.LEDGER_AWAY
        first.ledger_answers, first.ends = True, None
        await here.desk.order_move(first.shard, there, "a test")
        first.ledger_answers = False  # while the first move rests the journal, nobody can ask
        assert await here.refused(first.shard, there) is Refusal.MOVE_UNDER_WAY
        first.is_open = False
        assert await here.refused(first.shard, there) is Refusal.SHARD_NOT_HELD


async def test_without_redis_it_is_refused() -> None:
    gone = RedisSettings(host="127.0.0.1", port=1, connect_seconds=0.2)
    async with open_desk(gone, announces=False) as here:
        assert await here.refused(here.shards[0].shard, NodeId("node")) is Refusal.UNAVAILABLE


async def test_a_drain_gives_away_what_somebody_takes_and_tries_the_rest_again(
    valkey: EmbeddedValkey,
) -> None:
    async with open_desk(valkey.settings) as here:
        first, second = here.shards
        here.desk.order_drain("a new kernel")
        assert here.desk.is_draining
        await until(lambda: bool(first.moves))
        assert (first.is_open, second.moves) == (False, [])
        await here.announce(evolve(here.neighbour, takes=(second.shard,)))
        await until(lambda: bool(second.moves))
        assert second.moves[0].reason == "a new kernel"


async def test_a_drain_that_is_cancelled_calls_off_what_has_not_begun(valkey: EmbeddedValkey) -> None:
    async with open_desk(valkey.settings) as here:
        first, _ = here.shards
        first.ends = None
        here.desk.order_drain("by mistake")
        await until(lambda: bool(first.moves))
        here.desk.cancel_drain()
        assert first.moves[0].phase is MovePhase.CALLED_OFF
        assert (here.desk.is_draining, here.desk.drain_reason) == (False, None)
        await trio.sleep(1.5)
        assert len(first.moves) == 1


async def test_at_the_end_all_shards_go_at_once_with_the_wait_that_is_left(valkey: EmbeddedValkey) -> None:
    async with open_desk(valkey.settings) as here:
        first, second = here.shards
        await here.announce(evolve(here.neighbour, takes=(first.shard, second.shard)))
        await here.desk.give_all_away("stopping", 0.5)
        assert [one.moves[0].wait_seconds for one in here.shards] == [0.5, 0.5]
        assert [one.is_open for one in here.shards] == [False, False]


async def test_an_offer_reaches_its_shard_and_one_that_is_not_known_nobody(valkey: EmbeddedValkey) -> None:
    async with open_desk(valkey.settings) as here:
        for shard in (here.shards[0].shard, ShardId(1)):
            here.desk.nudge(shard)
        assert [one.nudges for one in here.shards] == [1, 0]
