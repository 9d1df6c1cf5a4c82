"""What administrators are answered about withdrawals, and the bodies of their orders."""

from collections.abc import Mapping
from enum import Enum, unique
from typing import Any

from attrs import field, frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.admin_orders import MAX_KEY_LETTERS, MAX_REASON_LETTERS
from cardroom.wire.json_schema import Time, letters
from cardroom.wire.notices import WithdrawalState


@frozen
class WithdrawalShown:
    """A withdrawal as administrators see it; ``dry_run`` is there, and true, where nothing was done."""

    id: int
    user_id: UserId
    coin: str
    gateway: str
    address: str
    krw_amount: Krw
    state: WithdrawalState
    reason: str | None
    """Why it waits, is looked at, is doubtful or failed."""
    flags: tuple[str, ...]
    requested_at: Time
    ready_at: Time
    """It is not sent before."""
    approved_at: Time | None
    approved_by: str | None
    """``limit`` or ``administrators``."""
    coin_amount: str | None
    """In whole coins, exact, once it is fixed."""
    rate: Krw | None
    attempt: int
    sender: str | None
    """The worker, or for manual payouts the administrator, whose it is to send."""
    sending_at: Time | None
    task_id: str | None
    tx_hash: str | None
    ended_at: Time | None
    dry_run: bool = False


@frozen
class WithdrawalsShown:
    """A page of withdrawals, newest first."""

    withdrawals: tuple[WithdrawalShown, ...]
    next_before: int | None
    """Where the next page begins; None at the end."""


@frozen
class VoteShown:
    """An approval or a rejection; ``counts`` is false for one that a later flag has made void."""

    admin: str
    is_approval: bool
    counts: bool
    reason: str
    voted_at: Time


@unique
class AfterNotPaid(Enum):
    """What becomes of a withdrawal of which nothing was paid."""

    AGAIN = "again"
    """It is sent anew."""
    FAILED = "failed"
    """The money goes back to the wallet."""


@frozen
class NotPaidShown:
    """What an administrator said of an attempt that was not paid."""

    attempt: int
    admin: str
    then: AfterNotPaid
    counts: bool
    """False for a word from before the attempt went on, or about an earlier one."""
    reason: str
    said_at: Time


@frozen
class PayoutAlarmShown:
    """What a gateway told against what is known here; it changed nothing, and people must look."""

    kind: str
    """Such as ``after_release``: the money is back in the wallet, and the coins were sent."""
    attempt: int
    """The attempt that was told of."""
    tx_hash: str | None
    coin_amount: str | None
    """In whole coins, where it was told."""
    state: WithdrawalState
    """How far the withdrawal was then."""
    told_at: Time


@frozen
class WholeWithdrawalShown:
    """A withdrawal with all that was said of it."""

    withdrawal: WithdrawalShown
    travel_rule: Mapping[str, Any]
    """Whose the address is, as the player said."""
    votes: tuple[VoteShown, ...]
    not_paid: tuple[NotPaidShown, ...]
    alarms: tuple[PayoutAlarmShown, ...]


@frozen
class PaidBody:
    """``POST /admin/withdrawals/ID/paid``: the coins were sent by this transaction."""

    tx_hash: str = field(metadata=letters(64, 66, r"^(0[xX])?[0-9a-fA-F]{64}$"))
    """As the chain has it: 64 hexadecimal digits, with or without ``0x``."""
    coin_amount: str = field(metadata=letters(1, 31, r"^[0-9]{1,12}(\.[0-9]{1,18})?$"))
    """In whole coins, without the chain's fee: the withdrawal's own, to the last digit."""
    reason: str = field(metadata=letters(1, MAX_REASON_LETTERS))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    dry_run: bool = False


@frozen
class NotPaidBody:
    """``POST /admin/withdrawals/ID/not-paid``: nothing was sent, and nothing will be by this attempt."""

    then: AfterNotPaid
    reason: str = field(metadata=letters(1, MAX_REASON_LETTERS))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    dry_run: bool = False
