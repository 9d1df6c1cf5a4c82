"""The rules beside pokerkit, in lock step: who is to act, what he may do, what everybody has at the end.

``PROVE_HANDS`` sets the number of hands (default 300). Where both play differently, the house rules win,
and the difference has to be one of ``KNOWN_DIFFERENCES``, each of which cites its rule.
"""

import os
import random
from collections.abc import Callable

import attrs
import pytest
from pokerkit import Automation, Mode, NoLimitTexasHoldem
from pokerkit import State as Oracle

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from node.rules.actions import Action, ActionKind, Call, Check, Fold, LegalActions, RaiseTo
from node.rules.betting import Player
from node.rules.blinds import AnteKind, Deal, DealtSeat, HandRules, PayingSeat, Positions, posts_of
from node.rules.cards import FULL_DECK, Card, format_cards
from node.rules.hand import Hand, apply, settlement, start
from node.rules.pots import layer_pots

HANDS = int(os.environ.get("PROVE_HANDS", "300"))
UNIT = 2_520  # divides by 1 to 9: no odd won
AUTOMATIONS = (
    Automation.ANTE_POSTING,
    Automation.BET_COLLECTION,
    Automation.BLIND_OR_STRADDLE_POSTING,
    Automation.RUNOUT_COUNT_SELECTION,
    Automation.HOLE_CARDS_SHOWING_OR_MUCKING,
    Automation.HAND_KILLING,
    Automation.CHIPS_PUSHING,
    Automation.CHIPS_PULLING,
)


@attrs.frozen
class Game:
    """One table, the same for both engines."""

    rules: HandRules
    stacks: tuple[int, ...]
    deck: tuple[Card, ...]


class DivergedError(Exception):
    """Both allow different calls: the hand cannot go on in lock step."""


@attrs.frozen
class Difference:
    """What both say of the player to act, where they do not agree."""

    hand: Hand
    ours: tuple[int, int | None]
    """Chips to call, smallest raise or None."""
    theirs: tuple[int, int | None]

    @property
    def legal(self) -> LegalActions:
        assert self.hand.legal is not None
        return self.hand.legal


def _acted_and_not_reopened(difference: Difference) -> bool:
    """Rule 5: a short bet or raise does not re-open, and a full one is never less than the big blind."""
    legal, hand = difference.legal, difference.hand
    faces = legal.bet - legal.street_bet
    return (
        hand.player(legal.seat).has_acted
        and faces < hand.betting.full_raise
        and difference.ours == (difference.theirs[0], None)
    )


def _nobody_left_to_answer(difference: Difference) -> bool:
    """Rule 12: the last player with chips may only call or fold."""
    hand = difference.hand
    able = [player for player in hand.players if player.stack and not player.has_folded]
    return len(able) == 1 and difference.ours == (difference.theirs[0], None)


def _full_raise_is_at_least_the_big_blind(difference: Difference) -> bool:
    """Rules 5, 6, 7, 16: a short blind or bet never lowers the call, nor the smallest raise."""
    ours, theirs = difference.ours, difference.theirs
    if ours[1] is None or theirs[1] is None:
        return ours[0] != theirs[0] and _has_short_blind(difference.hand)
    return ours[0] >= theirs[0] and ours[1] >= theirs[1] and _has_short_bet(difference.hand)


def _has_short_bet(hand: Hand) -> bool:
    """Somebody is all-in on this street for less than a full bet or raise."""
    return _has_short_blind(hand) or any(
        player.is_all_in and player.street_bet % hand.setup.rules.big_blind for player in hand.players
    )


def _has_short_blind(hand: Hand) -> bool:
    """A blind that pokerkit, which takes every ante first, posts short."""
    rules = hand.setup.rules
    stacks = {player.seat: player.stack - rules.ante for player in hand.setup.deal.players}
    small, big = hand.setup.deal.small_blind, hand.setup.deal.big_blind
    return stacks[big] < rules.big_blind or (small is not None and stacks[small] < rules.small_blind)


KNOWN_DIFFERENCES: tuple[tuple[str, Callable[[Difference], bool]], ...] = (
    ("rule 5: short bets do not re-open", _acted_and_not_reopened),
    ("rule 12: the last player with chips", _nobody_left_to_answer),
    ("rules 5, 6, 7, 16: short blinds and bets count in full", _full_raise_is_at_least_the_big_blind),
)


