"""Players who play anything legal and ask for anything, over connections that are values in memory."""

from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Final

import trio
from attrs import define, field

from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding
from cardroom.wire.place import Place, PlaceChanged
from node.tables.audience import Notice, Viewer
from node.tables.commands import Ask, Unwatch, Watch
from node.tables.directory import TableEntry
from tests.simulation.witness import Watching, Witness

_WISH_SECONDS: Final = 45.0
"""How long players sit before they want something, on average."""
_AWAY_SECONDS: Final = 4.0
_SLOW: Final = 0.04
"""How often a player lets the clock run out."""


@define
class Door:
    """What a player finds when looking for a table: where it is served, and by which process."""

    entry: TableEntry
    node: str
    is_open: Callable[[], bool]
    """Whether what is told there still reaches the player."""
    connections: list["Connection"] = field(factory=list)
    """All that go through it."""


Finder = Callable[[TableId], Door | None]


@define(eq=False)
class Connection:
    """One connection of a player, as a table knows it."""

    player: "Player"
    door: Door
    watching: Watching
    address: str = "192.0.2.1"
    encoding: Encoding = Encoding.MSGPACK
    is_closed: bool = False

    @property
    def user_id(self) -> UserId:
        return self.player.user_id

    @property
    def nickname(self) -> str:
        return f"player-{self.player.user_id}"

    def answer(self, message: wire.TableMessage) -> None:
        if self.door.is_open() and not self.is_closed:
            self.player.hear(self, message)

    def offer_frames(self, frames: bytes) -> None:
        assert isinstance(frames, Unframed), "messages are not encoded here"
        for message in frames.messages:
            self.answer(message)

    def kick(self, code: wire.CloseCode) -> None:
        if self.door.is_open():
            self.break_off()

    def move(self, url: str) -> None:
        """Follow the table to where it went."""
        if self.door.is_open():
            self.break_off()

    def break_off(self) -> None:
        """The player is cut off, for whatever reason; the node may not know it yet."""
        self.is_closed = True
        self.player.lose(self)


class Unframed(bytes):
    """What would be the frames of these messages."""

    messages: tuple[wire.TableMessage, ...]

    def __add__(self, more: object) -> "Unframed":
        """Put more behind them: a connection gets all of a step in one piece."""
        assert isinstance(more, Unframed), "messages are not encoded here"
        return _unframed(*self.messages, *more.messages)


def _unframed(*messages: wire.TableMessage) -> Unframed:
    frames = Unframed()
    frames.messages = messages
    return frames


class Messenger:
    """``Publisher`` without encoding: each viewer is told the very messages."""

    def frame(self, viewers: Iterable[Viewer], notices: Sequence[Notice]) -> Sequence[tuple[Viewer, bytes]]:
        return [
            (viewer, _unframed(*(one.instead.get(viewer.user_id, one.for_all) for one in notices)))
            for viewer in viewers
        ]

    def frame_message(
        self, viewers: Iterable[Viewer], message: wire.TableMessage
    ) -> Sequence[tuple[Viewer, bytes]]:
        return [(viewer, _unframed(message)) for viewer in viewers]


