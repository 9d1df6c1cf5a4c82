"""Runs the tables of the baseline: who acts is let in one at a time, hands follow each other, clocks run out.

After each step the table's state is written and what happened is published; a hand that is over is booked
before anybody is told.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

from attrs import define, field

from cardroom.ids import TableId, UserId
from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import TableMessage, table_codec
from loadtest.baseline.channel import Channel, Listener, encode
from loadtest.baseline.game import MAX_BUY_IN, TURN_SECONDS, Pauses
from loadtest.baseline.snapshot import pack_state, take_snapshot
from loadtest.baseline.store import Poor, Store
from loadtest.baseline.table import Denied, Finished, Table


@define(eq=False)
class Running:
    """A table with what runs it."""

    table: Table
    lock: asyncio.Lock = field(factory=asyncio.Lock)
    clock: asyncio.TimerHandle | None = None
    record: list[bytes] = field(factory=list)


class Floor:
    """All tables of this worker."""

    def __init__(self, tables: int, seats: int, pauses: Pauses, store: Store, channel: Channel) -> None:
        self._tables = {
            TableId(number): Running(Table(TableId(number), seats)) for number in range(1, tables + 1)
        }
        self._pauses = pauses
        self._store = store
        self._channel = channel
        self._codec: Codec[TableMessage] = table_codec(Encoding.MSGPACK)
        self._tasks: set[asyncio.Task[None]] = set()
        self.actions = 0
        self.hands = 0

    @property
    def tables(self) -> Iterator[Table]:
        """All tables, to be looked at."""
        return (running.table for running in self._tables.values())

    def find(self, table_id: TableId) -> Table | None:
        """Give a table, to be looked at."""
        running = self._tables.get(table_id)
        return None if running is None else running.table

    async def enter(self, listener: Listener, table: Table) -> None:
        """Send a snapshot to a player, and from then on every event that follows it."""
        async with self._tables[table.table_id].lock:
            listener.seen_seq = table.teller.seq
            await listener.send(self._codec.encode(take_snapshot(table, listener.user_id)))
            self._channel.join(table.table_id, listener)

    async def ask(self, user_id: UserId, nickname: str, request: asks.TableRequest) -> None:
        """Carry out a player's request; raises ``Denied``."""
        running = self._tables[request.table_id]
        async with running.lock:
            await self._carry_out(running, user_id, nickname, request)
            await self._conclude(running)

    async def _carry_out(
        self, running: Running, user_id: UserId, nickname: str, request: asks.TableRequest
    ) -> None:
        table = running.table
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
        if table.hand is not None or finished is not None:
            running.record += [for_all for for_all, _ in frames]
        if finished is not None:
            await self._book(running, finished)
        await self._let_go(table)
        frames += encode(self._codec, table.take_told())
        if frames:
            first_seq = table.teller.seq - len(frames) + 1
            await self._channel.publish(table.table_id, pack_state(table), first_seq, frames)
        self._set_clock(running, finished)

    async def _book(self, running: Running, finished: Finished) -> None:
        record, running.record = b"".join(running.record), []
        await self._store.book_hand(running.table.table_id, finished, record)
        self.hands += 1
        for holder in running.table.holders.values():
            stack = running.table.seating.occupant(holder.seat).stack
            if not holder.is_leaving and stack < holder.fills_up_to:
                more = Krw(holder.fills_up_to - stack)
                with suppress(Poor):
                    await self._store.fill_up(running.table.table_id, holder.seat, holder.user_id, more)
                    running.table.fill_up(holder, more)

    async def _let_go(self, table: Table) -> None:
        for holder in table.leavers:
            paid = table.free(holder)
            await self._store.leave(table.table_id, holder.seat, holder.user_id, paid)

    def _set_clock(self, running: Running, finished: Finished | None) -> None:
        """A turn that is not used in time is decided; after a hand comes a pause, then the next one."""
        is_waiting = running.clock is not None and running.table.hand is None and finished is None
        if is_waiting:  # the next deal is coming anyway
            return
        if running.clock is not None:
            running.clock.cancel()
        if running.table.hand is not None:
            seconds = TURN_SECONDS
        else:
            shown = finished is not None and finished.has_showdown
            seconds = self._pauses.after_showdown if shown else self._pauses.between_hands
        running.clock = asyncio.get_running_loop().call_later(seconds, self._ring, running)

    def _ring(self, running: Running) -> None:
        running.clock = None
        task = asyncio.get_running_loop().create_task(self._go_on(running))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _go_on(self, running: Running) -> None:
        async with running.lock:
            if running.clock is not None:  # somebody acted in the last moment
                return
            if running.table.hand is None:
                if not running.table.deal():
                    return
            else:
                running.table.time_out()
            await self._conclude(running)
