"""A card room for system tests: one real table behind a real port, and players with the client library.

Players of odd numbers speak msgpack, those of even numbers JSON: whatever is played is played in both.
"""

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import pytest
import trio
from attrs import define, field, frozen

from cardroom.client import ConnectionLost, RequestRefused, Table, TableView, WayBack, connect
from cardroom.ids import SeatIndex
from cardroom.local.servers import EmbeddedValkey
from cardroom.money import Krw
from cardroom.wire.codec import Encoding
from cardroom.wire.lobby import TicketAnswer, sign_ticket
from cardroom.wire.player import ActionKind
from cardroom.wire.refusals import Refusal
from node.settings import TableLimits
from tests.fakes.ledger import LedgerInMemory
from tests.node.sessions.door import KEY, Door, open_door
from tests.node.tables.house import BUY_IN, TABLE, until

Heard = TypeVar("Heard")

PATIENCE_SECONDS = 10.0
"""What is awaited takes milliseconds; after so long it does not come."""
RESET = b"\x01\x00\x00\x00\x00\x00\x00\x00"
"""A socket that lingers for no time at all breaks off with a reset."""
QUICK = TableLimits(between_hands_seconds=0.05, after_showdown_seconds=0.05)


def encoding_of(user: int) -> Encoding:
    """Give what a player's client speaks."""
    return Encoding.MSGPACK if user % 2 else Encoding.JSON


@frozen
class Room:
    """The room; players come by ``enter``."""

    door: Door

    @property
    def ledger(self) -> LedgerInMemory:
        """The far side of the money."""
        return self.door.house.ledger

    def ticket(self, user: int, port: int = 0) -> TicketAnswer:
        """Give what the router would have answered."""
        ticket = self.door.ticket(user)
        url = f"ws://127.0.0.1:{port or self.door.port}"
        return TicketAnswer(url, sign_ticket(ticket, KEY), TABLE, ticket.expires_unix_ms, route="")

    @asynccontextmanager
    async def enter(self, *users: int) -> AsyncIterator[tuple[Table, ...]]:
        """Let players come to watch."""
        async with AsyncExitStack() as stack:
            yield tuple(
                [
                    await stack.enter_async_context(connect(self.ticket(user), encoding_of(user)))
                    for user in users
                ]
            )

    @asynccontextmanager
    async def seated(self, *users: int, buy_in: Krw = BUY_IN) -> AsyncIterator[tuple[Table, ...]]:
        """Let players take the seats 0, 1, ... at one moment: all of them are dealt into the first hand."""
        async with self.enter(*users) as tables:
            await self.seat(*tables, buy_in=buy_in)
            yield tables

    async def seat(self, *tables: Table, buy_in: Krw = BUY_IN) -> None:
        """Let players who watch take the seats 0, 1, ... at one moment."""
        self.ledger.is_silent = True
        async with trio.open_nursery() as nursery:
            for seat, table in enumerate(tables):
                nursery.start_soon(partial(table.sit_down, buy_in, SeatIndex(seat), posts_blind=True))
            await until(lambda: self.ledger.unanswered == len(tables))
            self.ledger.speak()
        await abreast(*tables)


@define
class Cable:
    """A line to the door that can be cut, as networks do it; whoever comes later has a whole one."""

    door: int
    port: int = 0
    _lines: set[trio.CancelScope] = field(factory=set)

    def cut(self) -> None:
        """Break all connections off without a word."""
        for line in tuple(self._lines):
            line.cancel()

    async def lay(self, client: trio.SocketStream) -> None:
        """Carry bytes both ways until one side ends, or the line is cut."""
        async with client, await trio.open_tcp_stream("127.0.0.1", self.door) as door:
            with trio.CancelScope() as line:
                self._lines.add(line)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_carry, client, door, line)
                    nursery.start_soon(_carry, door, client, line)
            self._lines.remove(line)
            for end in (client, door):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


