"""The view after each event, over a hand from the deal to its end."""

from uuid import UUID

import pytest
from attrs import evolve

from cardroom.client import ProtocolBroken, SequenceGap, StateDrift, TableView
from cardroom.client.view import public_table, view_after, view_in_place, view_of
from cardroom.ids import HandId, SeatIndex, TableId
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.state_hash import hash_state
from cardroom.wire.table import (
    Acted,
    Announced,
    AnyTableEvent,
    CardsDealt,
    ClockPhase,
    DealtSeat,
    HandEnded,
    HandMucked,
    HandShown,
    HandStarted,
    HandVoided,
    LeaveReason,
    LegalActions,
    MoveCause,
    MoveKind,
    Post,
    PostKind,
    PotAwarded,
    PotView,
    PotWin,
    RunItTwiceDecided,
    RunItTwiceOffered,
    RunItTwiceView,
    SeatChanged,
    SeatLeft,
    SeatNet,
    SeatStatus,
    SeatTaken,
    SeatView,
    StateChanged,
    Street,
    StreetDealt,
    TableState,
    TimeExtended,
    TurnBegan,
    TurnView,
    UncalledReturned,
    WaitingListChanged,
)
from tests.fakes.node import EMPTY, ME, MY_SEAT, OTHER, OTHER_SEAT, SEATED, STRANGER, TABLE

HAND = HandId(UUID(int=5))
ACES = (CardCode(48), CardCode(49))
FLOP = (CardCode(0), CardCode(5), CardCode(10))
STACK = Krw(80_000)


class Teller:
    """Gives events their numbers and applies them."""

    def __init__(self, view: TableView) -> None:
        self.view = view

    def head(self, hand_no: int = 4) -> tuple[TableId, int, int]:
        return TABLE, self.view.table_seq + 1, hand_no

    def tell(self, event: AnyTableEvent) -> TableView:
        self.view = view_after(self.view, event)
        return self.view


def seated() -> Teller:
    teller = Teller(view_of(EMPTY, ME))
    for seat, user, name in ((MY_SEAT, ME, "me"), (OTHER_SEAT, OTHER, "other")):
        teller.tell(SeatTaken(*teller.head(3), seat, user, name, SeatStatus.RESERVED, Krw(0)))
        teller.tell(SeatChanged(*teller.head(3), seat, SeatStatus.PLAYING, STACK))
    return teller


def dealt() -> Teller:
    teller = seated()
    posts = (
        Post(MY_SEAT, PostKind.SMALL_BLIND, Krw(1_000), Krw(1_000), Krw(79_000)),
        Post(OTHER_SEAT, PostKind.BIG_BLIND, Krw(2_000), Krw(2_000), Krw(78_000)),
    )
    seats = (DealtSeat(MY_SEAT, STACK), DealtSeat(OTHER_SEAT, STACK))
    teller.tell(HandStarted(*teller.head(), HAND, MY_SEAT, MY_SEAT, OTHER_SEAT, seats, posts, bytes(32)))
    teller.tell(CardsDealt(*teller.head(), ACES))
    return teller


def acted(teller: Teller, seat: SeatIndex, kind: MoveKind, amount: int, bet: int, stack: int) -> TableView:
    return teller.tell(
        Acted(*teller.head(), seat, kind, Krw(amount), Krw(bet), Krw(stack), False, MoveCause.PLAYER)
    )


def test_a_seat_is_taken_and_left() -> None:
    teller = seated()
    assert teller.view.my_seat == MY_SEAT
    assert teller.view.my_stack == STACK
    view = teller.tell(SeatLeft(*teller.head(3), MY_SEAT, ME, STACK, LeaveReason.LEFT))
    assert view.my_seat is None
    assert view.me is None
    assert view.my_cards == ()
    assert view.my_stack == 0
    assert set(view.seats) == {OTHER_SEAT}


