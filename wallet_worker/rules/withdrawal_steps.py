"""How a withdrawal goes on: what approves it, what an answer about its payout means, who may order what.

Whoever pays twice has lost the coins, so everything that is not certain is left to a look-up or a person:

- An attempt is known for ever as ``external_id``. A new one begins only when it is certain that the one
  before was not taken, and will not be.
- Where a gateway that is safe to ask again says that it never heard of an attempt, the very same one, with
  the same amount, is sent again: whoever else may still be about to send it sends the same.
"""

import re
from collections.abc import Sequence
from enum import Enum, unique
from typing import Final, assert_never

from attrs import field, frozen

from cardroom.money import Krw
from wallet_worker.rules.coins import read_tx_hash

APPROVERS_NEEDED: Final = 2
"""So many different administrators approve what the limit does not, or say together that nothing was paid."""

_EXTERNAL_ID: Final = re.compile(r"w([1-9][0-9]{0,18})-([1-9][0-9]{0,8})", re.ASCII)


@unique
class State(Enum):
    """How far a withdrawal is. The values are those of the database."""

    WAITING = "waiting"
    REVIEW = "review"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    DOUBTFUL = "doubtful"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


@unique
class Order(Enum):
    """What an administrator can want of a withdrawal."""

    APPROVE = "approve"
    REJECT = "reject"
    FLAG = "flag"
    TAKE = "take"
    PAID = "paid"
    NOT_PAID = "not_paid"


@unique
class Approver(Enum):
    """Who approved a withdrawal. The values are those of the database."""

    LIMIT = "limit"
    ADMINISTRATORS = "administrators"


@unique
class ReviewReason(Enum):
    """Why administrators must look."""

    FLAGGED = "flagged"
    OVER_LIMIT = "over_automatic_limit"


@unique
class Stage(Enum):
    """What is known of a payout; the values are those of the gateways' port."""

    CANNOT_SAY = "cannot_say"
    NEVER_CAME = "never_came"
    UNDER_WAY = "under_way"
    PAID = "paid"
    FAILED = "failed"


@unique
class Contradiction(Enum):
    """What is told against what is known: somebody must look at once."""

    UNKNOWN_ATTEMPT = "unknown_attempt"
    """An attempt that was never made."""
    EARLIER_ATTEMPT = "earlier_attempt"
    """One that was taken for unpaid was paid: it may have been paid twice."""
    NOT_SENT = "not_sent"
    """What was certainly not sent was paid."""
    AFTER_RELEASE = "after_release"
    """The money is back in the wallet, and the coins were sent."""
    OTHER_TRANSACTION = "other_transaction"
    OTHER_AMOUNT = "other_amount"
    LOST_BY_GATEWAY = "lost_by_gateway"
    """The gateway had taken it, and says now that it never came."""
    FAILED_WITH_TRANSACTION = "failed_with_transaction"


@frozen
class Standing:
    """What is known here of a withdrawal's payout. ``is_old``: a person's time has come; ``is_overdue``: it
    is under way for longer than a gateway needs.
    """

    state: State
    attempt: int
    coin_amount: int | None = None
    task_id: str | None = None
    tx_hash: str | None = None
    is_old: bool = False
    is_overdue: bool = False


def _read_hash(text: str | None) -> str | None:
    return None if text is None else read_tx_hash(text)


@frozen
class Told:
    """What somebody says of an attempt; ``coin_amount`` in smallest units, None where untold."""

    attempt: int
    stage: Stage
    tx_hash: str | None = field(default=None, converter=_read_hash)
    coin_amount: int | None = None
    task_id: str | None = None


@frozen
class Book:
    """The coins were sent by this transaction."""

    tx_hash: str


@frozen
class Follow:
    """The gateway has it; it is asked again later."""

    task_id: str | None


@frozen
class GiveBack:
    """It will never be sent: the money goes back to the wallet."""


@frozen
class SendAgain:
    """The same attempt, once more."""


@frozen
class Doubt:
    """Nobody can say; a person must. ``alarm`` where it is against what was known."""

    reason: str
    alarm: Contradiction | None = None


@frozen
class Alarm:
    """A contradiction, which changes nothing; but ``stops`` what was about to be sent once more."""

    what: Contradiction
    stops: bool = False


@frozen
class Wait:
    """Nothing new. ``hurries``: the gateway is asked soon."""

    hurries: bool = False


Step = Book | Follow | GiveBack | SendAgain | Doubt | Alarm | Wait


def write_external_id(number: int, attempt: int) -> str:
    """Give what an attempt at a withdrawal is known by, for ever."""
    return f"w{number}-{attempt}"


def read_external_id(text: str) -> tuple[int, int] | None:
    """Give a withdrawal's number and the attempt; None for what was never written here."""
    found = _EXTERNAL_ID.fullmatch(text)
    if found is None or int(found[1]) >= 2**63 or int(found[2]) >= 2**31:
        return None
    return int(found[1]), int(found[2])


