"""When the table acts by itself. The deadline moves only when the turn does: no message can buy time."""

import math
from enum import Enum, unique

from attrs import define


@unique
class ClockPhase(Enum):
    """Whose time runs in a turn: everybody's own, a broken connection's, or the player's time bank."""

    TURN = "turn"
    CONNECTION = "connection"
    TIME_BANK = "time_bank"


@define
class TurnClock:
    """The deadline of the present turn, or of the pause between hands, on the loop's clock."""

    deadline: float = math.inf
    phase: ClockPhase = ClockPhase.TURN
    bank_seconds: float = 0.0
    """What the player to act had in the time bank when the turn began."""
    _phase_began: float = 0.0
    _turn_began: float = 0.0
    _turn: tuple[int, int] | None = None
    _is_untold: bool = False

    def begin_turn(
        self, hand_no: int, turn: int, now: float, seconds: float, bank_seconds: float = 0.0
    ) -> None:
        """Give a new turn its time; the same turn again changes nothing."""
        if self._turn != (hand_no, turn):
            self._turn, self.bank_seconds, self._turn_began = (hand_no, turn), bank_seconds, now
            self._begin(ClockPhase.TURN, now, seconds)

    def extend_turn(self, phase: ClockPhase, now: float, seconds: float) -> None:
        """Give the present turn more time, for another reason than before."""
        assert self._turn is not None, "only a turn is extended"
        self._begin(phase, now, seconds)

    def begin_pause(self, now: float, seconds: float) -> None:
        """Wait between two hands."""
        self._turn = None
        self._begin(ClockPhase.TURN, now, seconds)

    def take_untold(self) -> float | None:
        """Give when the present phase of a turn began, once, for ``told``; else None."""
        is_untold, self._is_untold = self._is_untold and self._turn is not None, False
        return self._phase_began if is_untold else None

    def told(self, began: float, now: float) -> None:
        """A phase that began then is told only now: it has its whole time from here on."""
        if self._turn is not None and self._phase_began == began:
            self._phase_began, self.deadline = now, self.deadline + (now - began)
            if self._turn_began == began:
                self._turn_began = now

    def stop(self) -> None:
        """Nothing is to happen by itself."""
        self._turn = None
        self.deadline = math.inf

    def _begin(self, phase: ClockPhase, now: float, seconds: float) -> None:
        self.phase, self._phase_began, self.deadline = phase, now, now + seconds
        self._is_untold = True

    def turn_took_seconds(self, now: float) -> float:
        """Give how long the present turn has lasted, whatever time was used."""
        return now - self._turn_began

    @property
    def is_stopped(self) -> bool:
        """Say whether nothing is to happen by itself."""
        return self.deadline == math.inf

    def bank_used_seconds(self, now: float) -> float:
        """Give what the present turn has taken out of the player's time bank."""
        return now - self._phase_began if self.phase is ClockPhase.TIME_BANK else 0.0

    @property
    def bank_ms(self) -> int:
        """Give what the time bank has when it has not begun yet, in whole milliseconds."""
        return 0 if self.phase is ClockPhase.TIME_BANK else int(self.bank_seconds * 1000)

    def left_ms(self, now: float) -> int:
        """Give the time that is left, in whole milliseconds, never below zero."""
        return max(0, int((self.deadline - now) * 1000)) if self.deadline < math.inf else 0
