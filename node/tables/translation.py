"""Words of players to words of the rules, and back."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, assert_never

from cardroom.wire.player import Act, ActionKind
from cardroom.wire.refusals import Refusal
from node.rules.actions import Action, AllIn, Call, Check, Fold, RaiseTo
from node.rules.errors import IllegalReason


def action_of(act: Act) -> Action:
    """Translate what a player sent; the amount counts for a raise only."""
    match act.kind:
        case ActionKind.FOLD:
            return Fold()
        case ActionKind.CHECK:
            return Check()
        case ActionKind.CALL:
            return Call()
        case ActionKind.RAISE_TO:
            return RaiseTo(act.amount)
        case ActionKind.ALL_IN:
            return AllIn()
        case _ as unreachable:
            assert_never(unreachable)


_REFUSALS: Final[Mapping[IllegalReason, Refusal]] = MappingProxyType(
    {
        IllegalReason.CANNOT_CHECK: Refusal.ACTION_NOT_ALLOWED,
        IllegalReason.NOTHING_TO_CALL: Refusal.ACTION_NOT_ALLOWED,
        IllegalReason.RAISE_NOT_ALLOWED: Refusal.ACTION_NOT_ALLOWED,
        IllegalReason.RAISE_TOO_SMALL: Refusal.AMOUNT_TOO_SMALL,
        IllegalReason.RAISE_ABOVE_STACK: Refusal.AMOUNT_TOO_LARGE,
        IllegalReason.NOT_YOUR_TURN: Refusal.OUT_OF_TURN,
        IllegalReason.NOT_IN_HAND: Refusal.NO_HAND,
        IllegalReason.HAND_IS_OVER: Refusal.NO_HAND,
        IllegalReason.HAND_IS_NOT_OVER: Refusal.NO_HAND,
        IllegalReason.NOT_YOUR_CARDS: Refusal.ACTION_NOT_ALLOWED,
        IllegalReason.RUN_IT_TWICE_NOT_OFFERED: Refusal.NOT_OFFERED,
        IllegalReason.NO_SUCH_SEAT: Refusal.NO_SUCH_SEAT,
        IllegalReason.SEAT_TAKEN: Refusal.SEAT_TAKEN,
        IllegalReason.SEAT_EMPTY: Refusal.NOT_SEATED,
    }
)


def refusal_of(reason: IllegalReason) -> Refusal:
    """Give the stable code for a refusal of the rules."""
    return _REFUSALS[reason]
