"""A player's connection to one table.

    async with connect(await account.ticket(table_id)) as table:
        await table.sit_down(table.view.min_buy_in, posts_blind=True)
        async for event in table:
            if turn := table.view.my_turn:
                await table.act(turn, ActionKind.FOLD)

A reading task keeps ``Table.view`` at the newest event and a second one sends signs of life; both end with
the block. When the connection ends otherwise, the next call or step of the iteration raises why; then
``connect(table.way_back)`` goes on where it broke off, without asking the router: same seat, cards and clock.

A table that moves to another node is followed there by itself: the iteration goes on, requests wait
meanwhile, and those that were under way raise ``TableMoved``.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, NoReturn, Protocol

import trio
from attrs import evolve, frozen

from cardroom.client.answers import Answers
from cardroom.client.errors import (
    ClientError,
    ConnectionLost,
    ProtocolBroken,
    RequestRefused,
    TableMoved,
)
from cardroom.client.limits import ClientLimits
from cardroom.client.requests import TableRequests
from cardroom.client.socket import Socket, open_nursery, open_socket
from cardroom.client.view import TableView, view_after, view_of, view_told
from cardroom.wire.chat import Emoted, Said
from cardroom.wire.codec import Encoding
from cardroom.wire.lobby import TicketAnswer
from cardroom.wire.moved import Moved
from cardroom.wire.notices import DepositNotice, PlayerNotice, WithdrawalNotice
from cardroom.wire.place import PlaceChanged
from cardroom.wire.player import Hello, Ping, PlayerMessage, Resume
from cardroom.wire.proof import Openings
from cardroom.wire.protection import RealityCheck
from cardroom.wire.table import (
    AnyTableEvent,
    Done,
    Pong,
    Refused,
    Snapshot,
    TableHeld,
    TableMessage,
    TablePaused,
    Welcome,
)

_PINGS_PER_HEARTBEAT: Final = 3

TableUpdate = (
    Snapshot
    | AnyTableEvent
    | PlaceChanged
    | Said
    | Emoted
    | TablePaused
    | TableHeld
    | Moved
    | RealityCheck
    | PlayerNotice
)
"""What the iteration gives: events, the player's own business, what is said, whether the table waits for a
server, that it is followed to another node, a snapshot sent anew, how long the player has been here, and how
far the player's deposits and withdrawals are."""


@frozen
class WayBack:
    """A connection to take up again, also after it broke in the middle of a hand or of one's own turn.

    Good for hours, and more than once; the node must still play the table. ``view`` is what was known then.
    """

    url: str
    token: str
    encoding: Encoding
    view: TableView


class Listener(Protocol):
    """Takes what a table tells at the moment when it is read, which costs no switch to another task."""

    def heard(self, update: TableUpdate) -> None:
        """Take the next update; ``Table.view`` has it in it already."""

    def ended(self, end: ClientError) -> None:
        """The connection has ended: nothing more will come."""


