"""Orders that routers give about tables: each is carried out once, and answered however often it comes.

What lasts is noted by the ledger under the order's id, so that any node that has the shard gives the same
answer. What needs no ledger is remembered here, for as long as this start of the node lives.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol, TypeVar, assert_never

import trio
from attrs import define, field

from cardroom.ids import CommandId, ShardId, TableId
from cardroom.service.errors import report_unforeseen
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway, redis_errors
from cardroom.wire import keys, ledger
from cardroom.wire.codec import Malformed
from cardroom.wire.ledger import CommandRefused, ReplyBody, SwitchTable, TableMade, TableMode, TableSwitched
from cardroom.wire.orders import (
    AnnounceTable,
    CloseTable,
    MakeTable,
    OrderAnswer,
    OrderDone,
    OrderOutcome,
    OrderRefused,
    PauseTable,
    ResumeTable,
    TableOrder,
    order_answer_codec,
    order_codec,
)
from cardroom.wire.refusals import Refusal
from node.settings import StakesFile
from node.shards.served_tables import ServedTables
from node.tables.chat_text import clean_text
from node.tables.commands import Announce, Command, KeepEmpty
from node.tables.denied import Denied

T = TypeVar("T")

_ORDER_CODEC: Final = order_codec()
_ANSWER_CODEC: Final = order_answer_codec()
_ORDER_SECONDS: Final = 30.0
_TABLE_SECONDS: Final = 5.0
_AT_ONCE: Final = 32
_REMEMBERED: Final = 512
_MOST_MADE_AT_ONCE: Final = 4
"""Extra tables are asked for again and again while the ledger is away, and it makes all of them later."""
_MAX_NAME_LETTERS: Final = 64
_MAX_REASON_LETTERS: Final = 200
_MAX_TEXT_LETTERS: Final = 500
_FOR_NOW: Final = frozenset({Refusal.WRONG_OWNER, Refusal.BUSY, Refusal.TABLE_UNAVAILABLE})
"""Refused as things are: the same order may be carried out later."""


class OrderedShard(Protocol):
    """A shard that orders may be about."""

    @property
    def shard(self) -> ShardId:
        """Its number."""

    @property
    def served(self) -> ServedTables | None:
        """Its tables, while this node plays them."""


class _Refused(Exception):
    def __init__(self, code: Refusal) -> None:
        super().__init__(code.value)
        self.code = code


@define
class OrderDesk:
    """Carries out the orders of this node's list. ``run`` must be running for that."""

    shards: Sequence[OrderedShard]
    stakes: StakesFile
    redis: Redis
    log: Log
    _done: dict[CommandId, OrderOutcome] = field(factory=dict)
    _under_way: dict[CommandId, int] = field(factory=dict)
    """How many answers each order still lacks: one may come again before it is answered."""
    _orders: tuple[trio.MemorySendChannel[TableOrder], trio.MemoryReceiveChannel[TableOrder]] = field(
        factory=lambda: trio.open_memory_channel[TableOrder](_AT_ONCE)
    )

    def take(self, data: bytes) -> None:
        """Take an element of the node's list; never blocks. One too many is left to be given again."""
        try:
            self._orders[0].send_nowait(_ORDER_CODEC.decode(data))
        except Malformed as fault:
            self.log.warning("orders.bad_order", reason=fault.code.value)
        except trio.WouldBlock:
            self.log.warning("orders.too_many")

    async def run(self) -> None:
        """Carry orders out, several at a time, until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                order = await self._orders[1].receive()
                is_new = order.id not in self._under_way
                self._under_way[order.id] = self._under_way.get(order.id, 0) + 1
                if is_new:
                    nursery.start_soon(self._serve, order)

    async def _serve(self, order: TableOrder) -> None:
        log = self.log.bind(order=str(order.id), shard=order.shard, by=order.by)
        try:
            outcome = await self._find_outcome(order, log)
            while outcome is not None and self._under_way[order.id] > 0:
                self._under_way[order.id] -= 1
                await self._answer(order.id, outcome)
        except RedisAway as away:
            log.warning("orders.not_answered", reason=str(away))
        except Exception as error:  # noqa: BLE001 (the border of one order of an administrator)
            report_unforeseen(log, "order", error)
        finally:
            del self._under_way[order.id]

    async def _find_outcome(self, order: TableOrder, log: Log) -> OrderOutcome | None:
        known = self._done.get(order.id)
        if known is not None:
            return known
        outcome = await self._decide(order)
        if outcome is None:
            log.warning("orders.not_decided", seconds=_ORDER_SECONDS)
            return None
        self._remember(order.id, outcome)
        code = outcome.code.value if isinstance(outcome, OrderRefused) else None
        log.info("orders.done", body=type(order.body).__name__, refused=code, reason=order.reason)
        return outcome

    async def _answer(self, order_id: CommandId, outcome: OrderOutcome) -> None:
        key = keys.order_answer(order_id)
        with redis_errors():
            async with self.redis.pipeline(transaction=True) as pipeline:
                pipeline.rpush(key, [_ANSWER_CODEC.encode(OrderAnswer(order_id, outcome))])
                pipeline.expire(key, keys.ORDERS_SECONDS)

    async def _decide(self, order: TableOrder) -> OrderOutcome | None:
        """Give the outcome; None where the ledger does not answer: whether it does it later is not known."""
        if len(self._under_way) > _AT_ONCE:
            return OrderRefused(Refusal.BUSY)
        with trio.move_on_after(_ORDER_SECONDS):
            try:
                return await self._carry_out(order)
            except _Refused as refused:
                return OrderRefused(refused.code)
        return None

    def _remember(self, order_id: CommandId, outcome: OrderOutcome) -> None:
        if isinstance(outcome, OrderRefused) and outcome.code in _FOR_NOW:
            return
        self._done[order_id] = outcome
        if len(self._done) > _REMEMBERED:
            del self._done[next(iter(self._done))]

    async def _carry_out(self, order: TableOrder) -> OrderOutcome:
        served = next((one.served for one in self.shards if one.shard == order.shard), None)
        if served is None:
            raise _Refused(Refusal.WRONG_OWNER)
        _check_text(order.by, _MAX_NAME_LETTERS)
        _check_text(order.reason, _MAX_REASON_LETTERS)
        match order.body:
            case MakeTable():
                return await self._make(served, order, order.body)
            case CloseTable(table_id, only_if_empty):
                if only_if_empty:
                    await _keep_empty(served, table_id)
                return await _switch(served, order, table_id, TableMode.CLOSING)
            case PauseTable(table_id):
                return await _switch(served, order, table_id, TableMode.PAUSED)
            case ResumeTable(table_id):
                return await _switch(served, order, table_id, TableMode.RUNNING)
            case AnnounceTable(table_id, text):
                return await _announce(served, table_id, text)
            case _ as unreachable:
                assert_never(unreachable)

    async def _make(self, served: ServedTables, order: TableOrder, body: MakeTable) -> OrderOutcome:
        for text in (body.name, body.room):
            _check_text(text, _MAX_NAME_LETTERS)
        stake = self.stakes.stakes.get(body.stake)
        if stake is None or not self.stakes.offers(stake, body.seat_count):
            raise _Refused(Refusal.NO_SUCH_STAKE)
        if body.is_extra and served.ledger.count_waiting(ledger.MakeTable) >= _MOST_MADE_AT_ONCE:
            raise _Refused(Refusal.BUSY)
        made = await served.order(
            order.id,
            ledger.MakeTable(
                body.name,
                body.stake,
                body.seat_count,
                body.is_private,
                body.room,
                body.is_extra,
                order.by,
                order.reason,
            ),
        )
        if isinstance(made, TableMade):
            await served.wait_until_opened(made.table_id)
            return OrderDone(made.table_id, made.invitation)
        return _refusal(made)


async def _switch(
    served: ServedTables, order: TableOrder, table_id: TableId, mode: TableMode
) -> OrderOutcome:
    reply = await served.order(order.id, SwitchTable(table_id, mode, order.by, order.reason))
    return OrderDone(table_id) if isinstance(reply, TableSwitched) else _refusal(reply)


async def _keep_empty(served: ServedTables, table_id: TableId) -> None:
    """Let nobody sit down from here on; refused if somebody has, is about to, or waits.

    A table that is not here may have been closed by this very order: the ledger knows.
    """
    if served.find(table_id) is None:
        return
    try:
        is_empty = await _ask(served, table_id, KeepEmpty)
    except _Refused:
        served.let_sit_down(table_id)  # it may be kept empty, and could not say so in time
        raise
    if not is_empty:
        raise _Refused(Refusal.TABLE_NOT_EMPTY)


async def _announce(served: ServedTables, table_id: TableId, text: str) -> OrderOutcome:
    try:
        text = clean_text(text, _MAX_TEXT_LETTERS)
    except Denied as denied:
        raise _Refused(denied.code) from None
    await _ask(served, table_id, partial(Announce, text))
    return OrderDone(table_id)


async def _ask(
    served: ServedTables, table_id: TableId, command: Callable[[Callable[[T], None]], Command]
) -> T:
    """Give a table's task a command and wait for its answer."""
    entry = served.find(table_id)
    if entry is None:
        raise _Refused(Refusal.NO_SUCH_TABLE)
    send, receive = trio.open_memory_channel[T](1)
    entry.inbox.deliver(command(send.send_nowait))
    with trio.move_on_after(_TABLE_SECONDS):
        return await receive.receive()
    raise _Refused(Refusal.TABLE_UNAVAILABLE)


def _refusal(reply: ReplyBody) -> OrderRefused:
    assert isinstance(reply, CommandRefused), f"{reply} is no answer to an order"
    return OrderRefused(reply.code)


def _check_text(text: str, longest: int) -> None:
    if not 0 < len(text) <= longest or "\0" in text:
        raise _Refused(Refusal.MALFORMED)
