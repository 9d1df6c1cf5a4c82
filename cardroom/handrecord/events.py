"""What happened in a hand, one event after another, from its record: posts, cards, actions, cards shown.

The record has them as texts; here each also has its street, its seat and its player. Hole cards are among
them, mucked ones too, so whoever gets the events gets what only the house may know.
"""

import re
from collections.abc import Iterator
from enum import Enum, unique
from typing import Final

from attrs import evolve, frozen

from cardroom.handrecord.reading import CARDS, OwnKeys, PhhAction, PhhHand, UnreadableError, Word, read_phh
from cardroom.ids import SeatIndex, UserId
from cardroom.money import Krw

_CARD_LETTERS: Final = 2
_CARDS_SHOWN: Final = 2


@unique
class Street(Enum):
    """Where an event lies; cards are shown at the showdown, even while the board is not whole yet."""

    PREFLOP = "preflop"
    FLOP = "flop"
    TURN = "turn"
    RIVER = "river"
    SHOWDOWN = "showdown"


_STREETS: Final = {0: Street.PREFLOP, 3: Street.FLOP, 4: Street.TURN, 5: Street.RIVER}
"""Streets by the number of cards on the board."""


@frozen
class HandEvent:
    """One event. Seat, player, amount and cards are None or empty where the event has none.

    ``action`` is the name of a PHH word (``fold``, ``check_or_call``, ``bet_or_raise``, ``show_or_muck``,
    ``hole_cards``, ``board``), of a post (``small_blind`` ...), or ``second_board``. ``amount`` is in won: of
    a bet or raise what is raised **to**, of a post what was to be posted; a call has none, as in PHH.
    """

    street: Street
    action: str
    seat: SeatIndex | None
    user_id: UserId | None
    amount: Krw | None
    cards: str
    notation: str
    """The event as PHH writes it; posts and the second board as our own keys do."""


def list_events(record: bytes) -> tuple[HandEvent, ...]:
    """Read the stored record of one hand. Raises ``UnreadableError``, also when its checksum is wrong."""
    try:
        text = record.decode()
    except UnicodeDecodeError as trouble:
        raise UnreadableError("not UTF-8") from trouble
    hands = list(read_phh(text))
    if len(hands) != 1:
        raise UnreadableError("not one hand")
    own = hands[0].own
    if own is None or len(own.user_ids) != len(own.seats):
        raise UnreadableError("not a record of our tables, or one that does not say who played")
    if not own.is_intact:
        raise UnreadableError("the checksum is another one")
    return (*_posts(own), *_actions(hands[0], own), *_second_board(own))


def _posts(own: OwnKeys) -> Iterator[HandEvent]:
    for post in own.posts:
        notation = f"p{post.place + 1} {post.kind} {post.amount}"
        event = HandEvent(Street.PREFLOP, post.kind, None, None, Krw(post.amount), "", notation)
        yield _of_player(event, own, post.place)


def _actions(hand: PhhHand, own: OwnKeys) -> Iterator[HandEvent]:
    board = 0
    for action in hand.actions:
        if action.word is Word.BOARD:
            board += len(action.cards) // _CARD_LETTERS
        is_showdown = action.word is Word.SHOW_OR_MUCK
        if is_showdown and action.place is None:
            continue  # a comment alone
        street = Street.SHOWDOWN if is_showdown else _STREETS.get(board)
        if street is None:
            raise UnreadableError(f"actions: a board of {board} cards")
        amount = Krw(action.amount) if action.amount else None
        name = action.word.name.lower()
        event = HandEvent(street, name, None, None, amount, action.cards, _write(action))
        yield event if action.place is None else _of_player(event, own, action.place)


def _second_board(own: OwnKeys) -> Iterator[HandEvent]:
    if cards := own.second_board:
        yield HandEvent(Street.SHOWDOWN, "second_board", None, None, None, cards, f"second_board {cards}")


def _of_player(event: HandEvent, own: OwnKeys, place: int) -> HandEvent:
    return evolve(event, seat=SeatIndex(own.seats[place]), user_id=UserId(own.user_ids[place]))


def _write(action: PhhAction) -> str:
    """Write an action as PHH does, without the commentary that may stand behind it."""
    player = f"p{(action.place or 0) + 1}"
    match action.word:
        case Word.HOLE_CARDS:
            return f"d dh {player} {action.cards}"
        case Word.BOARD:
            return f"d db {action.cards}"
        case Word.BET_OR_RAISE:
            return f"{player} cbr {action.amount}"
        case Word.SHOW_OR_MUCK if action.cards:
            if not re.fullmatch(f"{CARDS}{{1,{_CARDS_SHOWN}}}", action.cards):
                raise UnreadableError("actions: what is shown are no cards")
            return f"{player} sm {action.cards}"
        case Word.FOLD | Word.CHECK_OR_CALL | Word.SHOW_OR_MUCK:
            return f"{player} {action.word.value}"
