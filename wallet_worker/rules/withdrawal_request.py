"""What a player may ask to have sent: which coin, how much, where to, how often. Amounts are whole won."""

from collections.abc import Mapping
from enum import Enum, unique
from typing import Final

from attrs import frozen

from cardroom.money import Krw

HOUSE_VELOCITY: Final = "house_velocity"
"""All players together have asked for more within a day than goes out unseen."""
OPPONENT_WIN: Final = "opponent_win"
"""The player has won much from one opponent a short time ago."""


CANCELLABLE: Final = frozenset({"waiting", "review", "approved"})
"""A player may cancel until the gateway is told."""


@unique
class WithdrawalDenial(Enum):
    """Why a withdrawal, or an address for one, is not taken; the values are the codes of the wire."""

    NO_SUCH_COIN = "no_such_coin"
    COIN_CLOSED = "coin_closed"
    AMOUNT_TOO_SMALL = "amount_too_small"
    AMOUNT_TOO_LARGE = "amount_too_large"
    WRONG_ADDRESS = "wrong_address"
    OWN_ADDRESS = "own_address"
    ADDRESS_LISTED = "address_listed"
    ADDRESS_NOT_LISTED = "address_not_listed"
    ADDRESS_WAITS = "address_waits"
    WITHDRAWAL_LIMIT = "withdrawal_limit"
    """As much, as often, or as many addresses, as a player may have within a day."""
    SECOND_FACTOR_OFF = "second_factor_off"
    STEP_UP_NEEDED = "step_up_needed"
    TRAVEL_RULE_NEEDED = "travel_rule_needed"
    USER_BLOCKED = "user_blocked"


class WithdrawalDenied(Exception):
    """The request is not allowed as things stand; nothing has moved, and its key is still free."""

    def __init__(self, denial: WithdrawalDenial) -> None:
        super().__init__(denial.value)
        self.denial = denial


class CannotCancel(Exception):
    """The withdrawal is being sent, was sent, or has ended."""


@frozen
class CoinTerms:
    """What holds for withdrawals of a coin now."""

    smallest: Krw
    largest: Krw
    is_open: bool


@frozen
class RequestLimits:
    """What a day's requests of a player must pass; an amount that equals a limit is not over it.

    ``house_daily`` and ``opponent_win`` refuse nothing: what is over is looked at by people.
    """

    step_up_above: Krw
    travel_rule_above: Krw
    daily_amount: Krw
    daily_count: int
    house_daily: Krw
    opponent_win: Krw


@unique
class StepUp(Enum):
    """Whether a session has shown a code of the second factor a short time ago."""

    DONE = "done"
    NEEDED = "step_up_needed"
    NO_SECOND_FACTOR = "second_factor_off"


@frozen
class Owner:
    """Whose an address is, as the player has said: his own or a beneficiary's, and at which exchange."""

    is_own: bool
    beneficiary: str | None
    exchange: str | None

    @property
    def is_known(self) -> bool:
        """Whether it is said whose the address is."""
        return self.is_own or self.beneficiary is not None


@frozen
class ListedAddress:
    """An address on a player's list; ``number`` is the list's."""

    number: int
    owner: Owner
    is_usable: bool


@frozen
class AskedToday:
    """What was asked for since the day began and is neither cancelled, failed nor rejected."""

    amount: Krw
    count: int
    of_all: Krw
    """By all players together."""


def check_coin(terms: CoinTerms | None, amount: Krw) -> None:
    """Refuse a coin that is none of the house's or closed, and an amount outside of the coin's limits."""
    if terms is None:
        raise WithdrawalDenied(WithdrawalDenial.NO_SUCH_COIN)
    if not terms.is_open:
        raise WithdrawalDenied(WithdrawalDenial.COIN_CLOSED)
    if amount < terms.smallest:
        raise WithdrawalDenied(WithdrawalDenial.AMOUNT_TOO_SMALL)
    if amount > terms.largest:
        raise WithdrawalDenied(WithdrawalDenial.AMOUNT_TOO_LARGE)


def check_address(listed: ListedAddress | None, *, is_ours: bool) -> ListedAddress:
    """Give the listed address; refused: one that the house takes deposits at, not listed, or too new."""
    if is_ours:
        raise WithdrawalDenied(WithdrawalDenial.OWN_ADDRESS)
    if listed is None:
        raise WithdrawalDenied(WithdrawalDenial.ADDRESS_NOT_LISTED)
    if not listed.is_usable:
        raise WithdrawalDenied(WithdrawalDenial.ADDRESS_WAITS)
    return listed


def check_amount(asked: Krw, owner: Owner, step_up: StepUp, limits: RequestLimits) -> None:
    """Refuse a large amount without a second factor shown, or to an address of whom it is not said.

    ``asked`` is all that was asked for within the day, this request too: many small ones are a large one.
    Accounts without a second factor take out what is not large.
    """
    if asked > limits.step_up_above and step_up is not StepUp.DONE:
        raise WithdrawalDenied(WithdrawalDenial(step_up.value))
    if asked > limits.travel_rule_above and not owner.is_known:
        raise WithdrawalDenied(WithdrawalDenial.TRAVEL_RULE_NEEDED)


def check_listing(listed: int, most: int, *, is_ours: bool) -> None:
    """Refuse to list an address that the house takes deposits at, or more addresses than a player may."""
    if is_ours:
        raise WithdrawalDenied(WithdrawalDenial.OWN_ADDRESS)
    if listed >= most:
        raise WithdrawalDenied(WithdrawalDenial.WITHDRAWAL_LIMIT)


def check_day(amount: Krw, today: AskedToday, limits: RequestLimits) -> None:
    """Refuse what is more than a player may take out, or ask for, within a day."""
    if today.amount + amount > limits.daily_amount or today.count + 1 > limits.daily_count:
        raise WithdrawalDenied(WithdrawalDenial.WITHDRAWAL_LIMIT)


def find_flags(amount: Krw, today: AskedToday, won_from_one: Krw, limits: RequestLimits) -> tuple[str, ...]:
    """Give why people have to look at a request, whatever its amount; nothing where nobody has to.

    ``won_from_one`` is the most that the player has won from one opponent in the days that are looked at.
    """
    flags = {
        HOUSE_VELOCITY: today.of_all + amount > limits.house_daily,
        OPPONENT_WIN: won_from_one > limits.opponent_win,
    }
    return tuple(flag for flag, is_raised in flags.items() if is_raised)


def check_cancel(state: str) -> None:
    """Refuse to cancel what is being sent already, or has ended; ``state`` is that of the database."""
    if state not in CANCELLABLE:
        raise CannotCancel


def travel_rule(owner: Owner, user_id: int, nickname: str) -> Mapping[str, str | int | bool | None]:
    """Give what is kept of both sides with a withdrawal: the house's player, and whose the address is."""
    return {
        "originator_user_id": user_id,
        "originator_nickname": nickname,
        "is_own": owner.is_own,
        "beneficiary": owner.beneficiary,
        "exchange": owner.exchange,
    }
