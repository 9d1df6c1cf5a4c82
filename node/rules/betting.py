"""One betting round: who is asked, what he may do, what his action does to the bet.

Players stand in dealing order; a ``position`` is a place in that order. Amounts are won. What is made anew
at every action is a named tuple: as frozen as an attrs class, and made in half the time.
"""

from collections.abc import Sequence
from typing import NamedTuple

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

FOLD: Move = (ActionKind.FOLD, ZERO)
CHECK: Move = (ActionKind.CHECK, ZERO)


def count_live(players: Sequence[Player]) -> int:
    """Count who has not folded."""
    return sum([not player.has_folded for player in players])


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
    place = _waiting(players, betting.bet, after + 1, len(players))
    if place is None:
        place = _waiting(players, betting.bet, 0, after + 1)
        if place is None:
            return None
    legal = legal_actions(players, betting, place)
    if legal.can_check and legal.max_raise_to is None and count_able(players) == 1:
        return None
    return place, legal


def _waiting(players: Sequence[Player], bet: Krw, start: int, stop: int) -> int | None:
    """Find the first position from ``start`` to before ``stop`` that has not answered the bet."""
    for place in range(start, stop):
        player = players[place]
        if (not player.has_acted or player.street_bet < bet) and player.stack and not player.has_folded:
            return place
    return None


def legal_actions(players: Sequence[Player], betting: BettingRound, position: int) -> LegalActions:
    """Work out what the player to act may do.

    A call is the bet, but no more than an opponent who is still in can match (rule 6). A short all-in does
    not re-open the betting for who has acted, unless what he faces adds up to a full raise (TDA 2024 rule
    47). A raise needs an opponent with chips who could answer it (rule 12).
    """
    player = players[position]
    bet, full_raise, _ = betting
    stack, street_bet = player.stack, player.street_bet
    all_in_to = Krw(stack + street_bet)
    matched = _most_matched(players, player, bet)
    owed = min(matched, bet) - street_bet
    call = ZERO if owed <= 0 else Krw(owed) if owed < stack else stack
    low = high = all_in = None
    if all_in_to <= bet:
        all_in = call or None
    elif matched > bet and (not player.has_acted or bet - street_bet >= full_raise):
        all_in, high = stack, all_in_to
        low = Krw(bet + full_raise)
        if low > all_in_to:
            low = all_in_to
    return LegalActions(player.seat, True, not call, call, low, high, all_in, all_in_to, street_bet, bet)


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
        case Fold():
            return FOLD
        case Check():
            if not legal.can_check:
                raise IllegalAction(IllegalReason.CANNOT_CHECK)
            return CHECK
        case Call():
            if not legal.call_amount:
                raise IllegalAction(IllegalReason.NOTHING_TO_CALL)
            return ActionKind.CALL, legal.call_amount
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
    return ActionKind.CALL, legal.all_in_amount


def _raise_to(legal: LegalActions, amount: Krw) -> Move:
    kind = ActionKind.RAISE if legal.bet else ActionKind.BET
    return kind, Krw(amount - legal.street_bet)


def act(player: Player, amount: Krw, *, folds: bool) -> Player:
    """Give the player after his move; what he puts in leaves his stack."""
    return Player(
        player.seat,
        player.hole_cards,
        Krw(player.stack - amount),
        Krw(player.street_bet + amount),
        Krw(player.contribution + amount),
        player.dead,
        folds,
        True,
    )


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
    position = bets.index(largest)
    bets[position] = ZERO
    uncalled = Krw(largest - max(bets))
    return (position, uncalled) if uncalled else None


def give_back(player: Player, amount: Krw) -> Player:
    """Give the player after an uncalled bet has come back to his stack."""
    return player._replace(
        stack=Krw(player.stack + amount),
        street_bet=Krw(player.street_bet - amount),
        contribution=Krw(player.contribution - amount),
    )


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
