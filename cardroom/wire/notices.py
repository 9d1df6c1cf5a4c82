"""What a player is told of coins in and out: on ``user:{id}`` in Redis, at tables, on the wallet's page.

Notices hurry, they do not prove: one may be lost or come late. What is so says the wallet's pages.
"""

from enum import Enum, unique

from attrs import frozen

from cardroom.money import Krw


@unique
class DepositState(Enum):
    """How far a deposit is; the values are those of the database."""

    CONFIRMING = "confirming"
    """Seen on the chain; ``confirmations`` of ``needed``."""
    CONFIRMED = "confirmed"
    """Has enough confirmations and is about to be credited; ``reason`` says what it waits for."""
    CREDITED = "credited"
    HELD = "held"
    """Over the player's own deposit limit."""
    REVIEW = "review"
    """An administrator looks at it."""
    UNMATCHED = "unmatched"
    """It is not known whose it is; players never see one."""
    GONE = "gone"
    """The chain has dropped or replaced the transaction."""
    REFUSED = "refused"
    """It is not credited; ``reason`` says why."""


@unique
class WithdrawalState(Enum):
    """How far a withdrawal is; the values are those of the database."""

    WAITING = "waiting"
    """Requested; its time to wait is not over."""
    REVIEW = "review"
    """Administrators must approve it."""
    APPROVED = "approved"
    """About to be sent."""
    SENDING = "sending"
    """The gateway is being told: it cannot be cancelled any more."""
    SENT = "sent"
    """The gateway has taken it."""
    DOUBTFUL = "doubtful"
    """It is looked up whether the gateway has taken it."""
    CONFIRMED = "confirmed"
    """The coins were sent, and are booked."""
    FAILED = "failed"
    """Not sent; the money is back in the wallet."""
    CANCELLED = "cancelled"
    """By the player; the money is back in the wallet."""
    REJECTED = "rejected"
    """By an administrator; the money is back in the wallet."""


@frozen
class DepositNotice:
    """A deposit has come so far. ``coin_amount`` in whole coins, exact."""

    deposit: int
    coin: str
    coin_amount: str
    state: DepositState
    confirmations: int
    needed: int
    krw_amount: Krw | None = None
    """What it was worth, once it is credited or held."""
    reason: str | None = None
    krw_balance: Krw | None = None
    """The wallet after it, where it was credited."""


@frozen
class WithdrawalNotice:
    """A withdrawal has come so far."""

    withdrawal: int
    coin: str
    state: WithdrawalState
    krw_amount: Krw
    coin_amount: str | None = None
    """In whole coins, exact, once it is fixed."""
    tx_hash: str | None = None
    reason: str | None = None
    krw_balance: Krw | None = None
    """The wallet after it, where money moved."""


PlayerNotice = DepositNotice | WithdrawalNotice