def test_a_deal_shows_posts_and_own_cards() -> None:
    view = dealt().view
    assert view.pot == 3_000
    assert view.my_cards == ACES
    assert view.seats[OTHER_SEAT].cards == ()
    assert view.seats[OTHER_SEAT].street_bet == 2_000
    assert view.state is TableState.PLAYING
    assert view.hand_no == 4


def test_an_announcement_changes_nothing_but_the_number() -> None:
    teller = dealt()
    before = teller.view
    after = teller.tell(Announced(*teller.head(), text="closing at six"))
    assert after == evolve(before, table_seq=before.table_seq + 1)


def test_only_the_own_turn_is_mine() -> None:
    teller = dealt()
    legal = LegalActions(False, Krw(1_000), Krw(4_000), STACK, Krw(79_000))
    mine = TurnView(MY_SEAT, 1, ClockPhase.TURN, 15_000, 30_000, legal)
    assert teller.tell(TurnBegan(*teller.head(), mine)).my_turn == mine
    more = TimeExtended(*teller.head(), MY_SEAT, 1, ClockPhase.TIME_BANK, 30_000)
    banked = evolve(mine, phase=ClockPhase.TIME_BANK, left_ms=30_000, bank_ms=0)
    assert teller.tell(more).my_turn == banked
    other = evolve(mine, seat=OTHER_SEAT, turn=2)
    assert teller.tell(TurnBegan(*teller.head(), other)).my_turn is None
    assert acted(teller, OTHER_SEAT, MoveKind.CALL, 0, 2_000, 78_000).turn is None


def test_a_hand_to_its_showdown() -> None:
    teller = dealt()
    acted(teller, MY_SEAT, MoveKind.RAISE, 5_000, 6_000, 74_000)
    acted(teller, OTHER_SEAT, MoveKind.CALL, 4_000, 6_000, 74_000)
    view = teller.tell(StreetDealt(*teller.head(), Street.FLOP, 1, FLOP))
    assert (view.pot, view.street, view.board) == (12_000, Street.FLOP, FLOP)
    assert view.seats[OTHER_SEAT].street_bet == 0
    acted(teller, MY_SEAT, MoveKind.BET, 8_000, 8_000, 66_000)
    acted(teller, OTHER_SEAT, MoveKind.CALL, 2_000, 2_000, 72_000)
    view = teller.tell(UncalledReturned(*teller.head(), MY_SEAT, Krw(6_000), Krw(72_000)))
    assert (view.pot, view.my_stack) == (16_000, 72_000)
    teller.tell(HandShown(*teller.head(), MY_SEAT, ACES, None))
    assert not teller.tell(HandMucked(*teller.head(), OTHER_SEAT)).seats[OTHER_SEAT].is_in_hand
    teller.tell(PotAwarded(*teller.head(), 0, 1, (PotWin(MY_SEAT, Krw(15_200), None),)))
    results = (SeatNet(MY_SEAT, Krw(7_200), Krw(87_200)), SeatNet(OTHER_SEAT, Krw(-8_000), Krw(72_000)))
    view = teller.tell(HandEnded(*teller.head(), HAND, Krw(800), results))
    assert (view.my_stack, view.pot, view.board, view.my_cards) == (87_200, 0, (), ())
    assert view.state is TableState.BETWEEN_HANDS


def test_who_folds_is_out_of_the_hand() -> None:
    assert not acted(dealt(), OTHER_SEAT, MoveKind.FOLD, 0, 2_000, 78_000).seats[OTHER_SEAT].is_in_hand


def test_a_void_hand_gives_the_stacks_back() -> None:
    teller = dealt()
    view = teller.tell(
        HandVoided(*teller.head(), HAND, tuple(DealtSeat(seat, STACK) for seat in (MY_SEAT, OTHER_SEAT)))
    )
    assert {seat.stack for seat in view.seats.values()} == {STACK}


