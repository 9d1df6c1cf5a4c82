"""The house rules of betting once more, written down plainly, and what becomes of them in pokerkit's reading.

``read`` says what the player to act may do. Each of the rules in ``Rule`` can be replaced by pokerkit's. With
none replaced it must give our engine's answer, with all of them pokerkit's, to the won: so no known
difference can excuse any other.
"""

from collections.abc import Iterable, Sequence
from enum import Enum, unique
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import attrs

from cardroom.ids import SeatIndex
from node.rules.betting import Player
from node.rules.blinds import PostKind, straddle_of
from node.rules.events import Street
from node.rules.hand import Hand
from tests.node.rules.oracle import Offer


@unique
class Rule(Enum):
    """The rules of betting that pokerkit reads differently."""

    SHORT_ALL_INS_ADD_UP_PER_PLAYER = 3
    SHORT_BETS_DO_NOT_REOPEN = 5
    SHORT_BLINDS_COUNT_IN_FULL = 6
    STRADDLE_IS_A_FULL_BET = 17


class Move(NamedTuple):
    """An action of this street."""

    seat: SeatIndex
    raise_to: int | None
    """None for everything that is no bet and no raise."""
    is_all_in: bool
    highest: int
    """The largest street bet before the move."""


@attrs.frozen(slots=False)
class Decision:
    """The player to act, what has happened on his street, and what both engines allow him."""

    hand: Hand
    moves: tuple[Move, ...]
    ours: Offer
    theirs: Offer

    @property
    def straddle(self) -> int:
        """The straddle that was posted on this street, or 0."""
        setup = self.hand.setup
        is_straddled = any(post.kind is PostKind.STRADDLE for post in setup.deal.posts)
        return straddle_of(setup.rules) if is_straddled and self.hand.street is Street.PREFLOP else 0

    @property
    def opening_bet(self) -> int:
        """The bet to match before anybody has acted, however short the blinds were."""
        big_blind = self.hand.setup.rules.big_blind
        return max(self.straddle, big_blind) if self.hand.street is Street.PREFLOP else 0

    @cached_property
    def replaced(self) -> frozenset[Rule]:
        """The fewest rules that have to be replaced to come to pokerkit's answer; none if nothing does."""
        if self.theirs == self.ours or read(self, Rule) != self.theirs:
            return frozenset()
        return next(
            frozenset(rules)
            for count in range(1, len(Rule) + 1)
            for rules in combinations(Rule, count)
            if read(self, rules) == self.theirs
        )


class Raises(NamedTuple):
    """What the bets and raises of a street amount to."""

    bet: int
    largest: int
    """The largest bet or raise, short ones too."""
    open_shorts: int
    """pokerkit's sum of short all-ins in a row that do not make a full raise yet."""
    closed: frozenset[SeatIndex]
    """Who has acted since the last raise that pokerkit takes for a full one."""


def follow(decision: Decision, *, from_chips: bool) -> Raises:
    """Follow the bets of the street; ``from_chips`` measures the first raise from short blinds."""
    bet, largest, shorts, closed = decision.opening_bet, 0, list[int](), set[SeatIndex]()
    for move in decision.moves:
        if move.raise_to is not None:
            size = move.raise_to - (move.highest if from_chips else bet)
            bet = move.raise_to
            if size >= largest:
                closed.clear()
            largest = max(largest, size)
            shorts = [*shorts, size] if move.is_all_in else []
            if sum(shorts) >= largest:
                shorts = []
        closed.add(move.seat)
    return Raises(bet, largest, sum(shorts), frozenset(closed))


def read(decision: Decision, replaced: Iterable[Rule]) -> Offer:
    """Say what the player to act may do, with some rules replaced by pokerkit's reading of them."""
    theirs = frozenset(replaced)
    hand, legal = decision.hand, decision.hand.legal
    assert legal is not None
    player, from_chips = hand.player(legal.seat), Rule.SHORT_BLINDS_COUNT_IN_FULL in theirs
    raises = follow(decision, from_chips=from_chips)
    bet = max(other.street_bet for other in hand.players) if from_chips else raises.bet
    reach = _reach_of_others(hand.players, player)
    owed = max(bet - player.street_bet, 0)
    payable = owed if from_chips else max(min(bet, reach) - player.street_bet, 0)
    call = min(payable, player.stack)
    all_in_to = player.street_bet + player.stack
    if all_in_to <= bet:
        return Offer(not payable, call, None, None, call or None)
    if reach <= bet or not _is_open(decision, player, raises, owed, theirs):
        return Offer(not payable, call, None, None, None)
    low = min(bet + _full_raise(decision, raises, theirs), all_in_to)
    return Offer(not payable, call, low, all_in_to, player.stack)


def _reach_of_others(players: Sequence[Player], player: Player) -> int:
    """Give the largest street bet that an opponent who is still in could come to."""
    return max(
        other.street_bet + other.stack
        for other in players
        if other.seat != player.seat and not other.has_folded
    )


def _full_raise(decision: Decision, raises: Raises, theirs: frozenset[Rule]) -> int:
    """Rules 1, 5, 17: the last full bet or raise, at least the big blind, or the straddle."""
    straddle = 0 if Rule.STRADDLE_IS_A_FULL_BET in theirs else decision.straddle
    return max(raises.largest, decision.hand.setup.rules.big_blind, straddle)


def _is_open(decision: Decision, player: Player, raises: Raises, owed: int, theirs: frozenset[Rule]) -> bool:
    """Rules 2 to 5: who has acted may raise again if what he faces adds up to a full raise.

    pokerkit takes any bet for full, however short, if it is no shorter than those before it. What adds up
    to a full raise it measures over the last short all-ins, the same for all who have acted before them.
    """
    if player.seat not in {move.seat for move in decision.moves}:
        return True
    is_any_bet_full = Rule.SHORT_BETS_DO_NOT_REOPEN in theirs
    enough = raises.largest if is_any_bet_full else _full_raise(decision, raises, theirs)
    if Rule.SHORT_ALL_INS_ADD_UP_PER_PLAYER in theirs and player.seat in raises.closed:
        return owed >= enough and not raises.open_shorts
    return owed >= enough
