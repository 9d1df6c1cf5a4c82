"""Tables are opened and closed by orders to who plays the shard; every router hears of new ones."""

from collections.abc import AsyncIterator

import pytest
from attrs import frozen

from cardroom.ids import BootNonce, NodeId, ShardId, TableId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis
from cardroom.wire import keys
from cardroom.wire.orders import CloseTable, MakeTable, OrderDone, OrderOutcome, OrderRefused, TableOrder
from cardroom.wire.refusals import Refusal
from shard_router.store.extra_tables import ExtraTables, FreshTable, NewTable
from shard_router.store.nodes import Nodes
from shard_router.store.orders import Orders
from tests.fakes.orders import FIRST_TABLE, OrderTaker, taking_orders
from tests.shard_router.front import NODE, SHARDS, NodeHand

NEW = NewTable("low stakes", 6, "Main")
MADE = FreshTable(FIRST_TABLE, ShardId(1), "low stakes", 6)
SECONDS = 0.3


@frozen
class Place:
    extra: ExtraTables
    taker: OrderTaker
    node: NodeHand


def make(redis: Redis, log: Log, fresh_seconds: float = 15.0) -> ExtraTables:
    return ExtraTables(redis, Nodes(redis, SHARDS, log), Orders(redis, log), fresh_seconds, log)


@pytest.fixture
async def place(redis: Redis, log: Log) -> AsyncIterator[Place]:
    node = NodeHand(redis)
    await node.open_both_shards()
    async with taking_orders(redis, NODE) as taker:
        yield Place(make(redis, log), taker, node)


async def test_a_table_is_opened_and_every_router_hears_of_it(place: Place, redis: Redis, log: Log) -> None:
    assert await place.extra.fresh() == {}
    assert await place.extra.open(ShardId(1), NEW, SECONDS) == MADE
    (order,) = place.taker.orders
    assert (order.shard, order.by, order.reason) == (1, "quick-seat", "no free seat")
    assert isinstance(order.body, MakeTable)
    assert order.body == MakeTable(order.body.name, "low stakes", 6, False, "Main", True)
    assert order.body.name.startswith("low stakes ")
    assert await make(redis, log).fresh() == {FIRST_TABLE: MADE}
    assert 0 < await redis.ttl(keys.fresh_tables()) <= keys.RESERVED_SECONDS


async def test_a_table_is_fresh_for_a_while(place: Place, redis: Redis, log: Log) -> None:
    extra = make(redis, log, fresh_seconds=0.0)
    assert await extra.open(ShardId(1), NEW, SECONDS) == MADE
    assert await extra.fresh() == {}


async def test_names_differ(place: Place) -> None:
    for _ in range(3):
        await place.extra.open(ShardId(1), NEW, SECONDS)
    names = {order.body.name for order in place.taker.orders if isinstance(order.body, MakeTable)}
    assert len(names) == 3


async def test_a_table_is_closed_if_it_is_empty(place: Place) -> None:
    assert await place.extra.close(TableId(7), ShardId(0), SECONDS)
    (order,) = place.taker.orders
    assert order.body == CloseTable(TableId(7), only_if_empty=True)
    assert (order.shard, order.by) == (0, "keeper")
    place.taker.outcome = lambda _: OrderRefused(Refusal.TABLE_NOT_EMPTY)
    assert not await place.extra.close(TableId(7), ShardId(0), SECONDS)
    assert len(place.taker.orders) == 2


async def test_a_silent_node_is_given_the_same_order_once_more(place: Place) -> None:
    place.taker.outcome = lambda _: None
    assert await place.extra.open(ShardId(1), NEW, SECONDS) is None
    first, second = place.taker.orders
    assert first == second
    assert await place.extra.fresh() == {}


async def test_who_has_the_shard_meanwhile_gets_the_order(place: Place, redis: Redis) -> None:
    other = NodeId("node-2")

    def refuse(order: TableOrder) -> OrderOutcome:
        return OrderRefused(Refusal.WRONG_OWNER)

    place.taker.outcome = refuse
    assert await place.extra.open(ShardId(1), NEW, SECONDS) is None
    assert len(place.taker.orders) == 2
    await place.node.announce(other, BootNonce("c" * 32))
    await place.node.hold(1, 2, node=other, boot=BootNonce("c" * 32))
    async with taking_orders(redis, other) as taker:
        taker.outcome = lambda _: OrderDone(TableId(5))
        made = await place.extra.open(ShardId(1), NEW, SECONDS)
    assert made is not None
    assert made.table_id == 5


async def test_nobody_is_ordered_anything_while_the_shard_is_closed(place: Place) -> None:
    await place.node.hold(1, 0)
    assert await place.extra.open(ShardId(1), NEW, SECONDS) is None
    assert not await place.extra.close(TableId(7), ShardId(1), SECONDS)
    assert place.taker.orders == []
