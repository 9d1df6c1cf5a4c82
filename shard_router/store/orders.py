"""Orders about tables, given through Redis to the node that plays their shard. Raises ``RedisAway``."""

from contextlib import closing
from typing import Final

import trio

from cardroom.ids import NodeId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, make_line, redis_errors
from cardroom.wire import keys
from cardroom.wire.codec import Malformed
from cardroom.wire.orders import OrderOutcome, TableOrder, order_answer_codec, order_codec

_ORDER_CODEC: Final = order_codec()
_ANSWER_CODEC: Final = order_answer_codec()


class NodeSilent(Exception):
    """The node has not answered in time. Whether it carries the order out is not known: give it again."""


class Orders:
    """Gives orders to nodes; at most ``limit`` wait for their answers at a time, each over its own line."""

    def __init__(self, redis: Redis, log: Log, limit: int = 8) -> None:
        self._redis = redis
        self._log = log
        self._places = trio.CapacityLimiter(limit)

    async def give(self, node: NodeId, order: TableOrder, seconds: float) -> OrderOutcome:
        """Give an order to a node and wait up to ``seconds`` (above 0) for what becomes of it.

        An order is known by its id, so it may be given again, also to another node that has the shard now:
        the outcome is the same. Raises ``NodeSilent``, and ``RedisAway``: then, too, it may be carried out.
        """
        with trio.move_on_after(seconds):
            async with self._places:
                await self._send(node, order)
                if (found := await self._wait(order, seconds)) is not None:
                    return found
        raise NodeSilent(f"no answer of {node}")

    async def _send(self, node: NodeId, order: TableOrder) -> None:
        key = keys.orders(node)
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.rpush(key, [_ORDER_CODEC.encode(order)])
                pipeline.expire(key, keys.ORDERS_SECONDS)

    async def _wait(self, order: TableOrder, seconds: float) -> OrderOutcome | None:
        waiting = (b"BLPOP", keys.order_answer(order.id), seconds)
        with redis_errors(), closing(make_line(self._redis)) as line:
            (found,) = await line.ask(waiting, wait_seconds=seconds)
        return self._read(order, found[1]) if isinstance(found, list) else None

    def _read(self, order: TableOrder, data: bytes) -> OrderOutcome | None:
        try:
            answer = _ANSWER_CODEC.decode(data)
        except Malformed as fault:
            self._log.warning("orders.bad_answer", order=str(order.id), reason=fault.code.value)
            return None
        return answer.outcome if answer.id == order.id else None