def test_a_board_that_is_run_twice() -> None:
    teller = dealt()
    offer = RunItTwiceView((OTHER_SEAT, MY_SEAT), 5_000)
    view = teller.tell(RunItTwiceOffered(*teller.head(), offer))
    assert view.run_it_twice == offer
    assert view.asks_me_to_run_twice
    view = teller.tell(RunItTwiceDecided(*teller.head(), twice=True))
    assert not view.asks_me_to_run_twice
    teller.tell(StreetDealt(*teller.head(), Street.FLOP, 1, FLOP))
    view = teller.tell(StreetDealt(*teller.head(), Street.FLOP, 2, ACES))
    assert (view.board, view.second_run) == (FLOP, ACES)
    view = teller.tell(HandEnded(*teller.head(), HAND, Krw(0), ()))
    assert (view.board, view.second_run) == ((), ())


def test_others_are_asked_not_me() -> None:
    view = evolve(view_of(EMPTY, ME), run_it_twice=RunItTwiceView((OTHER_SEAT,), 5_000))
    assert not view.asks_me_to_run_twice


def test_cards_of_a_hand_without_me_are_none() -> None:
    teller = Teller(view_of(EMPTY, ME))
    assert teller.tell(CardsDealt(*teller.head(), ())).my_cards == ()
    assert teller.tell(StateChanged(*teller.head(), TableState.HALTED)).state is TableState.HALTED


def test_the_waiting_list_and_the_players_own_business() -> None:
    teller = Teller(view_of(evolve(EMPTY, waiting=1), ME))
    assert teller.view.waiting == 1
    assert teller.tell(WaitingListChanged(*teller.head(3), waiting=4)).waiting == 4
    place = evolve(SEATED, arriving=Krw(5_000))
    view = view_in_place(teller.view, place)
    assert (view.place, view.my_seat, view.table_seq) == (place, MY_SEAT, teller.view.table_seq)
    assert view_in_place(view, STRANGER).my_seat is None


def test_a_hash_of_the_same_state_is_taken_and_any_other_is_drift() -> None:
    teller = seated()
    event = SeatChanged(*teller.head(3), MY_SEAT, SeatStatus.SITTING_OUT, STACK)
    truth = hash_state(public_table(view_after(teller.view, event)))
    assert view_after(teller.view, evolve(event, state_hash=truth)).me is not None
    for lie in (
        evolve(event, state_hash=bytes(8)),
        evolve(event, state_hash=truth[:7]),
        evolve(event, state_hash=b""),
        evolve(event, state_hash=truth, stack=Krw(STACK + 1)),
        evolve(event, state_hash=truth, status=SeatStatus.PLAYING),
        evolve(event, state_hash=truth, hand_no=4),
    ):
        with pytest.raises(StateDrift) as drift:
            view_after(teller.view, lie)
        assert drift.value.table_seq == event.table_seq
        assert isinstance(drift.value, ProtocolBroken)


@pytest.mark.parametrize("step", [0, 2])
def test_a_missing_or_repeated_event_is_a_gap(step: int) -> None:
    view = view_of(EMPTY, ME)
    event = StateChanged(TABLE, view.table_seq + step, 3, TableState.HALTED)
    with pytest.raises(SequenceGap) as gap:
        view_after(view, event)
    assert (gap.value.expected, gap.value.received) == (11, 10 + step)


def test_events_of_another_table_or_an_empty_seat_break_the_protocol() -> None:
    view = view_of(EMPTY, ME)
    with pytest.raises(ProtocolBroken, match="table 8"):
        view_after(view, StateChanged(TableId(8), 11, 3, TableState.HALTED))
    with pytest.raises(ProtocolBroken, match="empty seat"):
        view_after(view, SeatChanged(TABLE, 11, 3, MY_SEAT, SeatStatus.PLAYING, STACK))


def test_a_snapshot_in_a_hand_counts_bets_into_the_pot() -> None:
    seat = SeatView(MY_SEAT, ME, "me", STACK, SeatStatus.PLAYING, True, Krw(2_000), ACES)
    snapshot = evolve(EMPTY, seats=(seat,), pots=(PotView(Krw(6_000), (MY_SEAT,)),), you=SEATED)
    view = view_of(snapshot, ME)
    assert (view.pot, view.my_cards, view.my_stack) == (8_000, ACES, STACK)
