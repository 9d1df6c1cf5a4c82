"""How a table plays, as the lobby shows it: its pots, its hands an hour, how long players take for a turn.

All of it was seen by everybody who watched: pots after their hands, and when turns and hands ended.
"""

import math
from collections import deque
from typing import Final

from attrs import define, field, frozen

from cardroom.money import Krw

POTS: Final = 20
"""The average pot is that of so many settled hands, the newest."""

RHYTHM_HANDS: Final = 8
"""Hands an hour follow the time between about so many hands."""

QUIET_SECONDS: Final = 600.0
"""A table where no hand has ended for so long plays none an hour."""

PACE_TURNS: Final = 32
"""The pace is the mean of about so many turns, the newest weighing most."""

_HOUR: Final = 3600.0
_PACE_STEP_MS: Final = 100


@frozen
class Rhythm:
    """When hands ended, as of the last one: enough to say at any later time how many an hour are played.

    ``seconds`` is the mean time from one end to the next, 0 while that is not known.
    """

    seconds: float = 0.0
    last_at: float = -math.inf

    def after_hand(self, now: float) -> "Rhythm":
        """A hand has ended; the first one after a quiet time has nothing that it could be measured by."""
        since = now - self.last_at
        if since > QUIET_SECONDS or since <= 0.0:
            return Rhythm(0.0, now)
        seconds = self.seconds + (since - self.seconds) / RHYTHM_HANDS if self.seconds else since
        return Rhythm(seconds, now)

    def hands_per_hour(self, now: float) -> int:
        """Give the hands an hour, rounded; they fall by themselves while none ends."""
        since = now - self.last_at
        if not self.seconds or since > QUIET_SECONDS:
            return 0
        return _round(_HOUR / max(self.seconds, since))


@define
class Tempo:
    """What one table's play has been like; outlives a crash of its task, but not this owner of the table."""

    rhythm: Rhythm = field(factory=Rhythm)
    _pots: deque[Krw] = field(factory=lambda: deque(maxlen=POTS))
    _unsettled: deque[tuple[int, Krw]] = field(factory=deque)
    _turns: int = 0
    _turn_seconds: float = 0.0

    def hand_ended(self, hand_no: int, pot: Krw, now: float) -> None:
        """A hand was played out; its pot counts when the ledger has settled it."""
        self._unsettled.append((hand_no, pot))
        self.rhythm = self.rhythm.after_hand(now)

    def settled_up_to(self, hand_no: int) -> None:
        """The ledger has settled these hands. May be repeated."""
        while self._unsettled and self._unsettled[0][0] <= hand_no:
            self._pots.append(self._unsettled.popleft()[1])

    def turn_ended(self, seconds: float) -> None:
        """A player has used a turn, or the clock has done it."""
        self._turns = min(self._turns + 1, PACE_TURNS)
        self._turn_seconds += (seconds - self._turn_seconds) / self._turns

    @property
    def average_pot(self) -> Krw:
        """The mean of the newest settled pots in whole won, rounded down; 0 if there are none."""
        return Krw(sum(self._pots) // len(self._pots)) if self._pots else Krw(0)

    @property
    def pace_ms(self) -> int:
        """The mean time for a turn in milliseconds, in steps of a tenth of a second; 0 if there was none."""
        return math.ceil(self._turn_seconds * 1000 / _PACE_STEP_MS) * _PACE_STEP_MS


def _round(number: float) -> int:
    """Round to about two digits: what a person reads, and what does not change all the time."""
    step = 1 if number < 20 else 5 if number < 200 else 10 ** (int(math.log10(number)) - 1)
    return round(number / step) * step
