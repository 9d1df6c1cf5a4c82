"""One router at a time closes extra tables that stand empty, and nobody is sent there meanwhile."""

from collections.abc import AsyncIterator

import pytest
import trio
from attrs import evolve, frozen

from cardroom.ids import ShardId, TableId, UserId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from cardroom.wire.orders import OrderRefused
from cardroom.wire.presence import TableSummary
from cardroom.wire.refusals import Refusal
from shard_router.rules.quick_seat import OpenTable
from shard_router.settings import KeeperSettings
from shard_router.store.extra_tables import ExtraTables
from shard_router.store.keeper import Keeper
from shard_router.store.nodes import DirectoryCache, Nodes
from shard_router.store.orders import Orders
from shard_router.store.reserved_seats import ReservedSeats
from tests.fakes.orders import OrderTaker, taking_orders
from tests.shard_router.front import NODE, SHARDS, NodeHand, table_summary

AT_ONCE = KeeperSettings(quiet_seconds=0.0, order_seconds=0.5)
HALF = evolve(table_summary(1, 0, 8, 9), waiting=0)


def extra(number: int, shard: int = 0) -> TableSummary:
    return evolve(table_summary(number, shard), waiting=0, is_extra=True)


@frozen
class Room:
    redis: Redis
    node: NodeHand
    taker: OrderTaker
    log: Log

    def keeper(self, settings: KeeperSettings = AT_ONCE) -> Keeper:
        nodes = Nodes(self.redis, SHARDS, self.log)
        tables = ExtraTables(self.redis, nodes, Orders(self.redis, self.log), 15.0, self.log)
        seats = ReservedSeats(self.redis, 20.0)
        return Keeper(self.redis, DirectoryCache(nodes, 0.0), tables, seats, settings, self.log)


@pytest.fixture
async def room(redis: Redis, log: Log) -> AsyncIterator[Room]:
    node = NodeHand(redis)
    await node.open_both_shards()
    async with taking_orders(redis, NODE) as taker:
        yield Room(redis, node, taker, log)


async def test_empty_extra_tables_are_closed_as_long_as_seats_are_left(room: Room) -> None:
    await room.node.publish(HALF, extra(2), extra(3, 1), evolve(table_summary(4), waiting=0))
    assert await room.keeper().keep_once() == 2
    assert sorted(room.taker.closed) == [2, 3]
    assert {order.by for order in room.taker.orders} == {"keeper"}


async def test_the_last_seats_stay(room: Room) -> None:
    await room.node.publish(extra(2))
    assert await room.keeper().keep_once() == 0
    assert room.taker.orders == []


async def test_a_table_must_be_empty_for_a_while(room: Room) -> None:
    keeper = room.keeper(evolve(AT_ONCE, quiet_seconds=0.1))
    await room.node.publish(HALF, extra(2))
    assert await keeper.keep_once() == 0
    await room.node.publish(evolve(table_summary(2, 0, 7), is_extra=True))
    await trio.sleep(0.15)  # a quiet time passes, in which somebody sat there
    assert await keeper.keep_once() == 0
    await room.node.publish(extra(2))
    assert await keeper.keep_once() == 0
    await trio.sleep(0.1)
    assert await keeper.keep_once() == 1


async def test_only_one_router_keeps(room: Room) -> None:
    await room.node.publish(HALF, extra(2))
    one, two = room.keeper(), room.keeper()
    assert await one.keep_once() == 1
    await room.redis.flushdb()
    await room.node.open_both_shards()
    await room.node.publish(HALF, extra(2))
    assert await two.keep_once() == 1
    assert await one.keep_once() == 0
    assert room.taker.closed == [2, 2]
    assert 0 < await room.redis.pttl(keys.keeper()) <= AT_ONCE.lock_seconds * 1000


async def test_who_stops_leaves_it_to_others(room: Room) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(room.keeper().run)
        with trio.fail_after(5):
            while not await room.redis.exists([keys.keeper()]):
                await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert not await room.redis.exists([keys.keeper()])


async def test_a_table_that_somebody_was_just_sent_to_stays(room: Room) -> None:
    await room.node.publish(HALF, extra(2))
    table = OpenTable(TableId(2), ShardId(0), 6, {})
    assert await ReservedSeats(room.redis, 20.0).reserve(UserId(5), [table])
    assert await room.keeper().keep_once() == 0
    assert room.taker.orders == []


async def test_nobody_is_sent_to_a_table_that_is_being_closed(room: Room) -> None:
    await room.node.publish(HALF, extra(2))
    assert await room.keeper().keep_once() == 1
    table = OpenTable(TableId(2), ShardId(0), 6, {})
    assert await ReservedSeats(room.redis, 20.0).reserve(UserId(5), [table]) is None


async def test_so_many_at_once(room: Room) -> None:
    await room.node.publish(HALF, *(extra(number) for number in range(2, 7)))
    keeper = room.keeper(evolve(AT_ONCE, closed_at_once=2))
    assert await keeper.keep_once() == 2


async def test_what_was_not_closed_is_let_alone_for_a_quiet_time(room: Room) -> None:
    await room.node.publish(HALF, extra(2))
    room.taker.outcome = lambda _: OrderRefused(Refusal.TABLE_NOT_EMPTY)
    keeper = room.keeper(evolve(AT_ONCE, quiet_seconds=0.05))
    await keeper.keep_once()
    await trio.sleep(0.06)  # the quiet time
    assert await keeper.keep_once() == 0
    assert len(room.taker.orders) == 1
    assert await keeper.keep_once() == 0
    assert len(room.taker.orders) == 1


async def test_without_redis_it_waits(redis_settings: RedisSettings, log: Log) -> None:
    gone = evolve(redis_settings, port=1, connect_seconds=0.2)
    async with open_redis(gone) as redis, trio.open_nursery() as nursery:
        keeper = Room(redis, NodeHand(redis), OrderTaker(), log).keeper(evolve(AT_ONCE, every_seconds=0.05))
        nursery.start_soon(keeper.run)
        await trio.sleep(0.3)  # it goes on trying
        nursery.cancel_scope.cancel()
