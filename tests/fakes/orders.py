"""A node that takes orders about tables from Redis, as a test says; real orders, real answers."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio
from attrs import define, field

from cardroom.ids import NodeId, TableId
from cardroom.service.redis import Redis, make_line
from cardroom.wire import keys
from cardroom.wire.orders import (
    CloseTable,
    MakeTable,
    OrderAnswer,
    OrderDone,
    OrderOutcome,
    TableOrder,
    order_answer_codec,
    order_codec,
)

FIRST_TABLE = TableId(1000)


@define
class OrderTaker:
    """What the node was ordered, and how it answers."""

    orders: list[TableOrder] = field(factory=list)
    outcome: Callable[[TableOrder], OrderOutcome | None] | None = None
    """Gives another answer than that it is done; None: silence."""
    delay_seconds: float = 0.0
    made: int = 0

    def carry_out(self, order: TableOrder) -> OrderOutcome | None:
        """Do nothing, and say that it is done: tables get numbers in order."""
        self.orders.append(order)
        if self.outcome is not None:
            return self.outcome(order)
        match order.body:
            case MakeTable():
                self.made += 1
                return OrderDone(TableId(FIRST_TABLE + self.made - 1))
            case body:
                return OrderDone(body.table_id)

    @property
    def closed(self) -> list[TableId]:
        """The tables that were to be closed."""
        return [order.body.table_id for order in self.orders if isinstance(order.body, CloseTable)]


@asynccontextmanager
async def taking_orders(redis: Redis, node: NodeId) -> AsyncIterator[OrderTaker]:
    """Let a node take orders for as long as the block lasts."""
    taker = OrderTaker()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_take, redis, node, taker)
        yield taker
        nursery.cancel_scope.cancel()


async def _take(redis: Redis, node: NodeId, taker: OrderTaker) -> None:
    line, orders, answers = make_line(redis), order_codec(), order_answer_codec()
    while True:
        (found,) = await line.ask((b"BLPOP", keys.orders(node), 5), wait_seconds=5)
        if not isinstance(found, list):
            continue
        order = orders.decode(found[1])
        outcome = taker.carry_out(order)
        await trio.sleep(taker.delay_seconds)
        if outcome is not None:
            answer = answers.encode(OrderAnswer(order.id, outcome))
            await line.ask((b"RPUSH", keys.order_answer(order.id), answer))
