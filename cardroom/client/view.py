"""What a client knows of its table: a snapshot, and what every event since has changed. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypedDict, assert_never

from attrs import evolve, frozen

from cardroom.client.errors import ProtocolBroken, SequenceGap, StateDrift
from cardroom.ids import HandId, SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.place import Place, PlaceChanged
from cardroom.wire.protection import RealityCheck
from cardroom.wire.state_hash import PublicSeat, PublicTable, hash_state
from cardroom.wire.table import (
    Acted,
    Announced,
    AnyTableEvent,
    CardsDealt,
    ClockPhase,
    HandEnded,
    HandMucked,
    HandShown,
    HandStarted,
    HandVoided,
    MoveKind,
    PotAwarded,
    RunItTwiceDecided,
    RunItTwiceOffered,
    RunItTwiceView,
    SeatChanged,
    SeatLeft,
    SeatTaken,
    SeatView,
    Snapshot,
    StateChanged,
    Street,
    StreetDealt,
    TableOptions,
    TableState,
    TimeExtended,
    TurnBegan,
    TurnView,
    UncalledReturned,
    WaitingListChanged,
)


class Changes(TypedDict, total=False):
    """What an event changes of a view: fields of ``TableView``."""

    state: TableState
    hand_id: HandId | None
    button: SeatIndex | None
    street: Street | None
    board: tuple[CardCode, ...]
    pot: Krw
    seats: Mapping[SeatIndex, SeatView]
    turn: TurnView | None
    run_it_twice: RunItTwiceView | None
    waiting: int
    my_seat: SeatIndex | None
    second_run: tuple[CardCode, ...]


@frozen
class TableView:
    """A table as one player sees it.

    ``pot`` is all that was put in and not yet paid, bets included. ``second_run`` are the board cards of a
    second run, which take the place of the last ones of ``board``. ``waiting`` is how many stand in the
    waiting list, ``place`` the player's own business with the table. ``reality`` is what the player was told
    last of the time and money of this sitting, if anything; a snapshot sent anew forgets it.
    """

    user_id: UserId
    table_id: TableId
    table_seq: int
    hand_no: int
    name: str
    stake: str
    small_blind: Krw
    big_blind: Krw
    min_buy_in: Krw
    max_buy_in: Krw
    seat_count: int
    options: TableOptions
    is_private: bool
    state: TableState
    hand_id: HandId | None
    button: SeatIndex | None
    street: Street | None
    board: tuple[CardCode, ...]
    pot: Krw
    seats: Mapping[SeatIndex, SeatView]
    turn: TurnView | None
    run_it_twice: RunItTwiceView | None
    waiting: int
    place: Place
    my_seat: SeatIndex | None
    second_run: tuple[CardCode, ...] = ()
    reality: RealityCheck | None = None

    @property
    def me(self) -> SeatView | None:
        """The player's own seat, with stack, bet and hole cards."""
        return None if self.my_seat is None else self.seats.get(self.my_seat)

    @property
    def my_turn(self) -> TurnView | None:
        """The turn if it is the player's, with the legal actions; else None."""
        is_mine = self.turn is not None and self.turn.seat == self.my_seat
        return self.turn if is_mine else None

    @property
    def asks_me_to_run_twice(self) -> bool:
        """Whether the player is among those who may agree to a second run of the board."""
        return self.run_it_twice is not None and self.my_seat in self.run_it_twice.seats

    @property
    def my_cards(self) -> tuple[CardCode, ...]:
        """The player's own hole cards, empty without a hand."""
        return () if self.me is None else self.me.cards

    @property
    def my_stack(self) -> Krw:
        """The player's chips behind, 0 without a seat."""
        return Krw(0) if self.me is None else self.me.stack


def view_of(snapshot: Snapshot, user_id: UserId) -> TableView:
    """Begin a view with a snapshot."""
    bets = sum(seat.street_bet for seat in snapshot.seats)
    return TableView(
        user_id=user_id,
        table_id=snapshot.table_id,
        table_seq=snapshot.table_seq,
        hand_no=snapshot.hand_no,
        name=snapshot.name,
        stake=snapshot.stake,
        small_blind=snapshot.small_blind,
        big_blind=snapshot.big_blind,
        min_buy_in=snapshot.min_buy_in,
        max_buy_in=snapshot.max_buy_in,
        seat_count=snapshot.seat_count,
        options=snapshot.options,
        is_private=snapshot.is_private,
        state=snapshot.state,
        hand_id=snapshot.hand_id,
        button=snapshot.button,
        street=snapshot.street,
        board=snapshot.board,
        pot=Krw(bets + sum(pot.amount for pot in snapshot.pots)),
        seats=MappingProxyType({seat.seat: seat for seat in snapshot.seats}),
        turn=snapshot.turn,
        run_it_twice=snapshot.run_it_twice,
        waiting=snapshot.waiting,
        place=snapshot.you,
        my_seat=snapshot.you.seat,
    )


