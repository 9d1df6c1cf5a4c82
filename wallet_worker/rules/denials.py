"""How a rule says no: three kinds of trouble that must not be mixed."""

from enum import Enum, auto, unique

from attrs import frozen

from cardroom.ids import HandId


@unique
class Denial(Enum):
    """Why a command moves nothing. The same command will be denied again."""

    INSUFFICIENT_FUNDS = auto()
    FROZEN = auto()
    SELF_EXCLUDED = auto()
    NO_SUCH_TABLE = auto()
    NO_SUCH_SEAT = auto()
    SEAT_TAKEN = auto()
    AMOUNT_TOO_SMALL = auto()
    AMOUNT_TOO_LARGE = auto()
    STACK_MISMATCH = auto()
    HAND_UNBALANCED = auto()
    TABLE_HALTED = auto()
    PLAY_FROZEN = auto()
    WITHDRAWALS_FROZEN = auto()
    LOSS_LIMIT = auto()
    SESSION_LIMIT = auto()
    USER_BLOCKED = auto()


class Denied(Exception):
    """The command is not allowed; an outcome that is stored."""

    def __init__(self, denial: Denial) -> None:
        super().__init__(denial.name)
        self.denial = denial


@frozen
class LastHand:
    """The last settled hand of a table; number 0 before the first."""

    hand_id: HandId | None
    hand_no: int


class HandOutOfOrder(Exception):
    """The hand does not follow the table's last settled one; it may be sent again later."""

    def __init__(self, last: LastHand) -> None:
        super().__init__(f"the last settled hand is number {last.hand_no}")
        self.last = last


class BooksDisagree(Exception):
    """The sender believes in money that the ledger doesn't have: somebody has to look at it.

    No refusal: the game went another way than the books. After some tries the table is halted.
    """