def decide_approval(
    flags: Sequence[str], approvals: int, amount: Krw, approved_today: Krw, automatic_daily: Krw
) -> Approver | ReviewReason:
    """Say who approves a withdrawal whose time to wait is over, or why people must look (house rule 42).

    ``approvals``: different administrators who approved with these flags before them. ``approved_today``:
    what the limit approved for this player on this calendar day, without this one.
    """
    if approvals >= APPROVERS_NEEDED:
        return Approver.ADMINISTRATORS
    if flags:
        return ReviewReason.FLAGGED
    if approved_today + amount > automatic_daily:
        return ReviewReason.OVER_LIMIT
    return Approver.LIMIT


def may_order(order: Order, state: State, *, is_manual: bool) -> bool:
    """Say whether an administrator's order makes sense now. ``is_manual``: operators send its payouts."""
    match state:
        case State.WAITING | State.REVIEW:
            return order in (Order.APPROVE, Order.REJECT, Order.FLAG)
        case State.APPROVED:
            return order in (Order.REJECT, Order.FLAG) or (order is Order.TAKE and is_manual)
        case State.SENDING:
            return is_manual and order in (Order.PAID, Order.NOT_PAID)
        case State.DOUBTFUL:
            return order in (Order.PAID, Order.NOT_PAID)
        case State.SENT | State.CONFIRMED | State.FAILED | State.CANCELLED | State.REJECTED:
            return False
        case _ as unreachable:
            assert_never(unreachable)


def words_needed(state: State, admin: str, taker: str | None) -> int:
    """Say how many administrators must say that nothing was paid, when ``admin`` says so last.

    Who has taken a manual payout knows alone; of everything else two must be sure: one mistake pays twice.
    """
    return 1 if state is State.SENDING and admin == taker else APPROVERS_NEEDED


def judge_look_up(known: Standing, told: Told, *, is_safe_to_repeat: bool) -> Step:
    """Say what a gateway's record of this attempt means; it was asked because the sender is silent, or done.

    ``is_safe_to_repeat``: the gateway finds payouts by ``external_id`` and pays one once. Of another one
    nothing but a payment is believed while it has named no task.
    """
    is_certain = is_safe_to_repeat or known.task_id is not None
    match told.stage:
        case Stage.PAID:
            return _judge_payment(known, told)
        case Stage.UNDER_WAY:
            return _judge_under_way(known, told)
        case Stage.FAILED:
            if told.tx_hash is not None:
                return Doubt("failed_with_transaction", Contradiction.FAILED_WITH_TRANSACTION)
            return GiveBack() if is_certain else _cannot_say(known)
        case Stage.NEVER_CAME:
            if known.state is State.SENT or known.task_id is not None:
                return Doubt("lost_by_gateway", Contradiction.LOST_BY_GATEWAY)
            return SendAgain() if is_safe_to_repeat else _cannot_say(known)
        case Stage.CANNOT_SAY:
            return _cannot_say(known)
        case _ as unreachable:
            assert_never(unreachable)


def judge_report(known: Standing, told: Told) -> Step:
    """Say what a gateway's message means; it may come early, late, twice, or be about an older attempt."""
    if told.attempt > known.attempt:
        return Alarm(Contradiction.UNKNOWN_ATTEMPT)
    if told.stage is not Stage.PAID:
        is_current = told.attempt == known.attempt
        return Wait(hurries=is_current and known.state in (State.SENT, State.DOUBTFUL))
    if told.attempt < known.attempt:
        return Alarm(Contradiction.EARLIER_ATTEMPT, stops=known.state is State.APPROVED)
    match known.state:
        case State.SENDING | State.SENT | State.DOUBTFUL:
            step = _judge_payment(known, told)
            if isinstance(step, Doubt):
                return Wait(hurries=True) if step.alarm is None else Alarm(step.alarm)
            return step
        case State.CONFIRMED:
            return _compare_with_booked(known, told)
        case State.WAITING | State.REVIEW | State.APPROVED:
            return Alarm(Contradiction.NOT_SENT, stops=known.state is State.APPROVED)
        case State.FAILED | State.CANCELLED | State.REJECTED:
            return Alarm(Contradiction.AFTER_RELEASE)
        case _ as unreachable:
            assert_never(unreachable)


def _judge_under_way(known: Standing, told: Told) -> Step:
    """A gateway that has forgotten a task may say for ever that it is under way."""
    if known.is_overdue:
        return Wait() if known.state is State.DOUBTFUL else Doubt("under_way_too_long")
    return Wait() if known.state is State.SENT else Follow(told.task_id or known.task_id)


def _judge_payment(known: Standing, told: Told) -> Book | Doubt:
    if told.coin_amount is not None and told.coin_amount != known.coin_amount:
        return Doubt("payout_differs", Contradiction.OTHER_AMOUNT)
    return Doubt("no_transaction") if told.tx_hash is None else Book(told.tx_hash)


def _compare_with_booked(known: Standing, told: Told) -> Alarm | Wait:
    if told.tx_hash is not None and told.tx_hash != known.tx_hash:
        return Alarm(Contradiction.OTHER_TRANSACTION)
    if told.coin_amount is not None and told.coin_amount != known.coin_amount:
        return Alarm(Contradiction.OTHER_AMOUNT)
    return Wait()


def _cannot_say(known: Standing) -> Doubt | Wait:
    """What the gateway took may be told late; of a silent sender nothing is known from the first look on."""
    if known.state is State.DOUBTFUL or (known.state is State.SENT and not known.is_old):
        return Wait()
    return Doubt("cannot_say")
