"""One betting round: who is asked, what he may do, what his action does to the bet.

Players stand in dealing order; a ``position`` is a place in that order. Amounts are won. What is made anew
at every action is a named tuple: as frozen as an attrs class, and made in half the time.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from node.rules.actions import Action, ActionKind, AllIn, Call, Check, Fold, LegalActions, RaiseTo
from node.rules.cards import Card
from node.rules.errors import IllegalAction, IllegalReason

ZERO = Krw(0)


class Player(NamedTuple):
    """One dealt-in player in the middle of a hand."""

    seat: SeatIndex
    hole_cards: tuple[Card, Card]
    stack: Krw
    street_bet: Krw = ZERO
    """What he has put in on this street and a call has to match."""
    contribution: Krw = ZERO
    """Bets, live blinds and per-seat antes of the whole hand: what side pots are layered by."""
    dead: Krw = ZERO
    """Dead blinds and the big-blind ante: lies in the main pot, matches nothing."""
    has_folded: bool = False
    has_acted: bool = False
    """Whether he has acted on this street; posting is no action."""

    @property
    def is_all_in(self) -> bool:
        """Whether he is in the hand without chips: never asked again, cannot fold."""
        return not self.stack and not self.has_folded

    @property
    def put_in(self) -> Krw:
        """Everything he has put in during the hand, dead money included."""
        return Krw(self.contribution + self.dead)


class BettingRound(NamedTuple):
    """The bet of the street."""

    bet: Krw
    """The street bet to match: nominal before the flop, however short the blinds were posted."""
    full_raise: Krw
    """The last full bet or raise, at least the big blind: the smallest raise allowed."""
    aggressor: int | None = None
    """The position of who bet or raised last on this street."""


Move = tuple[ActionKind, Krw]
"""A legal action, worked out: what it is, and the chips it puts in."""

# Python 3.11 takes ten times as long to find a member through its Enum as to find a name of the module.
FOLDS: Final = ActionKind.FOLD
CALLS: Final = ActionKind.CALL
BETS: Final = ActionKind.BET
RAISES: Final = ActionKind.RAISE

FOLD: Move = (FOLDS, ZERO)
CHECK: Move = (ActionKind.CHECK, ZERO)


def count_live(players: Sequence[Player]) -> int:
    """Count who has not folded."""
    return [player.has_folded for player in players].count(False)


def count_able(players: Sequence[Player]) -> int:
    """Count who has not folded and has chips left to bet."""
    return sum([1 for player in players if player.stack and not player.has_folded])


def next_turn(
    players: Sequence[Player], betting: BettingRound, after: int
) -> tuple[int, LegalActions] | None:
    """Find who is asked next, clockwise from the position ``after``, and what he may do.

    None when the round is closed. Who is all-in is never asked. The last player with chips is asked only
    when there is something to call, for nobody could call a bet of his (rules 12, 13).
    """
    bet = betting.bet
    # Places below zero count from the end: this goes round the table once.
    for place in range(after + 1 - len(players), after + 1):
        player = players[place]
        if player.stack and not player.has_folded and (not player.has_acted or player.street_bet < bet):
            position = place % len(players)
            legal = legal_actions(players, betting, position)
            if legal.can_check and legal.max_raise_to is None and count_able(players) == 1:
                return None
            return position, legal
    return None


def legal_actions(players: Sequence[Player], betting: BettingRound, position: int) -> LegalActions:
    """Work out what the player to act may do.

    A call is the bet, but no more than an opponent who is still in can match (rule 6). A short all-in does
    not re-open the betting for who has acted, unless what he faces adds up to a full raise (TDA 2024 rule
    47). A raise needs an opponent with chips who could answer it (rule 12).
    """
    player = players[position]
    seat, _, stack, street_bet, _, _, _, has_acted = player
    bet, full_raise, _ = betting
    all_in_to = Krw(stack + street_bet)
    matched = _most_matched(players, player, bet)
    facing = bet - street_bet
    owed = facing if matched > bet else matched - street_bet
    call = ZERO if owed <= 0 else Krw(owed) if owed < stack else stack
    low = high = all_in = None
    if all_in_to <= bet:
        all_in = call or None
    elif matched > bet and (not has_acted or facing >= full_raise):
        all_in, high = stack, all_in_to
        low = Krw(bet + full_raise)
        if low > all_in_to:
            low = all_in_to
    return LegalActions(seat, True, not call, call, low, high, all_in, all_in_to, street_bet, bet)


def _most_matched(players: Sequence[Player], player: Player, bet: int) -> int:
    """Give the most that one opponent who is still in can have put in on this street.

    Anything above ``bet`` will do: it shows that a raise could be answered.
    """
    most = 0
    for other in players:
        if not other.has_folded and other is not player:
            reach = other.street_bet + other.stack
            if reach > bet:
                return reach
            if reach > most:
                most = reach
    return most


def resolve(legal: LegalActions, action: Action) -> Move:
    """Work out what an action of the player to act is; refused with a reason when it is not legal."""
    match action:
        case Check():
            if not legal.can_check:
                raise IllegalAction(IllegalReason.CANNOT_CHECK)
            return CHECK
        case Call():
            if not legal.call_amount:
                raise IllegalAction(IllegalReason.NOTHING_TO_CALL)
            return CALLS, legal.call_amount
        case Fold():
            return FOLD
        case RaiseTo():
            return _resolve_raise(legal, action.amount)
        case AllIn():
            return _resolve_all_in(legal)


def _resolve_raise(legal: LegalActions, amount: Krw) -> Move:
    """A raise above the stack is refused, not trimmed; a raise to the whole stack is the all-in."""
    if amount == legal.all_in_to:
        return _resolve_all_in(legal)
    if legal.min_raise_to is None:
        raise IllegalAction(IllegalReason.RAISE_NOT_ALLOWED)
    if amount > legal.all_in_to:
        raise IllegalAction(IllegalReason.RAISE_ABOVE_STACK)
    if amount < legal.min_raise_to:
        raise IllegalAction(IllegalReason.RAISE_TOO_SMALL)
    return _raise_to(legal, amount)


def _resolve_all_in(legal: LegalActions) -> Move:
    if legal.min_raise_to is not None:
        return _raise_to(legal, legal.all_in_to)
    if legal.all_in_amount is None:
        raise IllegalAction(IllegalReason.RAISE_NOT_ALLOWED)
    return CALLS, legal.all_in_amount


def _raise_to(legal: LegalActions, amount: Krw) -> Move:
    return RAISES if legal.bet else BETS, Krw(amount - legal.street_bet)


def act(player: Player, amount: Krw, *, folds: bool) -> Player:
    """Give the player after his move; what he puts in leaves his stack."""
    seat, hole_cards, stack, street_bet, contribution, dead, _, _ = player
    if amount:
        assert amount <= stack, "nobody puts in more than he has"
        stack = Krw(stack - amount)
        street_bet = Krw(street_bet + amount)
        contribution = Krw(contribution + amount)
    return Player(seat, hole_cards, stack, street_bet, contribution, dead, folds, True)


def raised(betting: BettingRound, street_bet: Krw, position: int) -> BettingRound:
    """Give the round after a bet or raise to ``street_bet``.

    An all-in below a full raise moves the bet; the smallest raise stays that of the last full one.
    """
    size = Krw(street_bet - betting.bet)
    return BettingRound(street_bet, max(size, betting.full_raise), position)


def uncalled_bet(players: Sequence[Player]) -> tuple[int, Krw] | None:
    """Find the position and the amount of what nobody called: largest minus second-largest street bet.

    Folded bets count; antes and dead posts do not (rule 11).
    """
    bets = [player.street_bet for player in players]
    largest = max(bets)
    if bets.count(largest) > 1:
        return None
    position = bets.index(largest)
    bets[position] = ZERO
    return position, Krw(largest - max(bets))


def give_back(player: Player, amount: Krw) -> Player:
    """Give the player after an uncalled bet has come back to his stack."""
    seat, hole_cards, stack, street_bet, contribution, dead, has_folded, has_acted = player
    stack = Krw(stack + amount)
    street_bet = Krw(street_bet - amount)
    contribution = Krw(contribution - amount)
    return Player(seat, hole_cards, stack, street_bet, contribution, dead, has_folded, has_acted)


def next_street(players: Sequence[Player]) -> tuple[Player, ...]:
    """Gather the bets: nobody has bet or acted on the new street."""
    return tuple(
        [
            Player(
                player.seat,
                player.hole_cards,
                player.stack,
                ZERO,
                player.contribution,
                player.dead,
                player.has_folded,
            )
            if player.has_acted or player.street_bet
            else player
            for player in players
        ]
    )
