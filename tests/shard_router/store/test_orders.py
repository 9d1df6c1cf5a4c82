import pytest
import trio
from structlog.testing import LogCapture

from cardroom.ids import CommandId, NodeId, TableId, new_command_id
from cardroom.local.servers import free_port
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from cardroom.wire.orders import (
    CloseTable,
    OrderAnswer,
    OrderDone,
    OrderOutcome,
    OrderRefused,
    TableOrder,
    order_answer_codec,
    order_codec,
)
from cardroom.wire.refusals import Refusal
from shard_router.store.orders import NodeSilent, Orders
from tests.fakes.logs import captured_by
from tests.shard_router.front import NODE, SHARDS

WAIT = 5.0


def an_order(number: int = 1) -> TableOrder:
    order_id = new_command_id(number, bytes(10))
    return TableOrder(order_id, SHARDS[0], "kim", "it is late", CloseTable(TableId(3), only_if_empty=False))


async def take_order(redis: Redis, node: NodeId = NODE) -> TableOrder:
    """Take an order as a node does."""
    found = await redis.blpop([keys.orders(node)], timeout=1.0)
    assert found is not None
    return order_codec().decode(found[1])


async def answer(redis: Redis, order_id: CommandId, outcome: OrderOutcome) -> None:
    await redis.rpush(
        keys.order_answer(order_id), [order_answer_codec().encode(OrderAnswer(order_id, outcome))]
    )


@pytest.mark.parametrize("outcome", [OrderDone(TableId(3), "code"), OrderRefused(Refusal.TABLE_NOT_EMPTY)])
async def test_outcome_of_an_order(redis: Redis, log: Log, outcome: OrderOutcome) -> None:
    order, given = an_order(), []
    with trio.fail_after(WAIT):
        async with trio.open_nursery() as nursery:

            async def give() -> None:
                given.append(await Orders(redis, log).give(NODE, order, WAIT))

            nursery.start_soon(give)
            assert await take_order(redis) == order
            await answer(redis, order.id, outcome)
    assert given == [outcome]


async def test_each_order_gets_its_own_answer(redis: Redis, log: Log) -> None:
    orders, given = Orders(redis, log, limit=2), {}
    with trio.fail_after(WAIT):
        async with trio.open_nursery() as nursery:

            async def give(number: int) -> None:
                given[number] = await orders.give(NODE, an_order(number), WAIT)

            for number in (1, 2):
                nursery.start_soon(give, number)
            for _ in (1, 2):
                order = await take_order(redis)
                await answer(redis, order.id, OrderDone(TableId(order.id.int >> 80)))
    assert given == {1: OrderDone(TableId(1)), 2: OrderDone(TableId(2))}


async def test_silent_node(redis: Redis, log: Log) -> None:
    with pytest.raises(NodeSilent):
        await Orders(redis, log).give(NODE, an_order(), 0.05)
    left = await redis.pttl(keys.orders(NODE))
    assert 0 < left <= keys.ORDERS_SECONDS * 1000


async def test_given_again_it_gets_the_answer_that_came_too_late(redis: Redis, log: Log) -> None:
    orders, order = Orders(redis, log), an_order()
    with pytest.raises(NodeSilent):
        await orders.give(NODE, order, 0.05)
    await answer(redis, order.id, OrderDone(TableId(3)))
    assert await orders.give(NODE, order, WAIT) == OrderDone(TableId(3))
    assert await redis.llen(keys.orders(NODE)) == 2


async def test_what_cannot_be_read_is_no_answer(redis: Redis) -> None:
    other = OrderAnswer(an_order(2).id, OrderDone(TableId(3)))
    await redis.rpush(keys.order_answer(an_order().id), [b"\xc1", order_answer_codec().encode(other)])
    lines = LogCapture()
    for _ in range(2):
        with pytest.raises(NodeSilent):
            await Orders(redis, captured_by(lines)).give(NODE, an_order(), WAIT)
    assert [line["event"] for line in lines.entries] == ["orders.bad_answer"]


async def test_redis_is_away(log: Log) -> None:
    nowhere = RedisSettings(host="127.0.0.1", port=free_port(), connect_seconds=0.2, call_seconds=0.2)
    async with open_redis(nowhere) as redis:
        with pytest.raises(RedisAway):
            await Orders(redis, log).give(NODE, an_order(), WAIT)
