"""The whole hand: what must hold for every hand that can be played, and single answers of the API."""

import random
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardroom.ids import SeatIndex
from cardroom.money import BasisPoints, Krw
from node.rules.actions import Action, ActionKind, AllIn, Call, Check, Fold, RaiseTo
from node.rules.blinds import AnteKind, Deal, DealtSeat, HandRules, PayingSeat, Positions, posts_of
from node.rules.cards import FULL_DECK, Card
from node.rules.errors import IllegalAction, IllegalReason
from node.rules.events import (
    ActionTaken,
    Event,
    HandEnded,
    HandStarted,
    HoleCardsDealt,
    Posted,
    StreetDealt,
    TurnBegan,
    UncalledReturned,
)
from node.rules.hand import (
    Hand,
    agree_run_twice,
    apply,
    legal_actions,
    mark_leaving,
    settlement,
    show_cards,
    start,
    time_out,
)
from node.rules.pots import layer_pots
from node.rules.rake import rake_rule

BIG = Krw(2_000)


@st.composite
def games(draw: st.DrawFn) -> tuple[HandRules, Deal, tuple[Card, ...]]:
    count = draw(st.integers(2, 9))
    kind = draw(st.sampled_from(AnteKind))
    rake = rake_rule(BasisPoints(500), 3, BIG)
    rules = HandRules(
        small_blind=Krw(1_000),
        big_blind=BIG,
        ante=Krw(0 if kind is AnteKind.NONE else draw(st.sampled_from([200, 2_000]))),
        ante_kind=kind,
        straddle=draw(st.booleans()),
        rake=rake,
        heads_up_rake=rake,
        run_it_twice=draw(st.booleans()),
    )
    stack = st.one_of(st.integers(1, 5_000), st.integers(5_000, 60_000), st.just(200_000))
    seats = tuple(SeatIndex(seat) for seat in range(count))
    small, big = (seats[1], seats[0]) if count == 2 else (seats[0], seats[1])
    small_or_dead = None if count > 2 and draw(st.booleans()) else small
    if small_or_dead is None:
        big = seats[0]
    posters = set(draw(st.lists(st.sampled_from(seats), max_size=2))) - {small, big}
    paying = [
        PayingSeat(
            seat,
            Krw(draw(stack)),
            owes_big_blind=seat in posters,
            owes_small_blind=seat in posters and draw(st.booleans()),
            straddles=draw(st.booleans()),
        )
        for seat in seats
    ]
    places = Positions(seats[-1], small_or_dead, big, seats)
    players = tuple(DealtSeat(seat.seat, seat.stack) for seat in paying)
    deal = Deal(seats[-1], small_or_dead, big, players, posts_of(rules, places, paying))
    deck = list(FULL_DECK)
    random.Random(draw(st.integers(0, 2**32))).shuffle(deck)
    return rules, deal, tuple(deck)


def choose(dice: random.Random, hand: Hand) -> Action:
    legal = hand.legal
    assert legal is not None
    passive: Action = Check() if legal.can_check else Call()
    choices: list[Action] = [passive, passive, passive, passive, Fold()]
    if legal.min_raise_to is not None and legal.max_raise_to is not None:
        choices += [RaiseTo(Krw(dice.randint(legal.min_raise_to, legal.max_raise_to)))] * 2
        choices += [RaiseTo(legal.min_raise_to)] * 2
    if legal.all_in_amount is not None:
        choices.append(AllIn())
    return dice.choice(choices)


def refused(call: Callable[[], object]) -> IllegalReason:
    with pytest.raises(IllegalAction) as refusal:
        call()
    return refusal.value.reason


def check_state(hand: Hand, chips: int) -> None:
    """Chips are conserved; what has been put in lies in pots and bets."""
    if hand.is_over:
        assert sum(player.stack for player in hand.players) + settlement(hand).rake == chips
    else:
        assert sum(player.stack + player.put_in for player in hand.players) == chips
        bets = sum(player.street_bet for player in hand.players)
        assert sum(pot.amount for pot in hand.pots) + bets == sum(p.put_in for p in hand.players)
    assert all(player.stack >= 0 and player.street_bet >= 0 for player in hand.players)


