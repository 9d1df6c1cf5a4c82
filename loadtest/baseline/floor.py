"""Runs the tables of the baseline: who acts is let in one at a time, hands follow each other, clocks run out.

After each step the table's state is written and what happened is published; a hand that is over is booked
before anybody is told.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

from attrs import define, field, frozen

from cardroom.ids import TableId, UserId
from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import TableMessage, table_codec
from loadtest.baseline.channel import Channel, Listener, encode
from loadtest.baseline.game import MAX_BUY_IN, TURN_SECONDS, Pauses
from loadtest.baseline.snapshot import take_snapshot
from loadtest.baseline.state import pack_table, unpack_table
from loadtest.baseline.store import Poor, Store
from loadtest.baseline.table import Denied, Finished, Table

Moment = tuple[int, int]
"""A hand's number, and the number of its turn; 0 between hands."""


@frozen
class FloorPlan:
    """How many tables of how many seats; ``is_shared``: any worker may carry out any step of any table."""

    tables: int
    seats: int
    pauses: Pauses
    is_shared: bool


@define(eq=False)
class Running:
    """A table with what runs it."""

    table: Table
    lock: asyncio.Lock = field(factory=asyncio.Lock)
    clock: asyncio.TimerHandle | None = None
    is_locked: bool = False
    """Against other workers, until the lock is given back."""


class Floor:
    """All tables, as this worker carries out their steps."""

    def __init__(self, plan: FloorPlan, store: Store, channel: Channel) -> None:
        numbers = map(TableId, range(1, plan.tables + 1))
        self._tables = {number: Running(Table(number, plan.seats)) for number in numbers}
        self._pauses = plan.pauses
        self._is_shared = plan.is_shared
        self._store = store
        self._channel = channel
        self._codec: Codec[TableMessage] = table_codec(Encoding.MSGPACK)
        self._tasks: set[asyncio.Task[None]] = set()
        self.actions = 0
        self.hands = 0

    @property
    def tables(self) -> Iterator[Table]:
        """All tables as they were last seen here, to be looked at."""
        return (running.table for running in self._tables.values())

    def has_table(self, table_id: TableId) -> bool:
        """Say whether there is such a table."""
        return table_id in self._tables

    async def enter(self, listener: Listener, table_id: TableId) -> None:
        """Send a snapshot to a player, and from then on every event that follows it."""
        async with self._hold(table_id) as running:
            listener.seen_seq = running.table.teller.seq
            await listener.send(self._codec.encode(take_snapshot(running.table, listener.user_id)))
            self._channel.join(table_id, listener)

    async def ask(self, user_id: UserId, nickname: str, request: asks.TableRequest) -> None:
        """Carry out a player's request; raises ``Denied``."""
        async with self._hold(request.table_id) as running:
            await self._carry_out(running.table, user_id, nickname, request)
            await self._conclude(running)

    @asynccontextmanager
    async def _hold(self, table_id: TableId) -> AsyncIterator[Running]:
        """Keep everybody else from a table, whose state is the newest then."""
        running = self._tables[table_id]
        async with running.lock:
            if self._is_shared:
                state = await self._channel.take(table_id)
                running.is_locked = True
                if state is not None:
                    running.table = unpack_table(state, table_id, running.table.seat_count)
            try:
                yield running
            finally:
                if running.is_locked:
                    running.is_locked = False
                    await self._channel.give_back(table_id)

    async def _carry_out(
        self, table: Table, user_id: UserId, nickname: str, request: asks.TableRequest
    ) -> None:
        match request:
            case asks.Act():
                table.act(user_id, request)
                self.actions += 1
            case asks.SitDown():
                await self._sit_down(table, user_id, nickname, request)
            case asks.Leave():
                table.leave(table.held_by(user_id))
            case asks.SitOut():
                table.sit_out(table.held_by(user_id))
            case asks.SitIn(posts_blind=posts):
                table.sit_in(table.held_by(user_id), posts_blind=posts)
            case asks.AutoTopUp(up_to=up_to):
                table.held_by(user_id).fills_up_to = min(up_to, MAX_BUY_IN)
            case asks.Prove():
                raise Denied(Refusal.STALE_HAND)
            case asks.Chat() | asks.ShowEmote() | asks.Mute():
                raise Denied(Refusal.CHAT_CLOSED)
            case _:
                raise Denied(Refusal.NOT_OFFERED)

    async def _sit_down(self, table: Table, user_id: UserId, nickname: str, request: asks.SitDown) -> None:
        seat = table.choose_seat(user_id, request)
        try:
            await self._store.sit_down(table.table_id, seat, user_id, request.buy_in)
        except Poor:
            raise Denied(Refusal.INSUFFICIENT_FUNDS) from None
        table.sit_down(user_id, nickname, seat, request)

    async def _conclude(self, running: Running) -> None:
        """Book what is over, tell what happened, and see to what comes next."""
        table = running.table
        finished = table.finish()
        frames = encode(self._codec, table.take_told())
        if finished is not None:
            await self._book(table, finished, b"".join(for_all for for_all, _ in frames))
        await self._let_go(table)
        frames += encode(self._codec, table.take_told())
        first_seq = table.teller.seq - len(frames) + 1
        state, running.is_locked = pack_table(table), False
        await self._channel.publish(table.table_id, state, first_seq, frames, unlocks=self._is_shared)
        self._set_clock(running, finished)

    async def _book(self, table: Table, finished: Finished, record: bytes) -> None:
        await self._store.book_hand(table.table_id, finished, record)
        self.hands += 1
        for holder in table.holders.values():
            stack = table.seating.occupant(holder.seat).stack
            if not holder.is_leaving and stack < holder.fills_up_to:
                more = Krw(holder.fills_up_to - stack)
                with suppress(Poor):
                    await self._store.fill_up(table.table_id, holder.seat, holder.user_id, more)
                    table.fill_up(holder, more)

    async def _let_go(self, table: Table) -> None:
        for holder in table.leavers:
            paid = table.free(holder)
            await self._store.leave(table.table_id, holder.seat, holder.user_id, paid)

    def _set_clock(self, running: Running, finished: Finished | None) -> None:
        """A turn that is not used in time is decided; after a hand comes a pause, then the next one."""
        hand = running.table.hand
        if running.clock is not None and hand is None and finished is None:
            return  # the next deal is coming anyway
        if running.clock is not None:
            running.clock.cancel()
        if hand is not None:
            seconds = TURN_SECONDS
        else:
            shown = finished is not None and finished.has_showdown
            seconds = self._pauses.after_showdown if shown else self._pauses.between_hands
        loop = asyncio.get_running_loop()
        running.clock = loop.call_later(seconds, self._ring, running, _moment(running.table))

    def _ring(self, running: Running, moment: Moment) -> None:
        running.clock = None
        task = asyncio.get_running_loop().create_task(self._go_on(running.table.table_id, moment))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _go_on(self, table_id: TableId, moment: Moment) -> None:
        """Deal, or decide for who did not act; nothing if it went on meanwhile."""
        async with self._hold(table_id) as running:
            table = running.table
            if moment != _moment(table):
                return
            if table.hand is not None:
                table.time_out()
            elif not table.deal():
                return
            await self._conclude(running)


def _moment(table: Table) -> Moment:
    return table.hand_no, 0 if table.hand is None else table.hand.turn
