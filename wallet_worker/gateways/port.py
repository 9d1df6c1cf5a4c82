"""What the house asks of a payment gateway. Coins go by the house's symbols, amounts in smallest units.

An adapter translates everything that a gateway can answer into these classes and errors, and refuses what it
cannot be sure of. It keeps no state.
"""

from collections.abc import Mapping, Sequence
from enum import Enum, unique
from typing import Protocol

from attrs import field, frozen

from cardroom.wire.refusals import Refusal


class GatewayAway(Exception):
    """The gateway did not answer, or not usefully: ask again later. Never raised by ``send``."""


class NotSent(Exception):
    """The payout was certainly not taken: no connection, or refused. ``is_final``: asking again is no use."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


class Doubtful(Exception):
    """The payout may have been taken, or not: it must not be sent again before a look-up has said which."""


class WebhookRefused(Exception):
    """A gateway's message that is not believed or not understood; ``code`` says why."""

    def __init__(self, code: Refusal, detail: str = "") -> None:
        super().__init__(code.value, detail)
        self.code = code
        self.detail = detail


@frozen
class NewAddress:
    """An address of a player's own; ``gateway_ref`` is the gateway's number of it, empty if it has none."""

    address: str
    gateway_ref: str = ""


@frozen
class DepositTold:
    """An output of a transaction that pays one of our addresses, as a gateway tells of it.

    ``output_number`` is None where the gateway does not count outputs: then what it pays to one address in
    one transaction is one payment. ``confirmations`` is how many it has; a gateway that only says "confirmed"
    means as many as the coin needs, and one that says "unconfirmed" 0. Without ``tells_depth`` it is only
    known that it is there: it does not become confirmed by this, nor less so; a look-up of what was told to
    be deep enough agrees if it says "confirmed". ``external_id`` is ours, where told.
    """

    coin: str
    tx_hash: str
    output_number: int | None
    address: str
    coin_amount: int
    confirmations: int
    external_id: str | None = None
    tells_depth: bool = True
    originator: Mapping[str, str] = field(factory=dict)
    """What is known of who sent it, for the travel rule."""


@frozen
class PayoutOrder:
    """Send ``coin_amount`` to ``address``; ``external_id`` is for ever this withdrawal's attempt."""

    external_id: str
    coin: str
    address: str
    coin_amount: int


@frozen
class PayoutTaken:
    """The gateway will send; ``task_id`` is what it knows the payout by."""

    task_id: str


@unique
class PayoutStage(Enum):
    """What a gateway knows of a payout."""

    CANNOT_SAY = "cannot_say"
    """It has no way to look this up: a person must."""
    NEVER_CAME = "never_came"
    """It is certain that no such payout was taken."""
    UNDER_WAY = "under_way"
    """It was taken and is not sent yet."""
    PAID = "paid"
    """The coins were sent: ``tx_hash`` says how."""
    FAILED = "failed"
    """It was taken and will not be sent any more."""


@frozen
class PayoutFound:
    """What a look-up of a payout gave, or a message about it. ``coin_amount`` is None where untold."""

    external_id: str
    stage: PayoutStage
    tx_hash: str | None = None
    coin_amount: int | None = None
    task_id: str | None = None
    detail: str = ""
    coin: str | None = None
    """The coin that ``coin_amount`` is of, where told."""
    address: str | None = None
    """Where the coins were sent to, where told."""


WebhookMessage = tuple[DepositTold, ...] | PayoutFound
"""What a gateway's message says: deposits (an invoice lists several), or how a payout stands."""


class Gateway(Protocol):
    """A payment gateway. Every call ends within the gateway's ``call_seconds`` and is not repeated by it."""

    @property
    def name(self) -> str:
        """What the settings call it; stored with each payment."""

    @property
    def looks_up_deposits(self) -> bool:
        """Whether ``look_up`` can be asked. If not, its signed message is all there is."""

    @property
    def looks_up_payouts(self) -> bool:
        """Whether a payout is found by ``external_id`` alone, and one sent twice under it is paid once."""

    @property
    def is_manual(self) -> bool:
        """Whether an operator sends payouts by hand: then ``send`` is never called."""

    async def make_address(self, coin: str, external_id: str) -> NewAddress:
        """Give an address of its own for ``external_id``. May be repeated: the same, or another good one.

        Raises ``GatewayAway``.
        """

    async def look_up(self, told: DepositTold) -> DepositTold | None:
        """Give what the gateway's own record says of an output; None if it knows none such.

        Raises ``GatewayAway``.
        """

    async def list_deposits(self, coin: str, address: str) -> Sequence[DepositTold]:
        """Give what came to an address, so that a lost message is made good. Raises ``GatewayAway``."""

    async def send(self, order: PayoutOrder) -> PayoutTaken:
        """Have coins sent. Raises ``NotSent`` or ``Doubtful``; never called twice for one ``external_id``
        unless ``looks_up_payouts``.
        """

    async def find_payout(self, external_id: str, task_id: str | None) -> PayoutFound:
        """Say how a payout stands. Raises ``GatewayAway``."""

    async def balances(self) -> Mapping[str, int]:
        """Give what the gateway holds, by coin, in smallest units. Raises ``GatewayAway``."""


class WebhookReader(Protocol):
    """Reads a gateway's messages; pure but for the time it is given."""

    def read_deposits(self, headers: Mapping[str, str], raw: bytes, unix_seconds: float) -> WebhookMessage:
        """Check signature (constant time, raw bytes) and time stamp, then read. Raises ``WebhookRefused``."""

    def read_payout(self, headers: Mapping[str, str], raw: bytes, unix_seconds: float) -> WebhookMessage:
        """The same for messages about payouts."""
