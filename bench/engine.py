"""How fast the rules play, beside pokerkit: ``python -m bench.engine``.

Both engines play six-handed hands in one run under the same random policy. The engine's time covers
everything: posting, dealing, every action with the legal actions that follow it, showdown and settlement.
"""

import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping

from pokerkit import Automation, Mode, NoLimitTexasHoldem
from pokerkit import State as PokerkitState

from cardroom.ids import SeatIndex
from cardroom.money import BasisPoints, Krw
from node.rules.actions import Action, Call, Check, Fold, RaiseTo
from node.rules.blinds import Deal, DealtSeat, HandRules, PayingSeat, Positions, posts_of
from node.rules.cards import FULL_DECK, Card
from node.rules.hand import apply, start
from node.rules.hand_rank import rank_hand
from node.rules.rake import rake_rule

PLAYERS = 6
STACK = Krw(200_000)
SMALL_BLIND, BIG_BLIND = Krw(1_000), Krw(2_000)
RULES = HandRules(
    small_blind=SMALL_BLIND, big_blind=BIG_BLIND, rake=rake_rule(BasisPoints(500), 3, BIG_BLIND)
)
ROUNDS = 11
FOLD_BELOW, CALL_BELOW, RAISE_BELOW = 0.15, 0.85, 0.98
FOLD, CHECK, CALL = Fold(), Check(), Call()


def _deal() -> Deal:
    seats = tuple(SeatIndex(seat) for seat in range(PLAYERS))
    places = Positions(seats[-1], seats[0], seats[1], seats)
    players = tuple(DealtSeat(seat, STACK) for seat in seats)
    posts = posts_of(RULES, places, [PayingSeat(seat, STACK) for seat in seats])
    return Deal(seats[-1], seats[0], seats[1], players, posts)


def _decks(hands: int, seed: int) -> list[tuple[Card, ...]]:
    shuffler = random.Random(seed)  # noqa: S311 - a bench repeats itself
    return [tuple(shuffler.sample(FULL_DECK, len(FULL_DECK))) for _ in range(hands)]


def _choose(dice: random.Random, low: int | None, high: int | None, *, free: bool) -> int | None:
    """Choose by policy: -1 folds, 0 checks or calls, anything else is the amount to raise to."""
    roll = dice.random()
    if roll < FOLD_BELOW and not free:
        return -1
    if roll < CALL_BELOW or low is None or high is None:
        return 0
    return low if roll < RAISE_BELOW else high


def play_engine(hands: int, seed: int) -> tuple[float, int]:
    """Play hands with our rules; give the seconds and the number of actions."""
    dice = random.Random(seed)  # noqa: S311
    deal, decks, actions = _deal(), _decks(hands, seed), 0
    began = time.perf_counter()
    for deck in decks:
        hand, _ = start(RULES, deal, deck)
        while (legal := hand.legal) is not None:
            chosen = _choose(dice, legal.min_raise_to, legal.max_raise_to, free=legal.can_check)
            action: Action
            if chosen == -1:
                action = FOLD
            elif chosen:
                action = RaiseTo(Krw(chosen))
            else:
                action = CHECK if legal.can_check else CALL
            hand, _ = apply(hand, legal.seat, action)
            actions += 1
    return time.perf_counter() - began, actions


def play_pokerkit(hands: int, seed: int) -> tuple[float, int]:
    """Play hands with pokerkit; give the seconds and the number of actions."""
    dice = random.Random(seed)  # noqa: S311
    actions = 0
    began = time.perf_counter()
    for _ in range(hands):
        state = _pokerkit_state()
        while state.status:
            low, high = state.min_completion_betting_or_raising_to_amount, None
            if low is not None:
                high = state.max_completion_betting_or_raising_to_amount
            chosen = _choose(dice, low, high, free=not state.checking_or_calling_amount)
            if chosen == -1:
                state.fold()
            elif chosen:
                state.complete_bet_or_raise_to(chosen)
            else:
                state.check_or_call()
            actions += 1
    return time.perf_counter() - began, actions


def _pokerkit_state() -> PokerkitState:
    return NoLimitTexasHoldem.create_state(
        tuple(Automation),
        ante_trimming_status=True,
        raw_antes=0,
        raw_blinds_or_straddles=(SMALL_BLIND, BIG_BLIND),
        min_bet=BIG_BLIND,
        raw_starting_stacks=STACK,
        player_count=PLAYERS,
        mode=Mode.CASH_GAME,
    )


def evaluations_per_second(count: int, seed: int) -> float:
    """Rank hands of seven cards; give how many a second."""
    decks = _decks(count, seed)
    began = time.perf_counter()
    for deck in decks:
        rank_hand((deck[0], deck[1]), deck[2:7])
    return count / (time.perf_counter() - began)


def measure(hands: int = 2_000, pokerkit_hands: int = 40) -> Mapping[str, float]:
    """Measure both engines in turns; every number is the median of the rounds."""
    engine: list[tuple[float, float]] = []
    oracle: list[tuple[float, float]] = []
    for seed in range(ROUNDS):
        engine.append(_rates(play_engine, hands, seed))
        oracle.append(_rates(play_pokerkit, pokerkit_hands, seed))
    return {
        "engine_us_per_action": round(statistics.median(us for us, _ in engine), 2),
        "engine_hands_per_s": round(statistics.median(rate for _, rate in engine), 1),
        "pokerkit_us_per_action": round(statistics.median(us for us, _ in oracle), 2),
        "pokerkit_hands_per_s": round(statistics.median(rate for _, rate in oracle), 1),
        "engine_vs_pokerkit": round(
            statistics.median(theirs / ours for (ours, _), (theirs, _) in zip(engine, oracle, strict=True)), 1
        ),
        "evaluations_per_s": round(evaluations_per_second(20_000, seed=1)),
    }


def _rates(play: Callable[[int, int], tuple[float, int]], hands: int, seed: int) -> tuple[float, float]:
    """Give microseconds per action and hands per second."""
    seconds, actions = play(hands, seed)
    return seconds / actions * 1e6, hands / seconds


if __name__ == "__main__":
    sys.stdout.write(json.dumps(dict(measure())) + "\n")
