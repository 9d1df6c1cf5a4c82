"""What a player may do when it is his turn, and what he has been allowed to do."""

from enum import Enum, unique
from typing import NamedTuple

import attrs

from cardroom.ids import SeatIndex
from cardroom.money import Krw


@attrs.frozen(slots=False)
class Fold:
    """Give up the hand. In turn it always counts, also when checking is free (TDA 2024 rule 58)."""


@attrs.frozen(slots=False)
class Check:
    """Stay in without putting chips in; refused when there is a bet to call."""


@attrs.frozen(slots=False)
class Call:
    """Match the bet, or go all-in for less; refused when there is nothing to call."""


@attrs.frozen(slots=False)
class RaiseTo:
    """Bet, or raise so that the chips put in on this street become ``amount`` won in total."""

    amount: Krw


@attrs.frozen(slots=False)
class AllIn:
    """Put in the whole stack: a call when that does not exceed the bet, else a bet or raise."""


Action = Fold | Check | Call | RaiseTo | AllIn


@unique
class ActionKind(Enum):
    """What an action turned out to be at the table."""

    FOLD = "fold"
    CHECK = "check"
    CALL = "call"
    BET = "bet"
    RAISE = "raise"


@unique
class ActionCause(Enum):
    """Who decided: the player, his clock, or the fact that he has left the table."""

    PLAYER = "player"
    TIME_OUT = "time_out"
    LEAVING = "leaving"


class LegalActions(NamedTuple):
    """Everything that the player to act may do; amounts in won. Made at every action: a named tuple.

    Folding is always allowed. A raise is allowed when ``min_raise_to`` is not None: then any amount from
    ``min_raise_to`` to ``max_raise_to``, which is the whole stack. When only a short all-in is left, both
    are equal.
    """

    seat: SeatIndex
    can_fold: bool
    can_check: bool
    call_amount: Krw
    """Chips that a call puts in; 0 when there is nothing to call. At most the stack."""
    min_raise_to: Krw | None
    max_raise_to: Krw | None
    all_in_amount: Krw | None
    """Chips that ``AllIn`` puts in (as a call no more than ``call_amount``); None when it is refused."""
    all_in_to: Krw
    """The player's street bet if his whole stack goes in."""
    street_bet: Krw
    """What the player has put in on this street so far."""
    bet: Krw
    """The street bet to match, as the blinds or the last bet or raise set it; 0 when nobody has bet."""
