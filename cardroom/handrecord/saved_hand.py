"""Hands as a player saves them: the JSON messages of the protocol, as a connection heard them, one per line.

Messages that tell nothing of cards are passed over, and so are empty lines. A file may hold several hands, of
several tables. What is read here is what was claimed; whether it is true, ``verify`` finds out.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final
from uuid import UUID

from attrs import define, field, frozen

from cardroom.handrecord.deck_proof import CARDS, Opening
from cardroom.handrecord.reading import UnreadableError
from cardroom.ids import HandId

BOARD_CARDS: Final = 5
_HOLE_CARDS: Final = 2
_SECOND = "a second commitment was given for the same hand"
_LATE = "its commitment came after its first message"


@frozen
class ShownHand:
    """Cards that a seat showed: both at a showdown, or one or both afterwards."""

    seat: int
    cards: tuple[int, ...]


@define
class SavedHand:
    """All that a file says about the cards of one hand. Seats and places count from 0, as on the wire."""

    table_id: int
    hand_no: int
    hand_id: HandId | None = None
    """None if the file does not hold the start of the hand."""
    commitment: bytes = b""
    seats: tuple[int, ...] = ()
    """Who was dealt in, in dealing order."""
    own_seat: int | None = None
    """The seat of who saved the file, if the file says so."""
    own_cards: tuple[int, ...] = ()
    boards: tuple[list[int], list[int]] = field(factory=lambda: ([], []))
    shown: list[ShownHand] = field(factory=list)
    openings: list[Opening] = field(factory=list)
    is_joined: bool = False
    """Whether the first that the file says of it is a snapshot: the connection came in its middle."""
    is_void: bool = False
    is_over: bool = False
    is_gone: bool = False
    """Whether a snapshot says that it is not in play any more, though its end was not heard."""
    faults: list[str] = field(factory=list)
    """What was wrong with the order of the messages, or between them."""

    @property
    def cards(self) -> frozenset[int]:
        """All cards of the hand that the file shows."""
        return frozenset(chain(self.own_cards, *self.boards, *(shown.cards for shown in self.shown)))


def read_saved(text: str) -> tuple[SavedHand, ...]:
    """Read all hands of a file; ``UnreadableError`` names the line that is no message."""
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), start=1):  # other ends of lines may stand in a text
        if line.strip():
            try:
                reader.take(_message(line))
            except (KeyError, TypeError, ValueError, RecursionError) as trouble:
                raise UnreadableError(f"line {number}: {_told(trouble)}") from trouble
    return tuple(reader.hands)


def _message(line: str) -> Mapping[str, Any]:
    message = json.loads(line)
    _text(_object(message)["type"])
    return _object(message)


def _told(trouble: Exception) -> str:
    if isinstance(trouble, KeyError):
        return f"{trouble} is missing"
    return f"{trouble}" if not isinstance(trouble, RecursionError) else "too deep"


@define
class _Reader:
    """Follows the messages of one connection."""

    hands: list[SavedHand] = field(factory=list)
    _newest: dict[tuple[int, int], SavedHand] = field(factory=dict)
    """By table and number; the number of a void hand is given again."""
    _me: int | None = None
    _sitting: dict[int, dict[int, int]] = field(factory=dict)
    """By table: who holds which seat."""

    def take(self, message: Mapping[str, Any]) -> None:
        """Take the next message."""
        match message["type"]:
            case "welcome":
                self._me = _whole(message["user_id"])
            case "snapshot" | "seat_taken" | "seat_left":
                self._follow_seats(message)
            case "hand_started":
                self._start(message)
            case "cards_dealt" | "street_dealt" | "hand_shown":
                self._show(message)
            case "hand_voided" | "hand_ended":
                self._end(message)
            case "openings":
                self._open(message)

    def _follow_seats(self, message: Mapping[str, Any]) -> None:
        sitting = self._sitting.setdefault(_whole(message["table_id"]), {})
        match message["type"]:
            case "snapshot":
                seats = [_object(seat) for seat in _list(message["seats"])]
                sitting.clear()
                sitting.update({_whole(seat["seat"]): _whole(seat["user_id"]) for seat in seats})
                self._look(message, seats)
            case "seat_taken":
                sitting[_whole(message["seat"])] = _whole(message["user_id"])
            case "seat_left":
                sitting.pop(_whole(message["seat"]), None)

    def _look(self, snapshot: Mapping[str, Any], seats: list[Mapping[str, Any]]) -> None:
        """Take what a snapshot says of the hand in play, and which hands are played no more."""
        key = _whole(snapshot["table_id"]), _whole(snapshot["hand_no"])
        hand_id = None if snapshot["hand_id"] is None else HandId(UUID(_text(snapshot["hand_id"])))
        for hand in self._newest.values():
            if hand.table_id == key[0] and hand.hand_id not in (None, hand_id):
                hand.is_gone |= not hand.is_over
        if hand_id is None:
            return
        known_hand = self._newest.get(key)
        if known_hand is None or known_hand.is_gone:
            known_hand = self._add(SavedHand(*key, is_joined=True))
        self._compare(known_hand, snapshot, seats)

    def _compare(self, hand: SavedHand, snapshot: Mapping[str, Any], seats: list[Mapping[str, Any]]) -> None:
        board, known = list(_cards(snapshot["board"])), hand.boards[0]
        if board[: len(known)] != known[: len(board)]:
            hand.faults.append("a snapshot shows another board than was dealt")
        known.extend(board[len(known) :])
        for seat in seats:
            cards = _cards(seat["cards"])
            if cards:
                hand.shown.append(ShownHand(_whole(seat["seat"]), cards))

    def _start(self, message: Mapping[str, Any]) -> None:
        key = _whole(message["table_id"]), _whole(message["hand_no"])
        hand_id, commitment = HandId(UUID(_text(message["hand_id"]))), _bytes(message["commitment"])
        before = self._newest.get(key)
        if before is not None and (before.is_void or before.is_gone):
            before.is_void = True  # a number is given again when its hand does not count
        elif before is not None:
            if (before.hand_id, before.commitment) != (hand_id, commitment):
                before.faults.append(_SECOND if before.hand_id is not None else _LATE)
            return
        hand = self._add(SavedHand(*key, hand_id, commitment))
        hand.seats = tuple(_whole(_object(seat)["seat"]) for seat in _list(message["seats"]))
        sitting = self._sitting.get(hand.table_id, {})
        if self._me is not None:
            hand.own_seat = next((seat for seat, user in sitting.items() if user == self._me), None)

    def _show(self, message: Mapping[str, Any]) -> None:
        cards, hand = _cards(message["cards"]), self._hand(message)
        match message["type"]:
            case "cards_dealt" if not cards or len(cards) == _HOLE_CARDS:
                if cards and hand.own_cards not in ((), cards):
                    hand.faults.append("own cards were dealt twice")
                hand.own_cards = hand.own_cards or cards
            case "street_dealt" if message["board"] in (1, 2):
                board = hand.boards[message["board"] - 1]
                board.extend(cards)
                if len(board) > BOARD_CARDS:
                    raise ValueError(f"a board of {len(board)} cards")
            case "hand_shown" if 0 < len(cards) <= _HOLE_CARDS:
                hand.shown.append(ShownHand(_whole(message["seat"]), cards))
            case kind:
                raise ValueError(f"{kind} of {len(cards)} cards on board {message.get('board')!a}")

    def _end(self, message: Mapping[str, Any]) -> None:
        hand = self._hand(message)
        if message["type"] == "hand_ended":
            hand.is_over = True
        elif hand.is_over:
            hand.faults.append("it was declared void after its end")
        else:
            hand.is_void = True

    def _open(self, message: Mapping[str, Any]) -> None:
        hand = self._hand(message)
        if hand.hand_id is not None and UUID(_text(message["hand_id"])) != hand.hand_id:
            hand.faults.append("openings are given for another hand id")
        if hand.hand_id is not None and _bytes(message["commitment"]) != hand.commitment:
            hand.faults.append("openings are given for another commitment")
        hand.openings.extend(_openings(message))

    def _hand(self, message: Mapping[str, Any]) -> SavedHand:
        key = _whole(message["table_id"]), _whole(message["hand_no"])
        return self._newest.get(key) or self._add(SavedHand(*key))

    def _add(self, hand: SavedHand) -> SavedHand:
        self._newest[hand.table_id, hand.hand_no] = hand
        self.hands.append(hand)
        return hand


def _openings(message: Mapping[str, Any]) -> Iterator[Opening]:
    for opening in map(_object, _list(message["openings"])):
        yield Opening(
            position=_whole(opening["position"]),
            card=_whole(opening["card"]),
            salt=_bytes(opening["salt"]),
            path=tuple(map(_bytes, _list(opening["path"]))),
        )


def _cards(value: object) -> tuple[int, ...]:
    return tuple(map(_card, _list(value)))


def _card(value: object) -> int:
    card = _whole(value)
    if not 0 <= card < CARDS:
        raise ValueError(f"{card} is no card")
    return card


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"a whole number expected, not {value!a:.40}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text expected, not {value!a:.40}")
    return value


def _bytes(value: object) -> bytes:
    return bytes.fromhex(_text(value))


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"a list expected, not {value!a:.40}")
    return value


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"an object expected, not {value!a:.40}")
    return value
