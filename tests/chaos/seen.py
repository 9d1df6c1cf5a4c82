"""What all bots together saw of each hand, read from their record; pure."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final, TypeVar
from uuid import UUID

from attrs import define, evolve, field

from cardroom.ids import HandId, NodeId, SeatIndex, TableId, UserId
from cardroom.wire.cards import CardCode
from cardroom.wire.codec import Encoding
from cardroom.wire.table import (
    Acted,
    CardsDealt,
    HandEnded,
    HandMucked,
    HandShown,
    HandStarted,
    HandVoided,
    PotAwarded,
    RunItTwiceDecided,
    Snapshot,
    StreetDealt,
    TableEvent,
    UncalledReturned,
    table_codec,
)

Cards = tuple[CardCode, ...]
_E = TypeVar("_E", bound=TableEvent)

_OF_A_HAND: Final = (
    HandStarted | CardsDealt | Acted | StreetDealt | UncalledReturned | RunItTwiceDecided
    | HandShown | HandMucked | PotAwarded | HandEnded | HandVoided
)  # fmt: skip


@define
class SeenHand:
    """One hand as all who watched it saw it together."""

    hand_id: HandId
    table_id: TableId
    hand_no: int
    first_at: float
    last_at: float
    ended_at: float | None = None
    events: dict[int, TableEvent] = field(factory=dict)
    """By their number at the table, without anybody's own cards."""
    own_cards: dict[UserId, Cards] = field(factory=dict)
    shown: dict[SeatIndex, set[CardCode]] = field(factory=lambda: defaultdict(set))
    open_at_sight: list[tuple[SeatIndex, Cards]] = field(factory=list)
    """Cards of others that lay open when somebody came."""
    nodes: dict[NodeId, float] = field(factory=dict)
    """Who dealt it, and when that was first seen."""
    faults: dict[int, str] = field(factory=dict)
    """What contradicts itself: by the event's number, or by the player's below zero."""

    def first(self, kind: type[_E]) -> _E | None:
        """Give the first event of a kind, if it was seen."""
        return next((event for event in self.in_order() if isinstance(event, kind)), None)

    def in_order(self) -> list[TableEvent]:
        """Give the events in the order of their numbers."""
        return [self.events[number] for number in sorted(self.events)]


@define
class _Connection:
    """What a line belongs to."""

    hand: SeenHand | None = None
    my_seat: SeatIndex | None = None


class Seen:
    """All that was seen. Feed it lines, then read ``hands``."""

    def __init__(self) -> None:
        self.hands: dict[HandId, SeenHand] = {}
        self.accepted = 0
        self._connections: dict[int, _Connection] = {}
        self._codec = table_codec(Encoding.JSON)

    def read(self, lines: Iterable[str]) -> "Seen":
        """Take lines of a record; a last line that is torn is passed over."""
        for text in lines:
            if text.endswith("\n"):
                self._take(json.loads(text))
        return self

    def _take(self, line: dict[str, Any]) -> None:
        match line["kind"]:
            case "arrived":
                self._arrive(line)
            case "accepted":
                self.accepted += 1
            case "saw":
                connection = self._connections[line["connection"]]
                message = self._codec.decode(json.dumps(line["message"]))
                if isinstance(message, Snapshot):
                    self._look_around(line, connection, message)
                elif isinstance(message, _OF_A_HAND):
                    self._note(line, connection, message)

    def _arrive(self, line: dict[str, Any]) -> None:
        connection = _Connection()
        self._connections[line["connection"]] = connection
        seat = line["seat"]
        connection.my_seat = None if seat is None else SeatIndex(seat)
        if line["hand_id"] is not None:
            connection.hand = self._hand(HandId(UUID(line["hand_id"])), line["hand_no"], line)
            open_cards = {
                SeatIndex(int(at)): tuple(map(CardCode, cards)) for at, cards in line["cards"].items()
            }
            self._sight(line, connection, open_cards)

    def _look_around(self, line: dict[str, Any], connection: _Connection, snapshot: Snapshot) -> None:
        connection.my_seat = snapshot.you.seat
        connection.hand = None
        if snapshot.hand_id is not None:
            connection.hand = self._hand(snapshot.hand_id, snapshot.hand_no, line)
            self._sight(line, connection, {seat.seat: seat.cards for seat in snapshot.seats if seat.cards})

    def _sight(self, line: dict[str, Any], connection: _Connection, cards: dict[SeatIndex, Cards]) -> None:
        assert connection.hand is not None, "cards lie at a hand"
        for seat, held in cards.items():
            if seat == connection.my_seat:
                self._own(connection.hand, UserId(line["player"]), held)
            else:
                connection.hand.open_at_sight.append((seat, held))

    def _note(self, line: dict[str, Any], connection: _Connection, event: TableEvent) -> None:
        if isinstance(event, HandStarted):
            connection.hand = self._hand(event.hand_id, event.hand_no, line)
        hand = connection.hand
        if hand is None or hand.hand_no != event.hand_no:
            return  # of the hand before: its cards may still be shown
        self._touch(hand, line)
        if isinstance(event, CardsDealt):
            if event.cards:
                self._own(hand, UserId(line["player"]), event.cards)
            event = evolve(event, cards=())
        if isinstance(event, HandShown):
            hand.shown[event.seat] |= set(event.cards)
        if isinstance(event, HandEnded | HandVoided):
            hand.ended_at = min(hand.ended_at or line["at"], line["at"])
        known = hand.events.setdefault(event.table_seq, event)
        if known != event:
            number = event.table_seq
            hand.faults.setdefault(
                number, f"event {number} was {known} for one player and {event} for another"
            )

    @staticmethod
    def _own(hand: SeenHand, player: UserId, cards: Cards) -> None:
        known = hand.own_cards.setdefault(player, cards)
        if known != cards:
            hand.faults.setdefault(-player, f"the cards of player {player} were {known} and {cards}")

    def _hand(self, hand_id: HandId, hand_no: int, line: dict[str, Any]) -> SeenHand:
        hand = self.hands.get(hand_id)
        if hand is None:
            table = TableId(line["table"])
            hand = self.hands[hand_id] = SeenHand(hand_id, table, hand_no, line["at"], line["at"])
        self._touch(hand, line)
        return hand

    @staticmethod
    def _touch(hand: SeenHand, line: dict[str, Any]) -> None:
        hand.last_at = max(hand.last_at, line["at"])
        hand.nodes.setdefault(NodeId(line["node"]), line["at"])