def check_refusals(hand: Hand) -> None:
    """Everything that is not allowed is refused with a reason; a refusal cannot change a frozen value."""
    legal = hand.legal
    assert legal is not None
    for player in hand.players:
        if player.seat != legal.seat:
            assert refused(partial(apply, hand, player.seat, Fold())) is IllegalReason.NOT_YOUR_TURN
    assert refused(lambda: apply(hand, legal.seat, RaiseTo(Krw(legal.all_in_to + 1)))) in (
        IllegalReason.RAISE_ABOVE_STACK,
        IllegalReason.RAISE_NOT_ALLOWED,
    )
    if legal.can_check:
        assert refused(lambda: apply(hand, legal.seat, Call())) is IllegalReason.NOTHING_TO_CALL
    else:
        assert refused(lambda: apply(hand, legal.seat, Check())) is IllegalReason.CANNOT_CHECK
    if legal.min_raise_to is None:
        assert legal.all_in_amount in (None, legal.call_amount)
    elif legal.min_raise_to < legal.all_in_to:
        below = RaiseTo(Krw(legal.min_raise_to - 1))
        assert refused(lambda: apply(hand, legal.seat, below)) is IllegalReason.RAISE_TOO_SMALL


def play(hand: Hand, dice: random.Random, *, careful: bool) -> tuple[Hand, list[Event]]:
    """Play to the end, checking every state; two hundred decisions are more than any hand takes."""
    chips, record = hand.setup.chips, list[Event]()
    for _ in range(200):
        check_state(hand, chips)
        if hand.is_over:
            return hand, record
        if hand.awaiting_run_it_twice:
            hand, events = agree_run_twice(hand, dice.random() < 0.5)
        else:
            if careful:
                check_refusals(hand)
            seat, action = hand.seat_to_act, choose(dice, hand)
            assert seat is not None
            before = repr(hand)
            following, events = apply(hand, seat, action)
            if careful:
                assert (repr(hand), apply(hand, seat, action)) == (before, (following, events))
            hand = following
        record += events
    raise AssertionError("the action does not end")


def check_order(record: list[Event]) -> None:
    """Nobody acts twice on a street without a raise or a bet in between."""
    acted = set[SeatIndex]()
    for event in record:
        match event:
            case ActionTaken(seat=seat, kind=kind):
                assert seat not in acted
                if kind in (ActionKind.BET, ActionKind.RAISE):
                    acted.clear()
                acted.add(seat)
            case StreetDealt():
                acted.clear()
            case _:
                pass


@settings(max_examples=250, deadline=None)
@given(game=games(), seed=st.integers(0, 2**32))
def test_every_hand_keeps_its_invariants(game: tuple[HandRules, Deal, tuple[Card, ...]], seed: int) -> None:
    dice = random.Random(seed)
    hand, events = start(*game)
    hand, record = play(hand, dice, careful=True)
    check_order(record)
    result = settlement(hand)
    assert 0 <= result.rake <= 6_000
    assert result.rake <= result.called_pot * 5 // 100
    assert sum(part.net for part in result.seats) + result.rake == 0
    assert sum(part.contributed_rake for part in result.seats) == result.rake
    assert sum(part.put_in for part in result.seats) == result.called_pot
    assert sum(award.amount for award in result.awards) == result.called_pot - result.rake
    assert all(sum(w.amount for w in award.winners) == award.amount for award in result.awards)
    check_follows(events + tuple(record), hand)


def check_follows(record: tuple[Event, ...], hand: Hand) -> None:
    """A client that only sees the events ends with the same stacks and board."""
    stacks, boards = dict[SeatIndex, int](), {1: list[Card](), 2: list[Card]()}
    for event in record:
        match event:
            case HandStarted(players=players):
                stacks = {player.seat: player.stack for player in players}
            case (
                Posted(seat=seat, amount=amount, stack=stack)
                | ActionTaken(seat=seat, amount=amount, stack=stack)
            ):
                stacks[seat] -= amount
                assert stacks[seat] == stack
            case UncalledReturned(seat=seat, amount=amount):
                stacks[seat] += amount
            case StreetDealt(cards=cards, board=board):
                boards[board] += cards
            case HandEnded(settlement=result):
                for award in result.awards:
                    for winner in award.winners:
                        stacks[winner.seat] += winner.amount
            case _:
                pass
    assert stacks == {player.seat: player.stack for player in hand.players}
    assert tuple(boards[1]) == hand.boards[0]
    if len(hand.boards) == 2:
        assert hand.boards[1][-len(boards[2]) :] == tuple(boards[2])


