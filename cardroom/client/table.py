"""A player's connection to one table.

    async with connect(await account.ticket(table_id)) as table:
        await table.sit_down(table.view.min_buy_in, posts_blind=True)
        async for event in table:
            if turn := table.view.my_turn:
                await table.act(turn, ActionKind.FOLD)

A reading task keeps ``Table.view`` at the newest event and a second one sends signs of life; both end with
the block. When the connection ends otherwise, the next call or step of the iteration raises why; then
``connect(table.way_back)`` goes on where it broke off, without asking the router: same seat, cards and clock.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, NoReturn

import trio
from attrs import frozen

from cardroom.client.answers import Answers
from cardroom.client.errors import ClientError, ConnectionLost, ProtocolBroken, RequestRefused
from cardroom.client.limits import ClientLimits
from cardroom.client.requests import TableRequests
from cardroom.client.socket import Socket, open_nursery, open_socket
from cardroom.client.view import TableView, view_after, view_in_place, view_of
from cardroom.wire.chat import Emoted, Said
from cardroom.wire.codec import Encoding
from cardroom.wire.lobby import TicketAnswer
from cardroom.wire.place import PlaceChanged
from cardroom.wire.player import Hello, Ping, PlayerMessage, Resume
from cardroom.wire.proof import Openings
from cardroom.wire.table import (
    AnyTableEvent,
    Done,
    Pong,
    Refused,
    Snapshot,
    TableMessage,
    TablePaused,
    Welcome,
)

_PINGS_PER_HEARTBEAT: Final = 3

TableUpdate = Snapshot | AnyTableEvent | PlaceChanged | Said | Emoted | TablePaused
"""What the iteration gives: events, the player's own business, what is said, whether the table waits for a
server, and a snapshot sent anew."""


@frozen
class WayBack:
    """A connection to take up again, also after it broke in the middle of a hand or of one's own turn.

    Good for hours, and more than once; the node must still play the table. ``view`` is what was known then.
    """

    url: str
    token: str
    encoding: Encoding
    view: TableView


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
        return WayBack(self._socket.url, self._welcome.resume, self._socket.encoding, self._view)

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
                while True:
                    self._take(await self._socket.receive())
            except ClientError as end:
                self._end = self._end or end
                self._answers.fail_all(self._end)

    def _take(self, message: TableMessage) -> None:
        match message:
            case Done(request_id=number):
                self._answers.settle(number, None)
            case Refused(request_id=int(number), code=code):
                self._answers.settle(number, RequestRefused(code))
            case Refused(code=code):
                raise RequestRefused(code)
            case Pong(number=number):
                self._answers.settle(number, None)
            case Welcome():
                raise ProtocolBroken("a second welcome")
            case Snapshot():
                self._view = view_of(message, self._welcome.user_id)
                self._keep(message)
            case PlaceChanged(place=place):
                self._view = view_in_place(self._view, place)
                self._keep(message)
            case Openings(request_id=number):
                self._answers.settle(number, message)
            case Said() | Emoted() | TablePaused():
                self._keep(message)
            case _ as event:
                self._view = view_after(self._view, event)
                self._keep(event)

    def _keep(self, update: TableUpdate) -> None:
        try:
            self._put.send_nowait(update)
        except trio.WouldBlock as error:
            raise ConnectionLost("events were not read in time") from error

    async def ping(self) -> None:
        """Send signs of life; a node that does not answer one in time is gone."""
        pause = self._welcome.heartbeat_seconds / _PINGS_PER_HEARTBEAT
        with suppress(ClientError):
            while True:
                await trio.sleep(pause)
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
