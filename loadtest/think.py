"""How long players think before they act."""

from random import Random
from typing import Final

from attrs import frozen

from cardroom.wire.player import ActionKind
from cardroom.wire.table import Street, TurnView

_MILLISECONDS: Final = 1000.0
_LEFT_OVER_SECONDS: Final = 1.0
"""Even who thinks for long acts so long before the turn's time is over; the time bank is left alone."""


@frozen
class QuickThought:
    """A time between two limits, each as likely: bots that are there to make work."""

    least_seconds: float = 0.01
    most_seconds: float = 0.04

    def draw(self, turn: TurnView, street: Street | None, kind: ActionKind, random: Random) -> float:
        """Draw the seconds before one action."""
        del turn, street, kind
        return random.uniform(self.least_seconds, self.most_seconds)


@frozen
class HumanThought:
    """A log-normal time: half of all below the median, and now and then very long.

    With a ``spread`` of 0.75 and a median of 2.5 s one in twenty takes more than 8.6 s, one in a hundred more
    than 14 s. Nobody thinks past the turn's time. A share ``pre_folds`` of the folds before the flop is
    decided before the turn comes, and shows at once.
    """

    median_seconds: float = 2.5
    spread: float = 0.75
    least_seconds: float = 0.3
    pre_folds: float = 0.6
    pre_fold_seconds: float = 0.3

    def draw(self, turn: TurnView, street: Street | None, kind: ActionKind, random: Random) -> float:
        """Draw the seconds before one action."""
        if kind is ActionKind.FOLD and street is Street.PREFLOP and random.random() < self.pre_folds:
            return self.pre_fold_seconds * random.uniform(0.5, 1.5)
        longest = max(self.least_seconds, turn.left_ms / _MILLISECONDS - _LEFT_OVER_SECONDS)
        drawn = self.median_seconds * random.lognormvariate(0.0, self.spread)
        return min(max(self.least_seconds, drawn), longest)


Thought = QuickThought | HumanThought
