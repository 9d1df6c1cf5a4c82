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
from cardroom.client.socket import Socket, open_nursery, open_socket
from cardroom.client.view import TableView, view_after, view_in_place, view_of
from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.chat import Emote, Emoted, Said
from cardroom.wire.codec import Encoding
from cardroom.wire.lobby import TicketAnswer
from cardroom.wire.place import PlaceChanged
from cardroom.wire.player import (
    Act,
    ActionKind,
    AutoTopUp,
    Chat,
    Hello,
    JoinWaitingList,
    Leave,
    LeaveWaitingList,
    Mute,
    Ping,
    PlayerMessage,
    Prove,
    Resume,
    Resync,
    RunItTwice,
    ShowCards,
    ShowEmote,
    SitDown,
    SitIn,
    SitOut,
    Straddle,
    TopUp,
)
from cardroom.wire.proof import Openings
from cardroom.wire.table import (
    AnyTableEvent,
    Done,
    Pong,
    Refused,
    Snapshot,
    TableMessage,
    TurnView,
    Welcome,
)

_PINGS_PER_HEARTBEAT: Final = 3

TableUpdate = Snapshot | AnyTableEvent | PlaceChanged | Said | Emoted
"""What the iteration gives: events, the player's own business, what is said, and a snapshot sent anew."""


@frozen
class WayBack:
    """A connection to take up again, also after it broke in the middle of a hand or of one's own turn.

    Good for hours, and more than once; the node must still play the table. ``view`` is what was known then.
    """

    url: str
    token: str
    encoding: Encoding
    view: TableView


class Table:
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

    async def sit_down(
        self, buy_in: Krw, seat: SeatIndex | None = None, *, posts_blind: bool = False
    ) -> None:
        """Take a seat, any free one by default; returns when the buy-in is held.

        With ``posts_blind`` a blind is posted to play at once, else the big blind is waited for.
        Refused: no such seat, seat taken, table full, already seated, buy-in too small or too large,
        insufficient funds, frozen.
        """
        await self._ask(lambda number: SitDown(number, self._table_id, seat, buy_in, posts_blind))

    async def leave(self, *, after_hand: bool = False) -> None:
        """Give up the seat, now or after the hand; the payment shows as ``SeatLeft``. May be repeated.

        Refused: not seated.
        """
        await self._ask(lambda number: Leave(number, self._table_id, after_hand))

    async def sit_out(self, *, at_big_blind: bool = False) -> None:
        """Be dealt no more hands, seat kept, at once or when the big blind comes. May be repeated.

        Refused: not seated.
        """
        await self._ask(lambda number: SitOut(number, self._table_id, at_big_blind))

    async def sit_in(self, *, posts_blind: bool = False) -> None:
        """Be dealt in again, as with ``sit_down``. Refused: not seated, leaving. May be repeated."""
        await self._ask(lambda number: SitIn(number, self._table_id, posts_blind))

    async def act(self, turn: TurnView, kind: ActionKind, amount: Krw | None = None) -> None:
        """Use a turn of the hand in play; ``amount`` is the street bet to raise to, only for a raise.

        Refused: no hand, stale hand or turn, out of turn, action or amount not allowed.
        """
        hand_no = self._view.hand_no
        await self._ask(
            lambda number: Act(
                number, self._table_id, hand_no, turn.turn, kind, Krw(0) if amount is None else amount
            )
        )

    async def top_up(self, amount: Krw) -> None:
        """Bring more chips, which play from the next hand; returns when the ledger has them.

        Refused: not seated, leaving, another top-up under way, too small or too large, insufficient funds,
        frozen. After ``ConnectionLost`` the new view says what has come: stack and ``place.arriving``.
        """
        await self._ask(lambda number: TopUp(number, self._table_id, amount))

    async def auto_top_up(self, up_to: Krw) -> None:
        """Fill the stack up to ``up_to`` after each hand, 0 ends it. May be repeated.

        Refused: not seated, leaving, too small or too large.
        """
        await self._ask(lambda number: AutoTopUp(number, self._table_id, up_to))

    async def join_waiting_list(self) -> None:
        """Wait for a seat; ``view.place`` says when one is offered. May be repeated.

        Refused: already seated, a seat is free, waiting list full.
        """
        await self._ask(lambda number: JoinWaitingList(number, self._table_id))

    async def leave_waiting_list(self) -> None:
        """Wait no more. Refused: not waiting."""
        await self._ask(lambda number: LeaveWaitingList(number, self._table_id))

    async def resync(self) -> None:
        """Begin the view anew with a snapshot. May be repeated."""
        await self._ask(lambda number: Resync(number, self._table_id, None))

    async def straddle(self, *, straddles: bool) -> None:
        """Say whether to straddle under the gun from now on. Refused: not seated, not offered here."""
        await self._ask(lambda number: Straddle(number, self._table_id, straddles))

    async def run_it_twice(self, *, agrees: bool) -> None:
        """Answer the offer to deal the rest of the board twice.

        Refused: not seated, no hand, stale hand, not offered (any more). May be repeated.
        """
        hand_no = self._view.hand_no
        await self._ask(lambda number: RunItTwice(number, self._table_id, hand_no, agrees))

    async def show_cards(self, cards: tuple[CardCode, ...]) -> None:
        """Show one or both own cards of the hand that has just ended.

        Refused: not seated, stale hand, not offered (any more), not one's own cards. May be repeated.
        """
        hand_no = self._view.hand_no
        await self._ask(lambda number: ShowCards(number, self._table_id, hand_no, cards))

    async def say(self, text: str) -> None:
        """Say something to all at the table who have not muted us.

        Refused: not seated, silenced, text not allowed, chat closed (dealt into a hand with an all-in), rate
        limited.
        """
        await self._ask(lambda number: Chat(number, self._table_id, text))

    async def show_emote(self, emote: Emote) -> None:
        """Show an emote to the table. Refused as ``say``."""
        await self._ask(lambda number: ShowEmote(number, self._table_id, emote))

    async def mute(self, user_id: UserId, *, muted: bool = True) -> None:
        """Hear a player no more at this table, or again. Refused: too many muted. May be repeated."""
        await self._ask(lambda number: Mute(number, self._table_id, user_id, muted))

    async def prove(self, hand_no: int) -> Openings:
        """Get the openings of all cards of a hand that we may see now, to check them against its commitment.

        Refused: no hand of that number, a hand too long ago. May be repeated.
        """
        openings = await self._ask(lambda number: Prove(number, self._table_id, hand_no))
        if openings is None:
            await self._end_with(ProtocolBroken("no openings in the answer"))
        return openings

    def __aiter__(self) -> "Table":
        return self

    async def __anext__(self) -> TableUpdate:
        try:
            return await self._updates.receive()
        except trio.EndOfChannel:
            assert self._end is not None, "updates end only with the connection"
            raise self._end from None

    @property
    def _table_id(self) -> TableId:
        return self._view.table_id

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
        with trio.move_on_after(self._limits.answer_seconds):
            while True:
                message = await self._socket.receive()
                self._take(message)
                if isinstance(message, Snapshot | PlaceChanged):
                    return
        raise ConnectionLost("no answer in time")

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
            case Said() | Emoted():
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
