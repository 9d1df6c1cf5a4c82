"""The clock of a turn: no message buys time."""

import math

from node.tables.turn_clock import ClockPhase, TurnClock


def test_the_deadline_moves_only_with_the_turn() -> None:
    clock = TurnClock()
    assert (clock.is_stopped, clock.left_ms(5)) == (True, 0)
    clock.begin_turn(1, 1, now=10, seconds=15)
    clock.begin_turn(1, 1, now=20, seconds=15)
    assert clock.deadline == 25
    clock.begin_turn(1, 2, now=20, seconds=15)
    assert clock.deadline == 35
    clock.begin_turn(2, 2, now=21, seconds=15)
    assert (clock.deadline, clock.left_ms(30), clock.left_ms(99)) == (36, 6000, 0)


def test_a_pause_ends_the_turn_and_stop_ends_both() -> None:
    clock = TurnClock()
    clock.begin_turn(1, 1, now=0, seconds=15)
    clock.begin_pause(now=1, seconds=3)
    assert clock.deadline == 4
    clock.begin_turn(1, 1, now=2, seconds=15)
    assert clock.deadline == 17
    clock.stop()
    assert clock.deadline == math.inf


def test_a_turn_lasts_from_when_it_is_told_whatever_time_is_used() -> None:
    clock = TurnClock()
    clock.begin_turn(1, 1, 10.0, 15.0)
    began = clock.take_untold()
    assert began is not None
    clock.told(began, 11.0)
    assert clock.turn_took_seconds(14.0) == 3.0
    clock.extend_turn(ClockPhase.TIME_BANK, 26.0, 30.0)
    began = clock.take_untold()
    assert began is not None
    clock.told(began, 27.0)
    assert clock.turn_took_seconds(31.0) == 20.0
    clock.begin_turn(1, 2, 40.0, 15.0)
    assert clock.turn_took_seconds(41.0) == 1.0