async def _carry(source: trio.SocketStream, sink: trio.SocketStream, line: trio.CancelScope) -> None:
    with suppress(trio.BrokenResourceError):
        async for data in source:
            await sink.send_all(data)
    line.cancel()


@asynccontextmanager
async def open_cable(room: Room) -> AsyncIterator[Cable]:
    """Lay a cable to the room's door."""
    cable = Cable(room.door.port)
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, cable.lay, 0, host="127.0.0.1")
        listeners: list[trio.SocketListener] = await nursery.start(serve)
        cable.port = listeners[0].socket.getsockname()[1]
        yield cable
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_room(valkey: EmbeddedValkey, tables: TableLimits = QUICK, **door: Any) -> AsyncIterator[Room]:
    """Open the room; the money in it is the same at the end."""
    async with open_door(valkey.settings, tables=tables, **door) as opened:
        money = opened.house.ledger.total
        yield Room(opened)
        assert opened.house.ledger.total == money
        opened.house.table.seats.check_balance()


async def see(table: Table, holds: Callable[[TableView], bool]) -> TableView:
    """Read on until what a player sees is so, and give it."""
    with trio.fail_after(PATIENCE_SECONDS):
        while not holds(table.view):
            await anext(table)
    return table.view


async def hear(table: Table, kind: type[Heard], holds: Callable[[Heard], bool] = lambda told: True) -> Heard:
    """Read on until a player is told something of a kind, and give it."""
    with trio.fail_after(PATIENCE_SECONDS):
        while True:
            told = await anext(table)
            if isinstance(told, kind) and holds(told):
                return told


async def lose(table: Table) -> WayBack:
    """Read on until the connection is lost, and give the way back."""
    with trio.fail_after(PATIENCE_SECONDS):
        try:
            while True:
                await anext(table)
        except ConnectionLost:
            return table.way_back


async def abreast(*tables: Table) -> None:
    """Let all have read what one of them has."""
    newest = max(table.view.table_seq for table in tables)
    for table in tables:
        await see(table, lambda view: view.table_seq >= newest)


async def to_act(*tables: Table) -> Table:
    """Give whose turn it is, once it is somebody's."""
    await abreast(*tables)
    seen = await see(tables[0], lambda view: view.turn is not None)
    assert seen.turn is not None
    seat = seen.turn.seat
    actor = next(table for table in tables if table.view.my_seat == seat)
    await see(actor, lambda view: view.my_turn is not None)
    return actor


async def act(table: Table, kind: ActionKind, amount: int = 0) -> None:
    """Use a player's turn."""
    turn = table.view.my_turn
    assert turn is not None, "it is another player's turn"
    await table.act(turn, kind, Krw(amount))


async def fold(*tables: Table) -> None:
    """Let all fold but one."""
    for _ in tables[1:]:
        await act(await to_act(*tables), ActionKind.FOLD)


async def go_all_in(*tables: Table) -> None:
    """Let all put in what they have, or what is left to call."""
    for _ in tables:
        actor = await to_act(*tables)
        turn = actor.view.my_turn
        assert turn is not None
        await act(actor, ActionKind.CALL if turn.legal.all_in_amount is None else ActionKind.ALL_IN)


async def play_passively(*tables: Table) -> None:
    """Check or call until the hand in play is over."""
    await to_act(*tables)
    hand_id = tables[0].view.hand_id
    while True:
        await abreast(*tables)
        await see(tables[0], lambda view: view.turn is not None or view.hand_id != hand_id)
        if tables[0].view.hand_id != hand_id:
            return
        actor = await to_act(*tables)
        turn = actor.view.my_turn
        assert turn is not None
        await act(actor, ActionKind.CHECK if turn.legal.can_check else ActionKind.CALL)


@contextmanager
def refused(code: Refusal) -> Iterator[None]:
    """Expect that a request is refused with this code."""
    with pytest.raises(RequestRefused) as refusal:
        yield
    assert refusal.value.code is code
