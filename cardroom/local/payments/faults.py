"""What the sandbox is told to do wrong, so that people can watch what the house makes of it.

Nothing of this outlives the process.
"""

from collections import Counter
from collections.abc import Mapping
from enum import Enum, unique
from typing import Final

from cardroom.local.payments.prices import Source


@unique
class Fault(Enum):
    """What may go wrong a number of times."""

    PAYOUT_FAILS = "payout_fails"
    """A payout is taken, and is said to have failed some blocks later."""
    PAYOUT_REFUSED = "payout_refused"
    """A payout is not taken."""
    PAYOUT_ANSWER_LOST = "payout_answer_lost"
    """A payout is taken, and the answer says 500."""
    WEBHOOK_LOST = "webhook_lost"
    """A message to the house is not sent, and never made good."""
    WEBHOOK_FORGED = "webhook_forged"
    """A message is signed with another secret, and then sent again."""
    GATEWAY_AWAY = "gateway_away"
    """A call of the house is answered with 503."""


@unique
class RateFault(Enum):
    """What is wrong with a source of rates."""

    NONE = "none"
    LIMITED = "limited"
    """It answers 429."""
    AWAY = "away"
    """It answers 503."""
    SLOW = "slow"
    """It takes longer than anybody waits."""
    STALE = "stale"
    """Its prices are an hour old (Binance never says how old they are)."""
    GARBLED = "garbled"
    """It answers something that is no JSON."""


class Faults:
    """How often each fault is still to be, and what is wrong with each source of rates."""

    def __init__(self) -> None:
        self._left: Counter[Fault] = Counter()
        self._shifts: dict[tuple[Source, str], int] = {}
        self._rates: dict[Source, RateFault] = {}

    @property
    def left(self) -> Mapping[str, int]:
        """How often each fault is still to be."""
        return {fault.value: self._left[fault] for fault in Fault}

    def set(self, fault: Fault, times: int) -> None:
        """Let a fault be the next so many times; 0: not any more."""
        self._left[fault] = times

    def strikes(self, fault: Fault) -> bool:
        """Say whether a fault is to be now, and count it."""
        is_due = self._left[fault] > 0
        self._left[fault] -= 1 if is_due else 0
        return is_due

    def set_source(self, source: Source, fault: RateFault) -> None:
        """Say what is wrong with a source."""
        self._rates[source] = fault

    def shift_price(self, source: Source, coin: str, basis_points: int) -> None:
        """Let a source tell another price: so many ten-thousandths above its own."""
        self._shifts[source, coin] = basis_points

    def of_source(self, source: Source) -> RateFault:
        """Say what is wrong with a source."""
        return self._rates.get(source, RateFault.NONE)

    def shift_of(self, source: Source, coin: str) -> int:
        """Give how far a source's price is shifted, in basis points."""
        return self._shifts.get((source, coin), 0)


SLOW_SECONDS: Final = 9.0
"""How long a slow source takes."""

STALE_MS: Final = 3_600_000
