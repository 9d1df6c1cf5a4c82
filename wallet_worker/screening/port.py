"""What the house asks of whoever screens addresses."""

from enum import Enum, unique
from typing import Protocol

from attrs import frozen

from cardroom.ids import UserId


class ScreeningAway(Exception):
    """Nobody could say: ask again later; nothing is credited or paid meanwhile."""


@unique
class Direction(Enum):
    """Which way coins go."""

    IN = "in"
    OUT = "out"


@frozen
class Screened:
    """A payment to be screened. ``address`` is ours for coins that come in (the chain knows the sender, by
    ``tx_hash``) and the player's for coins that go out. ``originator`` is a sender's address, where known.
    """

    direction: Direction
    coin: str
    address: str
    coin_amount: int
    user_id: UserId | None
    tx_hash: str | None = None
    originator: str | None = None


@frozen
class Verdict:
    """``reason`` says what was found, for administrators only; None where nothing was."""

    reason: str | None = None

    @property
    def is_clear(self) -> bool:
        """Whether the payment may go on."""
        return self.reason is None


class Screening(Protocol):
    """Screens payments. May be asked again."""

    async def check(self, payment: Screened) -> Verdict:
        """Say whether anything is known against a payment. Raises ``ScreeningAway``."""