def make_game(dice: random.Random, unit: int, *, short: bool) -> Game:
    count = dice.randint(2, 9)
    small, big = unit, 2 * unit
    kind = dice.choice([AnteKind.NONE, AnteKind.NONE, AnteKind.PER_SEAT, AnteKind.BIG_BLIND])
    ante = 0 if kind is AnteKind.NONE else unit
    least = 1 if short else ante + big
    highest = dice.choice([6, 40, 200]) * unit
    stacks = tuple(max(least, dice.randint(1, highest) // unit * unit) for _ in range(count))
    rules = HandRules(small_blind=Krw(small), big_blind=Krw(big), ante=Krw(ante), ante_kind=kind)
    return Game(rules, stacks, tuple(dice.sample(FULL_DECK, len(FULL_DECK))))


def start_ours(game: Game) -> Hand:
    seats = tuple(SeatIndex(place) for place in range(len(game.stacks)))
    small, big = (seats[1], seats[0]) if len(seats) == 2 else (seats[0], seats[1])
    positions = Positions(seats[-1], small, big, seats)
    paying = [PayingSeat(seat, Krw(game.stacks[seat])) for seat in seats]
    players = tuple(DealtSeat(seat.seat, seat.stack) for seat in paying)
    deal = Deal(seats[-1], small, big, players, posts_of(game.rules, positions, paying))
    return start(game.rules, deal, game.deck)[0]


def start_oracle(game: Game) -> Oracle:
    antes = [game.rules.ante] * len(game.stacks)
    if game.rules.ante_kind is AnteKind.BIG_BLIND:
        antes = [game.rules.ante if place == 1 else Krw(0) for place in range(len(game.stacks))]
    oracle = NoLimitTexasHoldem.create_state(
        AUTOMATIONS,
        ante_trimming_status=game.rules.ante_kind is not AnteKind.BIG_BLIND,
        raw_antes=antes,
        raw_blinds_or_straddles=(game.rules.small_blind, game.rules.big_blind),
        min_bet=game.rules.big_blind,
        raw_starting_stacks=game.stacks,
        player_count=len(game.stacks),
        mode=Mode.CASH_GAME,
    )
    count = len(game.stacks)
    for place in range(count):
        oracle.deal_hole(format_cards((game.deck[place], game.deck[place + count])))
    return oracle


def deal_board(game: Game, oracle: Oracle) -> None:
    """Deal board cards wherever the oracle waits for them."""
    first = 2 * len(game.stacks)
    while oracle.status and (oracle.can_burn_card() or oracle.can_deal_board()):
        if oracle.can_burn_card():
            oracle.burn_card(format_cards(game.deck[-1 - len(oracle.burn_cards) :][:1]))
        lying = len(oracle.board_cards)
        cards = 1 if lying else 3
        oracle.deal_board(format_cards(game.deck[first + lying : first + lying + cards]))


def compare_turn(hand: Hand, oracle: Oracle, seen: set[str]) -> tuple[int, int | None]:
    """Compare what both allow; give what both allow (call amount, smallest raise or None)."""
    legal = hand.legal
    assert legal is not None
    if oracle.actor_index != legal.seat:
        # Rule 16: the blind before the big-blind ante leaves an opponent something to call, or not.
        assert _has_short_blind(hand), f"{oracle.actor_index} is to act, not {legal.seat}: {hand}"
        raise DivergedError
    ours = (legal.call_amount, legal.min_raise_to)
    least = oracle.min_completion_betting_or_raising_to_amount
    theirs = (
        oracle.checking_or_calling_amount or 0,
        least if oracle.can_complete_bet_or_raise_to() else None,
    )
    if ours == theirs:
        return ours
    difference = Difference(hand, ours, theirs)
    names = [name for name, explains in KNOWN_DIFFERENCES if explains(difference)]
    assert names, f"unknown difference: ours {ours}, theirs {theirs}, {hand}"
    seen.add(names[0])
    if ours[0] != theirs[0]:
        raise DivergedError
    raise_to = None if None in (ours[1], theirs[1]) else max(ours[1] or 0, theirs[1] or 0)
    return ours[0], raise_to


def choose(dice: random.Random, legal: LegalActions, raise_from: int | None, unit: int) -> Action:
    roll = dice.random()
    if legal.call_amount and roll < 0.2:
        return Fold()
    if raise_from is not None and legal.max_raise_to is not None and roll > 0.7:
        if raise_from >= legal.max_raise_to or roll > 0.95:
            return RaiseTo(legal.max_raise_to)
        steps = (legal.max_raise_to - raise_from) // unit
        return RaiseTo(Krw(raise_from + unit * min(dice.randint(0, 6), steps)))
    return Check() if legal.can_check else Call()


def play_both(
    game: Game, dice: random.Random, unit: int, seen: set[str]
) -> tuple[list[int], list[int], Hand]:
    hand, oracle = start_ours(game), start_oracle(game)
    while not hand.is_over:
        deal_board(game, oracle)
        _, raise_from = compare_turn(hand, oracle, seen)
        legal = hand.legal
        assert legal is not None
        action = choose(dice, legal, raise_from, unit)
        hand, _ = apply(hand, legal.seat, action)
        match action:
            case Fold():
                oracle.fold()
            case RaiseTo(amount):
                oracle.complete_bet_or_raise_to(amount)
            case _:
                oracle.check_or_call()
    deal_board(game, oracle)
    if oracle.actor_index is not None:
        # Rule 12: the last player with chips is not asked when nothing is left to call; pokerkit asks him.
        assert not oracle.checking_or_calling_amount
        assert sum(player.stack > 0 for player in live_before_the_end(hand)) <= 1
        oracle.check_or_call()
        deal_board(game, oracle)
    assert not oracle.status
    return [part.stack for part in settlement(hand).seats], list(oracle.stacks), hand


def live_before_the_end(hand: Hand) -> list[Player]:
    """The live players as they stood before the pots were paid."""
    brought = {part.seat: part.stack_before - part.put_in for part in settlement(hand).seats}
    return [
        player._replace(stack=Krw(brought[player.seat])) for player in hand.players if not player.has_folded
    ]


def test_lock_step_without_odd_won() -> None:
    """Deep and shallow stacks that cover their blinds, in units that always divide: equal to the won."""
    dice, seen = random.Random(20_240_101), set[str]()
    for number in range(HANDS * 2 // 3):
        game = make_game(dice, UNIT, short=False)
        ours, theirs, _ = play_both(game, dice, UNIT, seen)
        assert ours == theirs, f"hand {number}: {game}"
    assert "rule 5: short bets do not re-open" in seen or HANDS < 200


def test_lock_step_with_odd_won() -> None:
    """Rule 25: pokerkit gives all odd won of a pot to one winner; nothing else may differ."""
    dice, seen, odd = random.Random(7), set[str](), 0
    for number in range(HANDS // 3):
        game = make_game(dice, 1, short=False)
        ours, theirs, hand = play_both(game, dice, 1, seen)
        assert sum(ours) == sum(theirs)
        most = sum(len(pot.eligible) - 1 for pot in layer_pots(hand.players))
        assert all(abs(mine - other) <= most for mine, other in zip(ours, theirs, strict=True)), f"{number}"
        odd += ours != theirs
    assert odd < HANDS // 3


def test_lock_step_with_stacks_below_the_blinds() -> None:
    """Rules 5, 6, 7, 16: where short posts make no known difference, the results are equal as well."""
    dice, seen, compared = random.Random(11), set[str](), 0
    for number in range(HANDS // 3):
        game = make_game(dice, 1, short=True)
        known = set[str]()
        try:
            ours, theirs, hand = play_both(game, dice, 1, known)
        except DivergedError:
            seen |= known
            continue
        seen |= known
        compared += not _has_short_blind(hand)
        if not _has_short_blind(hand):
            most = sum(len(pot.eligible) - 1 for pot in layer_pots(hand.players))
            assert all(abs(mine - other) <= most for mine, other in zip(ours, theirs, strict=True)), (
                f"{number}"
            )
    assert compared > HANDS // 12
    assert "rules 5, 6, 7, 16: short blinds and bets count in full" in seen or HANDS < 200


@pytest.mark.parametrize(("name", "explains"), KNOWN_DIFFERENCES, ids=[name for name, _ in KNOWN_DIFFERENCES])
def test_agreement_is_no_known_difference(name: str, explains: Callable[[Difference], bool]) -> None:
    """An entry must not excuse a player who has not acted, deep, with opponents, behind full blinds."""
    game = Game(HandRules(small_blind=Krw(1), big_blind=Krw(2)), (200, 200, 200), FULL_DECK)
    hand = start_ours(game)
    assert hand.legal is not None
    assert not explains(Difference(hand, (2, 4), (2, 3)))
    assert not explains(Difference(hand, (2, None), (2, 4)))


def test_known_kinds_of_bets_are_named() -> None:
    """The two engines name nothing alike, so only amounts are compared; ours tell a bet from a raise."""
    hand = start_ours(Game(HandRules(small_blind=Krw(1), big_blind=Krw(2)), (200, 200), FULL_DECK))
    _, events = apply(hand, SeatIndex(1), RaiseTo(Krw(6)))
    assert events[0].kind is ActionKind.RAISE  # type: ignore[union-attr]