@settings(max_examples=100, deadline=None)
@given(game=games(), seed=st.integers(0, 2**32))
def test_rule_31_and_33_every_hand_ends_when_all_time_out_or_leave(
    game: tuple[HandRules, Deal, tuple[Card, ...]], seed: int
) -> None:
    dice = random.Random(seed)
    hand, _ = start(*game)
    for _ in range(200):
        check_state(hand, hand.setup.chips)
        if hand.awaiting_run_it_twice:
            hand, _ = agree_run_twice(hand, False)
        seat = hand.seat_to_act
        if seat is None:
            break
        if dice.random() < 0.3:
            hand, _ = mark_leaving(hand, dice.choice(hand.players).seat)
        elif dice.random() < 0.5:
            hand, _ = time_out(hand, seat)
        else:
            hand, _ = apply(hand, seat, choose(dice, hand))
        assert hand.seat_to_act not in hand.leaving
    assert hand.is_over


def table(*stacks: int, run_it_twice: bool = False) -> tuple[HandRules, Deal, tuple[Card, ...]]:
    seats = tuple(SeatIndex(seat) for seat in range(len(stacks)))
    small, big = (seats[1], seats[0]) if len(seats) == 2 else (seats[0], seats[1])
    rules = HandRules(small_blind=Krw(1_000), big_blind=BIG, run_it_twice=run_it_twice)
    paying = [PayingSeat(seat, Krw(stack)) for seat, stack in zip(seats, stacks, strict=True)]
    posts = posts_of(rules, Positions(seats[-1], small, big, seats), paying)
    players = tuple(DealtSeat(seat.seat, seat.stack) for seat in paying)
    return rules, Deal(seats[-1], small, big, players, posts), FULL_DECK


def test_rule_46_order_of_dealing() -> None:
    hand, events = start(*table(9_000, 9_000, 9_000))
    dealt = {event.seat: event.cards for event in events if isinstance(event, HoleCardsDealt)}
    assert dealt == {0: (0, 3), 1: (1, 4), 2: (2, 5)}
    for seat in (2, 0):
        hand, _ = apply(hand, SeatIndex(seat), Call())
    hand, events = apply(hand, SeatIndex(1), Check())
    assert events[-2].cards == (6, 7, 8)  # type: ignore[union-attr]


def test_rule_30_second_board_goes_on_from_the_next_deck_positions() -> None:
    hand, _ = start(*table(9_000, 9_000, run_it_twice=True))
    hand, _ = apply(hand, SeatIndex(1), AllIn())
    hand, _ = apply(hand, SeatIndex(0), Call())
    assert hand.awaiting_run_it_twice
    assert (hand.seat_to_act, legal_actions(hand)) == (None, None)
    assert refused(lambda: apply(hand, SeatIndex(0), Fold())) is IllegalReason.NOT_YOUR_TURN
    twice, _ = agree_run_twice(hand, True)
    assert twice.boards == ((4, 5, 6, 7, 8), (9, 10, 11, 12, 13))
    once, _ = agree_run_twice(hand, False)
    assert once.boards == ((4, 5, 6, 7, 8),)
    assert refused(lambda: agree_run_twice(once, True)) is IllegalReason.RUN_IT_TWICE_NOT_OFFERED


def test_rule_14_a_turn_has_a_number_that_counts_decisions() -> None:
    hand, events = start(*table(9_000, 9_000, 9_000))
    assert isinstance(events[-1], TurnBegan)
    assert (hand.turn, events[-1].turn, events[-1].seat) == (1, 1, 2)
    hand, _ = apply(hand, SeatIndex(2), Call())
    assert hand.turn == 2
    hand, _ = mark_leaving(hand, SeatIndex(1))
    assert hand.turn == 2
    assert refused(lambda: mark_leaving(hand, SeatIndex(5))) is IllegalReason.NOT_IN_HAND
    assert refused(lambda: apply(hand, SeatIndex(5), Fold())) is IllegalReason.NOT_IN_HAND


