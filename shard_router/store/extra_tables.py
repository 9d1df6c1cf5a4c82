"""Extra tables: opened and closed by orders to nodes. Raises ``RedisAway``."""

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

from cardroom.ids import CommandId, ShardId, TableId, new_command_id
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, redis_errors
from cardroom.wire import keys
from cardroom.wire.orders import (
    CloseTable,
    MakeTable,
    OrderBody,
    OrderDone,
    OrderOutcome,
    OrderRefused,
    TableOrder,
)
from cardroom.wire.refusals import Refusal
from shard_router.rules.placement import Closed
from shard_router.store.nodes import Nodes
from shard_router.store.orders import NodeSilent, Orders

_TRIES: Final = 2
_NOTE: Final = """
local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d', ends) .. ' ' .. ARGV[2])
return redis.call('EXPIRE', KEYS[1], ARGV[4])
"""
# By the server's clock, as the routers' may differ.
_FRESH: Final = """
local time = redis.call('TIME')
local now, found = time[1] * 1000 + math.floor(time[2] / 1000), {}
local fields = redis.call('HGETALL', KEYS[1])
for f = 1, #fields, 2 do
  if tonumber(string.match(fields[f + 1], '^%d+')) <= now then redis.call('HDEL', KEYS[1], fields[f])
  else found[#found + 1], found[#found + 2] = fields[f], fields[f + 1] end
end
return found
"""


@frozen
class FreshTable:
    """An extra table that was just opened, and may not stand in the lobby yet."""

    table_id: TableId
    shard: ShardId
    stake: str
    seat_count: int


@frozen
class NewTable:
    """What is to be opened."""

    stake: str
    seat_count: int
    room: str


class ExtraTables:
    """Gives the orders; a node that does not answer in ``seconds`` is asked once more, by the same order."""

    def __init__(self, redis: Redis, nodes: Nodes, orders: Orders, fresh_seconds: float, log: Log) -> None:
        self._redis = redis
        self._nodes = nodes
        self._orders = orders
        self._fresh_ms = int(fresh_seconds * 1000)
        self._log = log

    async def fresh(self) -> Mapping[TableId, FreshTable]:
        """Give the tables that were just opened, by any router."""
        with redis_errors():
            words: object = await self._redis.eval(_FRESH, keys=[keys.fresh_tables()])
        assert isinstance(words, Sequence), "table, and what is known of it, in turn"
        tables = (_read_fresh(*pair) for pair in zip(words[::2], words[1::2], strict=True))
        return {table.table_id: table for table in tables}

    async def open(self, shard: ShardId, table: NewTable, seconds: float) -> FreshTable | None:
        """Open a table, and tell all routers of it; None if it could not be: the log says why."""
        order_id = new_command_id(time.time_ns() // 1_000_000, secrets.token_bytes(10))
        body = MakeTable(
            name=f"{table.stake} {order_id.hex[-6:].upper()}",
            stake=table.stake,
            seat_count=table.seat_count,
            is_private=False,
            room=table.room,
            is_extra=True,
        )
        outcome = await self._give(order_id, shard, "quick-seat", "no free seat", body, seconds)
        if not isinstance(outcome, OrderDone):
            return None
        made = FreshTable(outcome.table_id, shard, table.stake, table.seat_count)
        await self._note(made)
        self._log.info("table.opened", table_id=made.table_id, shard=shard, stake=table.stake)
        return made

    async def close(self, table_id: TableId, shard: ShardId, seconds: float) -> bool:
        """Close a table if nobody sits there or is about to; False if it was not closed: the log says why."""
        order_id = new_command_id(time.time_ns() // 1_000_000, secrets.token_bytes(10))
        body = CloseTable(table_id, only_if_empty=True)
        outcome = await self._give(order_id, shard, "keeper", "an extra table stood empty", body, seconds)
        if isinstance(outcome, OrderDone):
            self._log.info("table.closed", table_id=table_id, shard=shard)
        return isinstance(outcome, OrderDone)

    async def _note(self, table: FreshTable) -> None:
        value = f"{table.shard} {table.seat_count} {table.stake}"
        arguments: list[str | int] = [str(table.table_id), value, self._fresh_ms, keys.RESERVED_SECONDS]
        with redis_errors():
            await self._redis.eval(_NOTE, keys=[keys.fresh_tables()], args=arguments)

    async def _give(
        self, order_id: CommandId, shard: ShardId, by: str, reason: str, body: OrderBody, seconds: float
    ) -> OrderOutcome | None:
        """Give an order to who plays the shard now; None if nobody has answered."""
        order, outcome = TableOrder(order_id, shard, by, reason, body), None
        log = self._log.bind(order=str(order_id), shard=shard, kind=type(body).__name__)
        for _ in range(_TRIES):
            place = await self._nodes.place(shard)
            if isinstance(place, Closed):
                log.warning("order.not_given", reason=place.value)
                return None
            try:
                outcome = await self._orders.give(place.node, order, seconds)
            except NodeSilent:
                log.warning("order.not_answered", node=place.node)
                continue
            if not isinstance(outcome, OrderRefused):
                break
            log.info("order.refused", node=place.node, code=outcome.code.value)
            if outcome.code is not Refusal.WRONG_OWNER:
                break
        return outcome


def _read_fresh(name: bytes, value: bytes) -> FreshTable:
    _, shard, seat_count, stake = value.decode().split(" ", 3)
    return FreshTable(TableId(int(name)), ShardId(int(shard)), stake, int(seat_count))
