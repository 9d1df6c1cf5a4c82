"""What the rest of the house asks of rates."""

from datetime import datetime
from decimal import Decimal
from enum import Enum, unique
from typing import Protocol

from attrs import frozen

from wallet_worker.rules.coins import Rate


class RateStopped(Exception):
    """Sources disagree, or the price has jumped: nothing is converted until an administrator has looked."""


class RateUnavailable(Exception):
    """No source gives a price that is new enough."""


@unique
class RateSide(Enum):
    """What is converted: prices are rounded to whole won per coin against the player."""

    DEPOSIT = "deposit"
    """Coins come in: rounded down."""
    WITHDRAWAL = "withdrawal"
    """Coins go out: rounded up."""


@frozen
class RateNow:
    """A rate that may be used now. ``price`` is exact, as the source gave it; ``rate`` is what money is
    converted with and is stored.
    """

    coin: str
    rate: Rate
    price: Decimal
    source: str
    given_at: datetime


class RateDesk(Protocol):
    """Gives rates; shared through Redis, asked of the sources at most once in 60 s."""

    async def current(self, coin: str, side: RateSide) -> RateNow:
        """Give the rate of now. Raises ``RateStopped`` or ``RateUnavailable``. May be repeated."""
