"""Why the rules refuse a request. Codes, no prose: the border translates them for players."""

from enum import Enum, unique


@unique
class IllegalReason(Enum):
    """The reasons for which an action, or a change of a seat, is refused."""

    HAND_IS_OVER = "hand_is_over"
    HAND_IS_NOT_OVER = "hand_is_not_over"
    NOT_IN_HAND = "not_in_hand"
    NOT_YOUR_TURN = "not_your_turn"
    CANNOT_CHECK = "cannot_check"
    NOTHING_TO_CALL = "nothing_to_call"
    RAISE_NOT_ALLOWED = "raise_not_allowed"
    RAISE_TOO_SMALL = "raise_too_small"
    RAISE_ABOVE_STACK = "raise_above_stack"
    RUN_IT_TWICE_NOT_OFFERED = "run_it_twice_not_offered"
    NOT_YOUR_CARDS = "not_your_cards"
    NO_SUCH_SEAT = "no_such_seat"
    SEAT_TAKEN = "seat_taken"
    SEAT_EMPTY = "seat_empty"


class IllegalAction(Exception):
    """A request that the rules refuse. It has changed nothing."""

    def __init__(self, reason: IllegalReason) -> None:
        super().__init__(reason)
        self.reason = reason
