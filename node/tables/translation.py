"""The rules' words to the wire's. Total: a new reason fails the type check here."""

from typing import assert_never

from cardroom.wire.refusals import Refusal
from node.rules.errors import IllegalReason


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