@define(eq=False)
class Player:
    """One person at one table: comes, sits down, plays, wishes, goes, and comes back."""

    user_id: UserId
    table_id: TableId
    draw: Random
    find: Finder
    witness: Witness
    goes_home: bool = False
    """Whether to leave for good."""
    place: Place | None = None
    _connection: Connection | None = None
    _was_told: Watching | None = None
    _turn: tuple[int, wire.TurnView] | None = None
    _offer: wire.RunItTwiceOffered | None = None
    _is_broke: bool = False
    _sits_out: bool = False
    _requests: int = 0
    _wake: trio.Event = field(factory=trio.Event)

    async def run(self) -> None:
        """Play until cancelled."""
        while True:
            if self._connection is None:
                await trio.sleep(self.draw.uniform(0.05, _AWAY_SECONDS))
                self._connect()
            wait = 0.5 if self.goes_home else self.draw.expovariate(1 / _WISH_SECONDS)
            with trio.move_on_after(wait) as idle:
                await self._wake.wait()
            self._wake = trio.Event()
            if idle.cancelled_caught:
                self._wish()
            elif self._turn is not None:
                await self._think()
            elif self._offer is not None:
                self._answer_offer(self._offer)

    def break_off(self) -> None:
        """The connection ends; the node hears of it."""
        connection = self._connection
        if connection is not None:
            connection.break_off()
            if connection.door.is_open():
                connection.door.entry.inbox.deliver(Unwatch(connection))

    def lose(self, connection: Connection) -> None:
        """Know that a connection is no more."""
        if self._connection is connection:
            self._was_told = connection.watching
            self._connection, self._turn, self._offer = None, None, None
            self._wake.set()

    def hear(self, connection: Connection, message: wire.TableMessage) -> None:
        """Take a message."""
        self.witness.hear(connection.watching, message)
        match message:
            case wire.Snapshot():
                self.place = message.you
                self._take_turn(message.hand_no, message.turn)
                self._note_seat(message)
            case PlaceChanged():
                self.place = message.place
            case wire.TurnBegan():
                self._take_turn(message.hand_no, message.turn)
            case wire.RunItTwiceOffered():
                self._offer = message
                self._wake.set()
            case wire.HandEnded():
                self._note_end(message)
            case wire.SeatChanged() if message.seat == self._seat:
                self._sits_out = message.status is wire.SeatStatus.SITTING_OUT

    @property
    def _seat(self) -> SeatIndex | None:
        return self.place.seat if self.place is not None else None

    def _note_seat(self, snapshot: wire.Snapshot) -> None:
        own = next((seat for seat in snapshot.seats if seat.user_id == self.user_id), None)
        self._is_broke = own is not None and own.stack == 0 and snapshot.hand_id is None
        self._sits_out = own is not None and own.status is wire.SeatStatus.SITTING_OUT

    def _note_end(self, ended: wire.HandEnded) -> None:
        self._turn, self._offer = None, None
        own = next((one for one in ended.results if one.seat == self._seat), None)
        if own is not None:
            self._is_broke = own.stack == 0

    def _take_turn(self, hand_no: int, turn: wire.TurnView | None) -> None:
        self._turn = (hand_no, turn) if turn is not None and turn.seat == self._seat else None
        if self._turn is not None:
            self._wake.set()

    def _connect(self) -> None:
        """Come to where the table is now, and say what was seen last, if it is the same run of events."""
        door = self.find(self.table_id)
        if door is None:
            return
        run, before = door.entry.run, self._was_told
        last_seq = before.last_seq if before is not None and before.run == run else None
        if self.draw.random() < 0.2:
            last_seq = None
        watching = Watching(self.user_id, self.table_id, run, door.node, last_seq)
        self._connection = Connection(self, door, watching)
        door.connections.append(self._connection)
        door.entry.inbox.deliver(Watch(self._connection, last_seq))

    def _ask(self, request: asks.TableRequest) -> None:
        connection = self._connection
        if connection is not None and connection.door.is_open():
            connection.door.entry.inbox.offer(Ask(connection, request, trio.current_time()))

    def _number(self) -> int:
        self._requests += 1
        return self._requests

    async def _think(self) -> None:
        """Think, mostly not too long; meanwhile the turn may be over."""
        seconds = self.draw.uniform(0.2, 6.0) if self.draw.random() > _SLOW else 40.0
        thinking = self._turn
        await trio.sleep(seconds)
        if self._turn is None or self._turn is not thinking:
            return
        act = self._choose(*self._turn)
        self._turn = None
        self._ask(act)
        if self.draw.random() < 0.1:  # a client that is not sure whether it was heard says it again
            self._ask(act)

    def _choose(self, hand_no: int, turn: wire.TurnView) -> asks.Act:
        legal = turn.legal
        kinds = [asks.ActionKind.CHECK if legal.can_check else asks.ActionKind.CALL] * 6
        kinds += [asks.ActionKind.FOLD] * (0 if legal.can_check else 3)
        amount = 0
        if legal.all_in_amount is not None and self.draw.random() < 0.3:
            kinds.append(asks.ActionKind.ALL_IN)
        if legal.min_raise_to is not None and legal.max_raise_to is not None:
            kinds += [asks.ActionKind.RAISE_TO] * 2
            amount = self.draw.choice(
                [legal.min_raise_to, self.draw.randint(legal.min_raise_to, legal.max_raise_to)]
            )
        kind = self.draw.choice(kinds)
        return asks.Act(self._number(), self.table_id, hand_no, turn.turn, kind, Krw(amount))

    def _answer_offer(self, offered: wire.RunItTwiceOffered) -> None:
        self._offer = None
        if self._seat in offered.offer.seats:
            agrees = self.draw.random() < 0.8
            self._ask(asks.RunItTwice(self._number(), self.table_id, offered.hand_no, agrees))

    def _wish(self) -> None:
        """Ask for something that is not play."""
        if self.place is None or self._connection is None:
            return
        if self.goes_home:
            self._go_home()
        elif self._seat is None:
            amount = self.draw.randint(self.place.min_buy_in, self.place.max_buy_in)
            self._ask(asks.SitDown(self._number(), self.table_id, None, Krw(amount), posts_blind=True))
        elif self._is_broke:
            self._is_broke = False
            self._ask(asks.Leave(self._number(), self.table_id, after_hand=False))
        elif self._sits_out and self.draw.random() < 0.8:
            self._ask(asks.SitIn(self._number(), self.table_id, posts_blind=self.draw.random() < 0.8))
        else:
            self._ask_for_anything()

    def _go_home(self) -> None:
        if self._seat is not None:
            self._ask(asks.Leave(self._number(), self.table_id, after_hand=False))

    def _ask_for_anything(self) -> None:
        table_id, draw, yes = self.table_id, self.draw, self.draw.random() < 0.5
        wishes: list[asks.TableRequest] = [
            asks.TopUp(self._number(), table_id, Krw(draw.choice([1, 2_000, 20_000, 90_000]))),
            asks.AutoTopUp(self._number(), table_id, Krw(draw.choice([0, 0, 120_000, 200_000]))),
            asks.SitOut(self._number(), table_id, at_big_blind=yes),
            asks.SitIn(self._number(), table_id, posts_blind=yes),
            asks.Leave(self._number(), table_id, after_hand=yes),
            asks.JoinWaitingList(self._number(), table_id),
            asks.LeaveWaitingList(self._number(), table_id),
            asks.Straddle(self._number(), table_id, straddles=yes),
            asks.Resync(self._number(), table_id, None),
            asks.Chat(self._number(), table_id, "nice hand"),
        ]
        self._ask(draw.choice(wishes))
