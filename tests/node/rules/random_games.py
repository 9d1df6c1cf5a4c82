"""Random games and decisions for Hypothesis, drawn so that a failure shrinks to a short hand.

The first choice of every draw is the plainest: two players, no ante, check or call.
"""

import random
from itertools import accumulate

from hypothesis import strategies as st

from cardroom.money import Krw
from node.rules.actions import Action, AllIn, Call, Check, Fold, LegalActions, RaiseTo
from node.rules.blinds import HEADS_UP, AnteKind, HandRules
from node.rules.cards import FULL_DECK, Card
from tests.node.rules.lock_step import Decide
from tests.node.rules.oracle import Game

BLINDS = ((1, 2),) * 6 + ((2, 5), (1_000, 2_000)) * 3 + ((3, 3),)
BIG_BLINDS_DEEP = (4, 12, 50, 250)
HIGH_CARDS = FULL_DECK[-28:]
"""Enough for nine players and two boards: with these the board often plays, and pots are split."""


@st.composite
def games(draw: st.DrawFn) -> Game:
    """Draw a table: 2 to 9 players, stacks of any depth, antes, straddle, posts of who enters."""
    count = draw(st.integers(2, 9), label="players")
    rules = draw(stakes())
    is_small_blind_dead = count > HEADS_UP and draw(st.sampled_from([False] * 5 + [True]))
    blinds = {0} if is_small_blind_dead else {0, 1}
    entering = draw(st.sampled_from([0, 0, 0, 1, 2])) if count > len(blinds) else 0
    live, dead = set[int](), set[int]()
    for _ in range(entering):
        place = draw(st.integers(len(blinds), count - 1))
        live |= {place} if draw(st.booleans()) else set()
        # Antes of all are layered and dead blinds are not: pokerkit can play a hand with either.
        dead |= {place} if rules.ante_kind is not AnteKind.PER_SEAT and draw(st.booleans()) else set()
    return Game(
        rules,
        draw(stacks(rules, count, blinds)),
        draw(decks()),
        has_dead_small_blind=is_small_blind_dead,
        straddles=rules.straddle and draw(st.booleans()),
        live_posters=frozenset(live),
        dead_posters=frozenset(dead),
        agrees_to_run_twice=rules.run_it_twice and draw(st.booleans()),
    )


@st.composite
def stakes(draw: st.DrawFn) -> HandRules:
    """Draw blinds, an ante and the options of the table; nothing is raked, for pokerkit rakes per pot."""
    small, big = draw(st.sampled_from(BLINDS))
    kind = draw(st.sampled_from([AnteKind.NONE, AnteKind.PER_SEAT, AnteKind.BIG_BLIND]))
    return HandRules(
        small_blind=Krw(small),
        big_blind=Krw(big),
        ante=Krw(0 if kind is AnteKind.NONE else draw(st.integers(1, big))),
        ante_kind=kind,
        straddle=draw(st.sampled_from([False, False, True])),
        run_it_twice=draw(st.booleans()),
    )


@st.composite
def stacks(draw: st.DrawFn, rules: HandRules, count: int, blinds: set[int]) -> tuple[int, ...]:
    """Draw unequal stacks down to one chip; the blinds can seldom not be posted in full.

    A call behind a short blind ends the lock step (rule 6), so most hands are without.
    """
    big = rules.big_blind
    if count > HEADS_UP and draw(st.sampled_from([False] * 5 + [True])):
        # The blinds and the first to act are deep, the others rise a little from seat to seat: all-ins that
        # follow each other make several short raises (rule 3).
        steps = draw(st.lists(st.integers(1, big), min_size=count - 3, max_size=count - 3))
        drawn = [20 * big] * 3 + [2 * big + step for step in accumulate(steps)]
    else:
        deep = draw(st.sampled_from(BIG_BLINDS_DEEP)) * big
        drawn = draw(st.lists(st.integers(1, deep), min_size=count, max_size=count))
    if draw(st.sampled_from([True] * 7 + [False])):
        ante = rules.ante if rules.ante_kind is AnteKind.PER_SEAT else 0
        for place in blinds:
            drawn[place] = max(drawn[place], big + ante)
    return tuple(drawn)


@st.composite
def decks(draw: st.DrawFn) -> tuple[Card, ...]:
    """Draw a shuffled deck from a seed; one in four deals only high cards, so that hands tie."""
    dice = random.Random(draw(st.integers(0, 2**32 - 1), label="deck"))
    if draw(st.sampled_from([False] * 3 + [True])):
        high = dice.sample(HIGH_CARDS, len(HIGH_CARDS))
        return (*high, *dice.sample(FULL_DECK[:-28], 24))
    return tuple(dice.sample(FULL_DECK, len(FULL_DECK)))


TEMPERS = {
    "calm": ("passive",) * 8 + ("fold",) * 3 + ("least",) * 3 + ("raise", "all-in", "fold for nothing"),
    "wild": ("passive", "passive", "fold", "fold for nothing", "least", "least", "raise") + ("all-in",) * 4,
    # Few raises but short ones: what re-opens the betting, and for whom (rules 2 to 5).
    "cramped": ("short all-in",) * 5 + ("least", "least", "fold"),
}


def chooser(data: st.DataObject) -> Decide:
    """Choose every action by a draw; the bounds of a raise are those that both engines allow."""
    ways = TEMPERS[data.draw(st.sampled_from(list(TEMPERS)), label="temper")]

    def decide(legal: LegalActions, low: int | None, high: int | None) -> Action:
        passive: Action = Check() if legal.can_check else Call()
        match data.draw(st.sampled_from(ways)):
            case "fold":
                return passive if legal.can_check else Fold()
            case "fold for nothing":
                return Fold()
            case "least" if low is not None:
                return RaiseTo(Krw(low))
            case "raise" if low is not None and high is not None:
                return RaiseTo(Krw(data.draw(st.integers(low, high))))
            case "short all-in" if low is not None and low == high:
                return AllIn()
            case "all-in" if high is not None or _is_a_call_all_in(legal):
                return AllIn()
            case _:
                return passive

    return decide


def _is_a_call_all_in(legal: LegalActions) -> bool:
    return legal.min_raise_to is None and legal.all_in_amount is not None
