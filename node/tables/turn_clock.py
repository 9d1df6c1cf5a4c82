"""When the table acts by itself. The deadline moves only when the turn does: no message can buy time."""

import math

from attrs import define


@define
class TurnClock:
    """The deadline of the present turn, or of the pause between hands, on the loop's clock."""

    deadline: float = math.inf
    _turn: tuple[int, int] | None = None

    def begin_turn(self, hand_no: int, turn: int, now: float, seconds: float) -> None:
        """Give a new turn its time; the same turn again changes nothing."""
        if self._turn != (hand_no, turn):
            self._turn = (hand_no, turn)
            self.deadline = now + seconds

    def begin_pause(self, now: float, seconds: float) -> None:
        """Wait between two hands."""
        self._turn = None
        self.deadline = now + seconds

    def stop(self) -> None:
        """Nothing is to happen by itself."""
        self._turn = None
        self.deadline = math.inf

    @property
    def is_stopped(self) -> bool:
        """Say whether nothing is to happen by itself."""
        return self.deadline == math.inf

    def left_ms(self, now: float) -> int:
        """Give the time that is left, in whole milliseconds, never below zero."""
        return max(0, int((self.deadline - now) * 1000)) if self.deadline < math.inf else 0
