"""A bot's eye on the cards: nobody's hole cards before they are shown, and no card twice."""

from collections.abc import Iterator

from cardroom.client import TableUpdate, TableView
from cardroom.ids import SeatIndex
from cardroom.wire.cards import CardCode
from cardroom.wire.table import (
    CardsDealt,
    HandShown,
    HandStarted,
    SeatLeft,
    SeatTaken,
    StreetDealt,
    TableEvent,
)

_HOLE_CARDS = 2


class CardWatch:
    """Follows the cards of one table as one player sees them."""

    def __init__(self, view: TableView) -> None:
        self._user_id = view.user_id
        self._my_seat = view.my_seat
        self._is_dealt_in = False
        self._hole_cards = {seat.seat: seat.cards for seat in view.seats.values() if seat.cards}
        self._board = list(view.board)
        self._known_seq = view.table_seq

    def faults(self, update: TableUpdate) -> Iterator[str]:
        """Name what is wrong with the cards of the next update, unless the view has it in it."""
        if isinstance(update, TableEvent) and update.table_seq <= self._known_seq:
            return
        match update:
            case SeatTaken(seat=seat, user_id=user_id) if user_id == self._user_id:
                self._my_seat = seat
            case SeatLeft(seat=seat) if seat == self._my_seat:
                self._my_seat = None
            case HandStarted():
                self._hole_cards, self._board = {}, []
                self._is_dealt_in = any(dealt.seat == self._my_seat for dealt in update.seats)
            case CardsDealt(cards=cards):
                yield from self._dealt(cards)
            case StreetDealt(cards=cards):
                self._board += cards
                yield from self._twice()
            case HandShown(seat=seat, cards=cards):
                yield from self._shown(seat, cards)
            case _:
                pass

    def _dealt(self, cards: tuple[CardCode, ...]) -> Iterator[str]:
        if cards and not self._is_dealt_in:
            yield "foreign_cards"
        elif self._is_dealt_in and len(cards) != _HOLE_CARDS:
            yield "foreign_cards" if cards else "cards_missing"
        elif self._my_seat is not None and cards:
            self._hole_cards[self._my_seat] = cards
        yield from self._twice()

    def _shown(self, seat: SeatIndex, cards: tuple[CardCode, ...]) -> Iterator[str]:
        own = self._hole_cards.get(seat)
        if seat == self._my_seat and own is not None and not set(cards) <= set(own):
            yield "other_cards_shown"
        if own is None:
            self._hole_cards[seat] = cards
            yield from self._twice()

    def _twice(self) -> Iterator[str]:
        cards = [*self._board, *(card for pair in self._hole_cards.values() for card in pair)]
        if len(set(cards)) < len(cards):
            yield "card_twice"


def snapshot_faults(view: TableView) -> Iterator[str]:
    """Name what a snapshot shows too much: nothing of others is open while somebody is to act."""
    others = (seat for index, seat in view.seats.items() if index != view.my_seat)
    if view.turn is not None and any(seat.cards for seat in others):
        yield "foreign_cards"