def view_after(view: TableView, event: AnyTableEvent) -> TableView:
    """Give the view after the next event; raises ``SequenceGap`` if it is not the next one."""
    if event.table_id != view.table_id:
        raise ProtocolBroken(f"an event of table {event.table_id} at table {view.table_id}")
    if event.table_seq != view.table_seq + 1:
        raise SequenceGap(view.table_seq + 1, event.table_seq)
    try:
        changes = _changes(view, event)
    except KeyError as error:
        raise ProtocolBroken(f"{type(event).__name__} about the empty seat {error}") from error
    # All at once: the view has so many fields that each new one takes longer than what there is to change.
    after = evolve(view, table_seq=event.table_seq, hand_no=event.hand_no, **changes)
    if event.state_hash is not None and event.state_hash != hash_state(public_table(after)):
        raise StateDrift(event.table_seq)
    return after


def view_told(view: TableView, message: PlaceChanged | RealityCheck) -> TableView:
    """Give the view after the player was told something of the player's own."""
    if isinstance(message, RealityCheck):
        return evolve(view, reality=message)
    return view_in_place(view, message.place)


def view_in_place(view: TableView, place: Place) -> TableView:
    """Give the view after the player's own business with the table has changed."""
    return evolve(view, place=place, my_seat=place.seat)


def public_table(view: TableView) -> PublicTable:
    """Give what everybody sees of the table, for its hash."""
    return PublicTable(
        table_id=view.table_id,
        table_seq=view.table_seq,
        hand_no=view.hand_no,
        button=view.button,
        street=view.street,
        board=view.board,
        second_board=view.second_run,
        pot=view.pot,
        turn=(view.turn.seat, view.turn.turn) if view.turn is not None else None,
        seats=tuple(
            PublicSeat(one.seat, one.user_id, one.status, one.stack, one.street_bet, one.is_in_hand)
            for one in view.seats.values()
        ),
    )


def _changes(view: TableView, event: AnyTableEvent) -> Changes:
    match event:
        case SeatTaken() | SeatChanged() | SeatLeft() | StateChanged() | WaitingListChanged():
            return _after_seating(view, event)
        case HandStarted():
            return _after_deal(view, event)
        case TurnBegan() | TimeExtended() | RunItTwiceOffered() | RunItTwiceDecided():
            return _after_question(view, event)
        case Acted():
            return _after_action(view, event)
        case StreetDealt():
            return _after_street(view, event)
        case CardsDealt() | HandShown() | HandMucked():
            return _after_cards(view, event)
        case UncalledReturned() | PotAwarded() | HandEnded() | HandVoided():
            return _after_payment(view, event)
        case Announced():
            return {}
        case _ as unreachable:
            assert_never(unreachable)


def _after_question(
    view: TableView, event: TurnBegan | TimeExtended | RunItTwiceOffered | RunItTwiceDecided
) -> Changes:
    match event:
        case TurnBegan(turn=turn):
            return {"turn": turn}
        case TimeExtended(phase=phase, left_ms=left_ms):
            if view.turn is None:
                return {}
            bank_ms = 0 if phase is ClockPhase.TIME_BANK else view.turn.bank_ms
            return {"turn": evolve(view.turn, phase=phase, left_ms=left_ms, bank_ms=bank_ms)}
        case RunItTwiceOffered(offer=offer):
            return {"seats": _without_bets(view), "run_it_twice": offer, "turn": None}
        case RunItTwiceDecided():
            return {"run_it_twice": None}
        case _ as unreachable:
            assert_never(unreachable)