def test_rule_13_who_is_all_in_is_not_timed_out() -> None:
    hand, _ = start(*table(9_000, 9_000, 9_000))
    hand, _ = apply(hand, SeatIndex(2), AllIn())
    assert refused(lambda: time_out(hand, SeatIndex(2))) is IllegalReason.NOT_YOUR_TURN


def test_rule_29_showing_after_the_hand() -> None:
    hand, _ = start(*table(9_000, 9_000))
    assert refused(lambda: show_cards(hand, SeatIndex(0), (Card(0),))) is IllegalReason.HAND_IS_NOT_OVER
    hand, events = apply(hand, SeatIndex(1), Fold())
    assert not hand.shown  # a winner without showdown need not show
    assert not any("Shown" in type(event).__name__ for event in events)
    assert show_cards(hand, SeatIndex(0), (Card(0),)).cards == (0,)
    assert show_cards(hand, SeatIndex(1), (Card(3), Card(1))).cards == (3, 1)
    for cards in ((Card(1),), (), (Card(0), Card(0)), (Card(0), Card(1))):
        assert refused(partial(show_cards, hand, SeatIndex(0), cards)) is IllegalReason.NOT_YOUR_CARDS


def test_settlement_of_a_hand_in_play_is_our_mistake() -> None:
    hand, _ = start(*table(9_000, 9_000))
    with pytest.raises(AssertionError, match="when it is over"):
        settlement(hand)


def test_a_deck_that_is_too_short_is_our_mistake() -> None:
    rules, deal, deck = table(9_000, 9_000)
    with pytest.raises(AssertionError, match="covers the hole cards"):
        start(rules, deal, deck[:3])
    with pytest.raises(AssertionError, match="twice"):
        start(rules, deal, (*deck[:3], deck[0]))
    hand, _ = start(rules, deal, deck[:6])
    hand, _ = apply(hand, SeatIndex(1), Call())
    with pytest.raises(AssertionError, match="covers what is dealt"):
        apply(hand, SeatIndex(0), Check())


def test_any_prefix_of_the_deck_will_do_that_covers_what_is_dealt() -> None:
    rules, deal, deck = table(9_000, 9_000)
    played: list[tuple[int, list[Action]]] = [
        (4, [Fold()]),
        (7, [Call(), Check(), RaiseTo(Krw(2_000)), Fold()]),
        (9, [AllIn(), Call()]),
    ]
    for cards, actions in played:
        ends = []
        for known in (deck, deck[:cards]):
            hand, _ = start(rules, deal, known)
            for action in actions:
                assert hand.seat_to_act is not None
                hand, _ = apply(hand, hand.seat_to_act, action)
            ends.append(settlement(hand))
        assert ends[0] == ends[1]


def test_twelve_cards_cover_six_players_who_see_no_flop() -> None:
    rules, deal, deck = table(*[9_000] * 6)
    hand, _ = start(rules, deal, deck[:12])
    for seat in (2, 3, 4, 5, 0):
        hand, _ = apply(hand, SeatIndex(seat), Fold())
    assert settlement(hand).of(SeatIndex(1)).net == 1_000
    with pytest.raises(AssertionError, match="covers the hole cards"):
        start(rules, deal, deck[:11])


def test_chips_are_conserved_check_catches_a_lost_chip() -> None:
    hand, _ = start(*table(9_000, 9_000, 9_000))
    robbed = hand._replace(players=(hand.players[0]._replace(stack=Krw(1)), *hand.players[1:]))
    folded, _ = apply(robbed, SeatIndex(2), Fold())
    with pytest.raises(AssertionError, match="no chip comes or goes"):
        apply(folded, SeatIndex(0), Fold())


def test_states_and_events_are_frozen() -> None:
    hand, events = start(*table(9_000, 9_000))
    for value, name in ((hand, "turn"), (hand.players[0], "stack"), (events[0], "button")):
        with pytest.raises(AttributeError):
            setattr(value, name, 1)
    assert layer_pots(hand.players)[0].amount == 2_000