class Table(TableRequests):
    """One table, as one player is connected to it. Made by ``connect``."""

    def __init__(self, socket: Socket, welcome: Welcome, view: TableView, limits: ClientLimits) -> None:
        self._socket = socket
        self._limits = limits
        self._answers = Answers(first_number=time.time_ns() // 1000)
        self._put, self._updates = trio.open_memory_channel[TableUpdate](limits.events)
        self._welcome = welcome
        self._view = view
        self._end: ClientError | None = None
        self._url = socket.url
        self._is_here = trio.Event()
        self._is_here.set()
        self._listener: Listener | None = None

    @property
    def view(self) -> TableView:
        """The table after the newest event that was received."""
        return self._view

    @property
    def welcome(self) -> Welcome:
        """What the node said at the start: who we are to it, and its heartbeat."""
        return self._welcome

    @property
    def way_back(self) -> WayBack:
        """How to take this connection up again, now or after it is lost."""
        return WayBack(self._url, self._welcome.resume, self._socket.encoding, self._view)

    def __aiter__(self) -> "Table":
        return self

    async def __anext__(self) -> TableUpdate:
        try:
            return await self._updates.receive()
        except trio.EndOfChannel:
            assert self._end is not None, "updates end only with the connection"
            raise self._end from None

    async def _ask(self, message: Callable[[int], PlayerMessage]) -> Openings | None:
        if self._end is not None:
            raise self._end
        if not self._is_here.is_set():
            with trio.move_on_after(self._limits.answer_seconds):
                await self._is_here.wait()
            if self._end is not None:
                raise self._end
        with self._answers.expect() as answer:
            await self._socket.send(message(answer.number))
            with trio.move_on_after(self._limits.answer_seconds):
                return await answer.wait()
        return await self._end_with(ConnectionLost("no answer in time"))

    async def _end_with(self, end: ClientError) -> NoReturn:
        """End the connection for a reason of our own, and raise it."""
        self._end = self._end or end
        await self._socket.close()
        raise end

    async def catch_up(self) -> None:
        """Take what was missed while there was no connection; it ends with a snapshot or one's own place."""
        is_paused = False
        while True:
            message = await (self._socket.receive() if is_paused else self._socket.receive_in_time())
            self._take(message)
            if isinstance(message, Snapshot | PlaceChanged):
                return
            is_paused = isinstance(message, TablePaused) and message.is_paused

    async def read(self) -> None:
        """Take messages until the connection ends; whoever waits then is told why."""
        with self._put:
            try:
                await self._read_everywhere()
            except ClientError as end:
                self._end = self._end or end
                self._answers.fail_all(self._end)
                self._is_here.set()
                if self._listener is not None:
                    self._listener.ended(self._end)

    async def _read_everywhere(self) -> NoReturn:
        moved = await self._read_here()
        while True:
            self._answers.fail_all(TableMoved())
            self._is_here = trio.Event()
            self._url, self._welcome = moved.url, evolve(self._welcome, resume=moved.resume)
            self._keep(moved)
            async with open_socket(moved.url, self._socket.encoding, self._limits) as self._socket:
                await self._socket.send(Resume(moved.resume, self._view.table_seq))
                self._welcome = await self._socket.receive_first(Welcome)
                await self.catch_up()
                if self._end is not None:
                    raise self._end
                self._is_here.set()
                moved = await self._read_here()

    async def _read_here(self) -> Moved:
        """Take messages until the table moves to another node."""
        while True:
            message = await self._socket.receive()
            if isinstance(message, Moved):
                self._socket.say_goodbye()
                return message
            self._take(message)

    def _take(self, message: TableMessage) -> None:
        match message:
            case Done(request_id=number) | Pong(number=number):
                self._answers.settle(number, None)
            case Refused(request_id=int(number), code=code):
                self._answers.settle(number, RequestRefused(code))
            case Refused(code=code):
                raise RequestRefused(code)
            case Welcome():
                raise ProtocolBroken("a second welcome")
            case Moved():
                raise ConnectionLost("the table moved before it was told")
            case Snapshot():
                self._view = view_of(message, self._welcome.user_id)
                self._keep(message)
            case PlaceChanged() | RealityCheck():
                self._view = view_told(self._view, message)
                self._keep(message)
            case Openings(request_id=number):
                self._answers.settle(number, message)
            case Said() | Emoted() | TablePaused() | TableHeld() | DepositNotice() | WithdrawalNotice():
                self._keep(message)
            case _ as event:
                self._view = view_after(self._view, event)
                self._keep(event)

    def listen(self, listener: Listener) -> None:
        """Give every update to a listener from now on, as it is read, in the place of the iteration."""
        self._listener = listener
        with suppress(trio.WouldBlock, trio.EndOfChannel):
            while True:
                listener.heard(self._updates.receive_nowait())
        if self._end is not None:
            listener.ended(self._end)

    def break_off(self) -> None:
        """End the connection without a goodbye, as a network does that fails."""
        self._socket.cut()

    def _keep(self, update: TableUpdate) -> None:
        if self._listener is not None:
            self._listener.heard(update)
            return
        try:
            self._put.send_nowait(update)
        except trio.WouldBlock as error:
            raise ConnectionLost("events were not read in time") from error

    async def ping(self) -> None:
        """Send signs of life; a node that does not answer one in time is gone."""
        pause = self._welcome.heartbeat_seconds / _PINGS_PER_HEARTBEAT
        while self._end is None:
            await trio.sleep(pause)
            with suppress(ClientError):
                await self._ask(Ping)


@asynccontextmanager
async def connect(
    to: TicketAnswer | WayBack,
    encoding: Encoding = Encoding.MSGPACK,
    limits: ClientLimits | None = None,
    invitation: str = "",
) -> AsyncIterator[Table]:
    """Connect to the table of a ticket, or take up a connection that broke (in the encoding that it had).

    ``invitation`` is the code of a private table. Raises ``RequestRefused`` if the ticket or the way back is
    not taken: then a new ticket is needed; or if an invitation is needed that is not this one.
    """
    limits = limits or ClientLimits()
    if isinstance(to, WayBack):
        encoding = to.encoding
    async with open_socket(to.url, encoding, limits) as socket:
        if isinstance(to, WayBack):
            table = await _return(socket, to, limits)
        else:
            table = await _enter(socket, to, invitation, limits)
        async with open_nursery() as nursery:
            nursery.start_soon(table.read)
            nursery.start_soon(table.ping)
            yield table


async def _enter(socket: Socket, ticket: TicketAnswer, invitation: str, limits: ClientLimits) -> Table:
    await socket.send(Hello(ticket.ticket, invitation))
    welcome = await socket.receive_first(Welcome)
    snapshot = await socket.receive_first(Snapshot)
    return Table(socket, welcome, view_of(snapshot, welcome.user_id), limits)


async def _return(socket: Socket, way_back: WayBack, limits: ClientLimits) -> Table:
    await socket.send(Resume(way_back.token, way_back.view.table_seq))
    welcome = await socket.receive_first(Welcome)
    table = Table(socket, welcome, way_back.view, limits)
    await table.catch_up()
    return table