def _after_seating(
    view: TableView, event: SeatTaken | SeatChanged | SeatLeft | StateChanged | WaitingListChanged
) -> Changes:
    match event:
        case SeatTaken(seat=seat, user_id=user_id):
            taken = SeatView(
                seat=seat, user_id=user_id, nickname=event.nickname, stack=event.stack,
                status=event.status, is_in_hand=False, street_bet=Krw(0), cards=(),
            )  # fmt: skip
            my_seat = seat if user_id == view.user_id else view.my_seat
            return {"seats": _with_seat(view, taken), "my_seat": my_seat}
        case SeatChanged(seat=seat, status=status, stack=stack):
            return {"seats": _with_seat(view, evolve(view.seats[seat], status=status, stack=stack))}
        case SeatLeft(seat=seat):
            others = {index: one for index, one in view.seats.items() if index != seat}
            my_seat = None if seat == view.my_seat else view.my_seat
            return {"seats": MappingProxyType(others), "my_seat": my_seat}
        case StateChanged(state=state):
            return {"state": state}
        case WaitingListChanged(waiting=waiting):
            return {"waiting": waiting}
        case _ as unreachable:
            assert_never(unreachable)


def _after_deal(view: TableView, event: HandStarted) -> Changes:
    seats = {index: _without_hand(seat) for index, seat in view.seats.items()}
    for dealt in event.seats:
        seats[dealt.seat] = evolve(seats[dealt.seat], stack=dealt.stack, is_in_hand=True)
    for post in event.posts:
        seats[post.seat] = evolve(seats[post.seat], stack=post.stack, street_bet=post.street_bet)
    return {
        "state": TableState.PLAYING,
        "hand_id": event.hand_id,
        "button": event.button,
        "street": Street.PREFLOP,
        "board": (),
        "second_run": (),
        "pot": Krw(sum(post.amount for post in event.posts)),
        "seats": MappingProxyType(seats),
        "turn": None,
    }


def _after_action(view: TableView, event: Acted) -> Changes:
    before = view.seats[event.seat]
    is_in_hand = before.is_in_hand and event.kind is not MoveKind.FOLD
    acted = evolve(before, stack=event.stack, street_bet=event.street_bet, is_in_hand=is_in_hand)
    return {"seats": _with_seat(view, acted), "pot": Krw(view.pot + event.amount), "turn": None}


def _after_street(view: TableView, event: StreetDealt) -> Changes:
    if event.board != 1:
        return {"second_run": view.second_run + event.cards}
    board = view.board + event.cards
    return {"seats": _without_bets(view), "street": event.street, "board": board, "turn": None}


def _without_bets(view: TableView) -> Mapping[SeatIndex, SeatView]:
    """The bets of a street go into the pots."""
    seats = view.seats.items()
    return MappingProxyType(
        {index: evolve(seat, street_bet=Krw(0)) if seat.street_bet else seat for index, seat in seats}
    )


def _after_cards(view: TableView, event: CardsDealt | HandShown | HandMucked) -> Changes:
    match event:
        case CardsDealt(cards=cards):
            if view.me is None or not cards:
                return {}
            return {"seats": _with_seat(view, evolve(view.me, cards=cards))}
        case HandShown(seat=seat, cards=cards):
            return {"seats": _with_seat(view, evolve(view.seats[seat], cards=cards))}
        case HandMucked(seat=seat):
            return {"seats": _with_seat(view, evolve(view.seats[seat], is_in_hand=False))}
        case _ as unreachable:
            assert_never(unreachable)


def _after_payment(view: TableView, event: UncalledReturned | PotAwarded | HandEnded | HandVoided) -> Changes:
    match event:
        case UncalledReturned(seat=seat, stack=stack, amount=amount):
            bet = Krw(view.seats[seat].street_bet - amount)
            returned = evolve(view.seats[seat], stack=stack, street_bet=bet)
            return {"seats": _with_seat(view, returned), "pot": Krw(view.pot - amount), "turn": None}
        case PotAwarded():
            return {"turn": None}
        case HandEnded(results=results):
            return _without_hands(view, {result.seat: result.stack for result in results})
        case HandVoided(stacks=stacks):
            return _without_hands(view, {one.seat: one.stack for one in stacks})
        case _ as unreachable:
            assert_never(unreachable)


def _without_hands(view: TableView, stacks: Mapping[SeatIndex, Krw]) -> Changes:
    seats = {
        index: evolve(_without_hand(seat), stack=stacks.get(index, seat.stack))
        for index, seat in view.seats.items()
    }
    return {
        "hand_id": None,
        "street": None,
        "board": (),
        "second_run": (),
        "pot": Krw(0),
        "turn": None,
        "run_it_twice": None,
        "state": TableState.BETWEEN_HANDS,
        "seats": MappingProxyType(seats),
    }


def _without_hand(seat: SeatView) -> SeatView:
    return evolve(seat, is_in_hand=False, street_bet=Krw(0), cards=())


def _with_seat(view: TableView, changed: SeatView) -> Mapping[SeatIndex, SeatView]:
    return MappingProxyType({**view.seats, changed.seat: changed})
