"""Player's words to the rules' words, and back. Total: a new reason or action fails the type check here."""

from typing import assert_never

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


def refusal_of(reason: IllegalReason) -> Refusal:
    """Give the stable code for a refusal of the rules."""
    match reason:
        case (
            IllegalReason.CANNOT_CHECK
            | IllegalReason.NOTHING_TO_CALL
            | IllegalReason.RAISE_NOT_ALLOWED
            | IllegalReason.NOT_YOUR_CARDS
        ):
            return Refusal.ACTION_NOT_ALLOWED
        case IllegalReason.RAISE_TOO_SMALL:
            return Refusal.AMOUNT_TOO_SMALL
        case IllegalReason.RAISE_ABOVE_STACK:
            return Refusal.AMOUNT_TOO_LARGE
        case IllegalReason.NOT_YOUR_TURN:
            return Refusal.OUT_OF_TURN
        case IllegalReason.NOT_IN_HAND | IllegalReason.HAND_IS_OVER | IllegalReason.HAND_IS_NOT_OVER:
            return Refusal.NO_HAND
        case IllegalReason.RUN_IT_TWICE_NOT_OFFERED:
            return Refusal.NOT_OFFERED
        case IllegalReason.NO_SUCH_SEAT:
            return Refusal.NO_SUCH_SEAT
        case IllegalReason.SEAT_TAKEN:
            return Refusal.SEAT_TAKEN
        case IllegalReason.SEAT_EMPTY:
            return Refusal.NOT_SEATED
        case _ as unreachable:
            assert_never(unreachable)
