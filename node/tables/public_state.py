"""What everybody knows of a table, kept up event by event: the state that ``state_hash`` is the hash of.

It follows what was told, not what the table is: a client that follows the same events has the same state, and
the tests hold it against snapshots of the table itself.
"""

from collections.abc import Iterable
from typing import assert_never

from attrs import define, field

from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire import table as wire
from cardroom.wire.cards import CardCode
from cardroom.wire.state_hash import PublicSeat, PublicTable
from node.rules.hand import Hand

_NOTHING = Krw(0)

_Seating = wire.SeatTaken | wire.SeatChanged | wire.SeatLeft
_Question = wire.TurnBegan | wire.TimeExtended | wire.RunItTwiceOffered | wire.RunItTwiceDecided
_Payment = wire.UncalledReturned | wire.PotAwarded | wire.HandEnded | wire.HandVoided
_Cards = wire.StreetDealt | wire.CardsDealt | wire.HandShown | wire.HandMucked


@define
class _Seat:
    user_id: UserId
    status: wire.SeatStatus
    stack: Krw
    street_bet: Krw = _NOTHING
    is_in_hand: bool = False


@define
class PublicState:
    """The public state of one table after the newest event."""

    table_id: TableId
    button: SeatIndex | None = None
    _street: wire.Street | None = None
    _board: tuple[CardCode, ...] = ()
    _second_board: tuple[CardCode, ...] = ()
    _pot: Krw = _NOTHING
    _turn: tuple[SeatIndex, int] | None = None
    _seats: dict[SeatIndex, _Seat] = field(factory=dict)

    def set_up(self, seats: Iterable[PublicSeat], button: SeatIndex | None) -> None:
        """Begin anew between two hands."""
        self._end_hand()
        self.button = button
        self._seats = {one.seat: _Seat(one.user_id, one.status, one.stack) for one in seats}

    def set_up_hand(self, hand: Hand) -> None:
        """Begin anew in the middle of a hand, after ``set_up`` with the stacks before it."""
        self.button, self._street = hand.setup.deal.button, wire.Street(hand.street.value)
        self._board = tuple(map(CardCode, hand.board))
        self._pot = Krw(sum(player.put_in for player in hand.players))
        self._turn = None if hand.legal is None else (hand.legal.seat, hand.turn)
        for player in hand.players:
            seat = self._seats[player.seat]
            seat.stack, seat.street_bet = player.stack, player.street_bet
            seat.is_in_hand = not player.has_folded

    def at(self, table_seq: int, hand_no: int) -> PublicTable:
        """Give the state as it is hashed."""
        return PublicTable(
            table_id=self.table_id,
            table_seq=table_seq,
            hand_no=hand_no,
            button=self.button,
            street=self._street,
            board=self._board,
            second_board=self._second_board,
            pot=self._pot,
            turn=self._turn,
            seats=tuple(
                PublicSeat(seat, one.user_id, one.status, one.stack, one.street_bet, one.is_in_hand)
                for seat, one in self._seats.items()
            ),
        )

    def follow(self, event: wire.AnyTableEvent) -> None:
        """Take the next event in."""
        match event:
            case wire.Acted():
                self._act(event)
            case wire.TurnBegan() | wire.TimeExtended() | wire.RunItTwiceOffered() | wire.RunItTwiceDecided():
                self._question(event)
            case wire.StreetDealt() | wire.CardsDealt() | wire.HandShown() | wire.HandMucked():
                self._cards(event)
            case wire.UncalledReturned() | wire.PotAwarded() | wire.HandEnded() | wire.HandVoided():
                self._pay(event)
            case wire.HandStarted():
                self._deal(event)
            case wire.SeatTaken() | wire.SeatChanged() | wire.SeatLeft():
                self._seat(event)
            case wire.StateChanged() | wire.WaitingListChanged() | wire.Announced():
                pass
            case _ as unreachable:
                assert_never(unreachable)

    def _act(self, event: wire.Acted) -> None:
        seat = self._seats[event.seat]
        seat.stack, seat.street_bet = event.stack, event.street_bet
        if event.kind is wire.MoveKind.FOLD:
            seat.is_in_hand = False
        self._pot = Krw(self._pot + event.amount)
        self._turn = None

    def _question(self, event: _Question) -> None:
        match event:
            case wire.TurnBegan(turn=turn):
                self._turn = (turn.seat, turn.turn)
            case wire.RunItTwiceOffered():
                self._gather_bets()
            case wire.TimeExtended() | wire.RunItTwiceDecided():
                pass
            case _ as unreachable:
                assert_never(unreachable)

    def _cards(self, event: _Cards) -> None:
        match event:
            case wire.StreetDealt(board=1):
                self._gather_bets()
                self._street = event.street
                self._board += event.cards
            case wire.StreetDealt():
                self._second_board += event.cards
            case wire.HandMucked():
                self._seats[event.seat].is_in_hand = False
            case wire.CardsDealt() | wire.HandShown():
                pass
            case _ as unreachable:
                assert_never(unreachable)

    def _pay(self, event: _Payment) -> None:
        match event:
            case wire.UncalledReturned():
                seat = self._seats[event.seat]
                seat.stack, seat.street_bet = event.stack, Krw(seat.street_bet - event.amount)
                self._pot = Krw(self._pot - event.amount)
                self._turn = None
            case wire.PotAwarded():
                self._turn = None
            case wire.HandEnded(results=after) | wire.HandVoided(stacks=after):
                for one in after:
                    self._seats[one.seat].stack = one.stack
                self._end_hand()
            case _ as unreachable:
                assert_never(unreachable)

    def _deal(self, event: wire.HandStarted) -> None:
        self._end_hand()
        self.button, self._street = event.button, wire.Street.PREFLOP
        for dealt in event.seats:
            seat = self._seats[dealt.seat]
            seat.stack, seat.is_in_hand = dealt.stack, True
        for post in event.posts:
            seat = self._seats[post.seat]
            seat.stack, seat.street_bet = post.stack, post.street_bet
            self._pot = Krw(self._pot + post.amount)

    def _seat(self, event: _Seating) -> None:
        match event:
            case wire.SeatTaken():
                self._seats[event.seat] = _Seat(event.user_id, event.status, event.stack)
            case wire.SeatChanged():
                seat = self._seats[event.seat]
                seat.status, seat.stack = event.status, event.stack
            case wire.SeatLeft():
                del self._seats[event.seat]
            case _ as unreachable:
                assert_never(unreachable)

    def _gather_bets(self) -> None:
        self._turn = None
        for seat in self._seats.values():
            seat.street_bet = _NOTHING

    def _end_hand(self) -> None:
        self._gather_bets()
        self._street, self._board, self._second_board, self._pot = None, (), (), _NOTHING
        for seat in self._seats.values():
            seat.is_in_hand = False
