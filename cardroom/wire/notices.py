"""What a player is told of coins in and out: on ``user:{id}`` in Redis, at tables, on the wallet's page.

Notices hurry, they do not prove: one may be lost or come late. What is so says the wallet's pages.
"""

from collections.abc import Mapping
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from attrs import frozen

from cardroom.money import Krw
from cardroom.wire.codec import Codec, Encoding

MAX_NOTICE_BYTES: Final = 1024
"""No notice between processes is longer; one that would be is not told."""

MAX_EVENT_BYTES: Final = 8 * MAX_NOTICE_BYTES
"""No event of the wallet is longer: JSON writes a letter that cannot be printed with six."""


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
    """A deposit has come so far. ``coin_amount`` in whole coins, exact.

    Belongs to no table and is no event: it has no number, and asks for no answer. It comes to all of the
    player's connections, whatever table they follow, after the first snapshot. It may be lost, and told
    twice; the wallet's pages say what is so.
    """

    deposit: int
    """Its number in the wallet's list."""
    coin: str
    """What came: BTC, ETH and so on."""
    coin_amount: str
    state: DepositState
    confirmations: int
    """How many the chain has given so far."""
    needed: int
    """How many there must be."""
    krw_amount: Krw | None = None
    """What it was worth, once it is credited or held."""
    reason: str | None = None
    """What it waits for, or why it is not credited: a refusal code mostly."""
    krw_balance: Krw | None = None
    """The wallet after it, where it was credited."""


@frozen
class WithdrawalNotice:
    """A withdrawal has come so far.

    Belongs to no table and is no event: it has no number, and asks for no answer. It comes to all of the
    player's connections, whatever table they follow, after the first snapshot. It may be lost, and told
    twice; the wallet's pages say what is so.
    """

    withdrawal: int
    """Its number in the wallet's list."""
    coin: str
    """What goes out: BTC, ETH and so on."""
    state: WithdrawalState
    krw_amount: Krw
    """What left the wallet for it, or goes back there."""
    coin_amount: str | None = None
    """In whole coins, exact, once it is fixed."""
    tx_hash: str | None = None
    """The transaction on the chain, once it is known."""
    reason: str | None = None
    """What it waits for, or why it failed: a refusal code mostly."""
    krw_balance: Krw | None = None
    """The wallet after it, where money moved."""


@frozen
class NoticesMissed:
    """Notices may have been lost: ask the wallet's pages how things stand.

    The first event of each stream, and whenever notices could not be heard for a while.
    """


PlayerNotice = DepositNotice | WithdrawalNotice

NOTICE_TAGS: Final[Mapping[int, type]] = MappingProxyType({1: DepositNotice, 2: WithdrawalNotice})
"""Tag of each notice between processes; a tag is never given to another one."""

WalletEvent = NoticesMissed | DepositNotice | WithdrawalNotice
"""What the wallet's server-sent events carry, as JSON with its name in ``type``."""

EVENT_TAGS: Final[Mapping[int, type]] = MappingProxyType(
    {1: DepositNotice, 2: WithdrawalNotice, 3: NoticesMissed}
)


def notice_codec() -> Codec[PlayerNotice]:
    """Give the codec for notices between processes."""
    return Codec(PlayerNotice, Encoding.MSGPACK, MAX_NOTICE_BYTES, {PlayerNotice: NOTICE_TAGS})


def event_codec() -> Codec[WalletEvent]:
    """Give the codec for the data of the wallet's server-sent events."""
    return Codec(WalletEvent, Encoding.JSON, MAX_EVENT_BYTES, {WalletEvent: EVENT_TAGS})
