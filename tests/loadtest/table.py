"""A table as a bot sees it, for tests that need one."""

from attrs import evolve

from cardroom.client import TableView
from cardroom.client.view import view_of
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.table import (
    ClockPhase,
    LegalActions,
    SeatStatus,
    SeatView,
    TurnView,
)
from tests.fakes.node import EMPTY, ME, MY_SEAT, OTHER, OTHER_SEAT, SEATED, STRANGER

ACES = (CardCode(48), CardCode(49))
SEVEN_DEUCE = (CardCode(20), CardCode(1))


def seat_view(stack: int = 100_000, cards: tuple[CardCode, ...] = ()) -> SeatView:
    """Give the bot's own seat."""
    return SeatView(MY_SEAT, ME, "me", Krw(stack), SeatStatus.PLAYING, bool(cards), Krw(0), cards)


def view_with(*seats: SeatView, turn: TurnView | None = None) -> TableView:
    """Give a view of a table with these seats."""
    return view_of(evolve(EMPTY, seats=seats, turn=turn, you=SEATED if seats else STRANGER), ME)


def other_view(cards: tuple[CardCode, ...] = ()) -> SeatView:
    """Give an opponent's seat."""
    return evolve(seat_view(cards=cards), seat=OTHER_SEAT, user_id=OTHER, nickname="other")


def my_turn(legal: LegalActions) -> TurnView:
    """Give a turn of the bot's."""
    return TurnView(MY_SEAT, 1, ClockPhase.TURN, 15_000, 30_000, legal)
