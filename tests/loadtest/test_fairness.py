"""What a bot notices about cards."""

from uuid import UUID

from attrs import evolve

from cardroom.client import TableUpdate
from cardroom.ids import HandId, SeatIndex
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.table import (
    CardsDealt,
    DealtSeat,
    HandShown,
    HandStarted,
    LeaveReason,
    LegalActions,
    SeatLeft,
    SeatStatus,
    SeatTaken,
    Street,
    StreetDealt,
)
from loadtest.fairness import CardWatch, snapshot_faults
from tests.fakes.node import ME, MY_SEAT, OTHER_SEAT, TABLE
from tests.loadtest.table import ACES, SEVEN_DEUCE, my_turn, other_view, seat_view, view_with

HEAD = (TABLE, 11, 4)
KINGS = (CardCode(44), CardCode(45))


def deal(*seats: SeatIndex) -> HandStarted:
    dealt = tuple(DealtSeat(seat, Krw(1)) for seat in seats)
    return HandStarted(*HEAD, HandId(UUID(int=1)), MY_SEAT, None, OTHER_SEAT, dealt, (), bytes(32))


def faults(*updates: TableUpdate, seated: bool = True) -> list[str]:
    watch = CardWatch(view_with(seat_view()) if seated else view_with())
    return [fault for update in updates for fault in watch.faults(update)]


def test_a_fair_hand() -> None:
    board = StreetDealt(*HEAD, Street.FLOP, 1, (CardCode(0), CardCode(4), CardCode(8)))
    assert faults(
        deal(MY_SEAT, OTHER_SEAT), CardsDealt(*HEAD, ACES), board,
        HandShown(*HEAD, MY_SEAT, ACES, None), HandShown(*HEAD, OTHER_SEAT, KINGS, None),
    ) == []  # fmt: skip


def test_cards_for_who_is_not_dealt_in() -> None:
    assert faults(deal(OTHER_SEAT), CardsDealt(*HEAD, ACES)) == ["foreign_cards"]
    assert faults(deal(OTHER_SEAT), CardsDealt(*HEAD, ())) == []


def test_too_many_cards_and_none() -> None:
    assert faults(deal(MY_SEAT), CardsDealt(*HEAD, ACES + KINGS)) == ["foreign_cards"]
    assert faults(deal(MY_SEAT), CardsDealt(*HEAD, ())) == ["cards_missing"]


def test_a_card_twice() -> None:
    dealt = (deal(MY_SEAT, OTHER_SEAT), CardsDealt(*HEAD, ACES))
    assert faults(*dealt, StreetDealt(*HEAD, Street.TURN, 1, ACES[:1])) == ["card_twice"]
    assert faults(*dealt, HandShown(*HEAD, OTHER_SEAT, (ACES[0], KINGS[0]), None)) == ["card_twice"]


def test_what_was_missed_is_in_the_view_already() -> None:
    known = evolve(view_with(seat_view(cards=ACES)), board=KINGS, table_seq=11)
    missed = StreetDealt(*HEAD, Street.RIVER, 1, KINGS[1:])
    assert list(CardWatch(known).faults(missed)) == []
    assert list(CardWatch(known).faults(evolve(missed, table_seq=12))) == ["card_twice"]


def test_other_cards_shown_than_held() -> None:
    dealt = (deal(MY_SEAT, OTHER_SEAT), CardsDealt(*HEAD, ACES))
    assert faults(*dealt, HandShown(*HEAD, MY_SEAT, SEVEN_DEUCE, None)) == ["other_cards_shown"]


def test_a_seat_is_followed() -> None:
    taken = SeatTaken(*HEAD, MY_SEAT, ME, "me", SeatStatus.RESERVED, Krw(0))
    dealt = (deal(MY_SEAT), CardsDealt(*HEAD, ACES))
    assert faults(taken, *dealt, seated=False) == []
    assert faults(SeatLeft(*HEAD, MY_SEAT, ME, Krw(0), LeaveReason.LEFT), *dealt) == ["foreign_cards"]


def test_a_snapshot_with_open_cards_while_somebody_acts() -> None:
    turn = my_turn(LegalActions(True, Krw(0), None, None, None))
    seats = (seat_view(cards=ACES), other_view(cards=KINGS))
    assert list(snapshot_faults(view_with(*seats, turn=turn))) == ["foreign_cards"]
    assert list(snapshot_faults(view_with(*seats))) == []
