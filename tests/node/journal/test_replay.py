"""A hand out of its deal and its moves is, after each of them, the hand that was played."""

from itertools import pairwise
from random import Random

import pytest
from attrs import evolve, frozen

from cardroom.ids import SeatIndex
from cardroom.money import BasisPoints, Krw
from cardroom.wire.player import ActionKind
from node.journal.deals import DealEntry, DealtPlayer, deal_codec
from node.journal.moves import (
    BoardRunsOut,
    ClockActs,
    Move,
    PlayerActs,
    PlayerAgrees,
    PlayerLeaves,
    move_codec,
    take,
)
from node.journal.replay import replay
from node.rules import hand as rules
from node.rules import seating as between_hands
from node.rules.blinds import AnteKind, HandRules
from node.rules.cards import FULL_DECK, Card
from node.rules.errors import IllegalAction
from node.rules.events import Event
from node.rules.hand import Hand
from node.rules.rake import RakeRule
from node.rules.seating import Seating
from tests.node.journal.written import DEAL

ANTES = ((AnteKind.NONE, 0), (AnteKind.PER_SEAT, 1), (AnteKind.BIG_BLIND, 5))


@frozen
class Played:
    """A hand as it was played: after the deal and after each move, and what had happened by then."""

    deal: DealEntry
    deck: tuple[Card, ...]
    moves: tuple[Move, ...]
    hands: tuple[Hand, ...]
    events: tuple[tuple[Event, ...], ...]


def stake(draw: Random) -> HandRules:
    kind, ante = draw.choice(ANTES)
    return HandRules(
        small_blind=Krw(2),
        big_blind=Krw(5),
        ante=Krw(ante),
        ante_kind=kind,
        straddle=True,
        rake=RakeRule(BasisPoints(500), Krw(9)),
        run_it_twice=True,
    )


def table(draw: Random) -> Seating:
    """Seats, some empty, some owing blinds; blinds have stood anywhere."""
    count = draw.randint(2, 9)
    seating = between_hands.empty_table(count)
    for seat in map(SeatIndex, range(count)):
        if seat < 2 or draw.random() < 0.7:
            stack = Krw(draw.choice([1, 4, 20, 100, 500, draw.randint(1, 1_000)]))
            seating = between_hands.seat_player(seating, seat, stack, posts=draw.random() < 0.5)
            seating = between_hands.set_straddle(seating, seat, straddles=draw.random() < 0.3)
    if draw.random() < 0.7:
        places = [SeatIndex(draw.randrange(count)) for _ in range(3)]
        seating = evolve(seating, button=places[0], small_blind=places[1], big_blind=places[2])
    return seating


def any_move(hand: Hand, draw: Random) -> Move:
    """Any move that may come next, and now and then one that the rules refuse."""
    seat = draw.choice(hand.live_seats)
    if draw.random() < 0.05:
        return PlayerLeaves(seat)
    if hand.awaiting_run_it_twice:
        answers: list[Move] = [PlayerAgrees(seat), BoardRunsOut(twice=True), BoardRunsOut(twice=False)]
        return draw.choice(answers)
    actor = hand.seat_to_act
    assert actor is not None
    if draw.random() < 0.05:
        return ClockActs(actor)
    legal = hand.legal
    assert legal is not None
    kind = draw.choice([*ActionKind, ActionKind.CALL, ActionKind.CHECK, ActionKind.CALL, ActionKind.CHECK])
    amount = draw.randint(legal.min_raise_to or 0, legal.max_raise_to or 0) if legal.min_raise_to else 0
    return PlayerActs(actor, draw.randrange(100), hand.turn, kind, Krw(amount))


def play(draw: Random) -> Played | None:
    """Play a hand at random, to its end; None if nobody could be dealt in."""
    stakes, seating = stake(draw), table(draw)
    dealt = between_hands.next_deal(seating, stakes)
    if dealt is None:
        return None
    deck = tuple(draw.sample(FULL_DECK, 52))
    hand, first = rules.start(stakes, dealt, deck)
    hands, events, moves = [hand], [tuple(first)], list[Move]()
    while not hand.is_over:
        move = any_move(hand, draw)
        try:
            hand, more = take(hand, move)
        except IllegalAction:
            continue
        moves.append(move)
        hands.append(hand)
        events.append((*events[-1], *more))
    players = tuple(DealtPlayer(one.seat, DEAL.players[0].user_id) for one in dealt.players)
    entry = evolve(DEAL, rules=stakes, deal=dealt, players=players)
    return Played(entry, deck, tuple(moves), tuple(hands), tuple(events))


@pytest.mark.parametrize("block", range(4))
def test_after_every_move_the_replayed_hand_is_the_one_that_was_played(block: int) -> None:
    kinds, ran_twice, deals, move_bytes = set[type[Move]](), 0, deal_codec(), move_codec()
    for seed in range(block * 150, block * 150 + 150):
        played = play(Random(seed))
        if played is None:
            continue
        entry = deals.decode(deals.encode(played.deal))
        moves = [move_codec().decode(move_bytes.encode(move)) for move in played.moves]
        for count in range(len(moves) + 1):
            again = replay(entry, played.deck, moves[:count])
            assert again.hand == played.hands[count], f"seed {seed}, after {count} moves"
            assert tuple(again.events) == played.events[count]
            agreed = {move.seat for move in moves[:count] if isinstance(move, PlayerAgrees)}
            assert again.agreed == agreed
        assert rules.settlement(again.hand) == rules.settlement(played.hands[-1])
        kinds |= {type(move) for move in moves}
        ran_twice += len(again.hand.boards) > 1
    assert kinds == {PlayerActs, ClockActs, PlayerLeaves, PlayerAgrees, BoardRunsOut}
    assert ran_twice


def test_a_move_that_is_not_of_the_hand_is_illegal_or_leads_elsewhere() -> None:
    """Nothing but the exception that is promised leaves, whatever moves of other hands are put in."""
    plays = [played for seed in range(60) if (played := play(Random(seed))) is not None]
    refused = 0
    for one, other in pairwise(plays):
        try:
            replay(one.deal, one.deck, other.moves)
        except IllegalAction:
            refused += 1
    assert refused > 20


def test_no_move_comes_after_the_last() -> None:
    played = next(one for seed in range(60) if (one := play(Random(seed))) is not None and one.moves)
    for move in (ClockActs(played.deal.deal.players[0].seat), BoardRunsOut(twice=False), played.moves[-1]):
        with pytest.raises(IllegalAction):
            replay(played.deal, played.deck, (*played.moves, move))


def test_another_deck_is_another_hand() -> None:
    played = next(one for seed in range(60) if (one := play(Random(seed))) is not None)
    other = (*played.deck[1:], played.deck[0])
    assert replay(played.deal, other, ()).hand != played.hands[0]
