"""Tells how a load test goes while it goes: lines of JSON for programs, or one line for people."""

import sys
from typing import Any, Final, TextIO

from loadtest.gathering import Gathering
from loadtest.numbers import Numbers
from loadtest.report import describe_progress, write_line

_CLEAR_LINE: Final = "\r\x1b[K"
_PLAIN_PERIOD: Final = 5


class Progress:
    """Shows each second; people at a terminal see one line renewed, others a line now and then."""

    def __init__(self, *, is_live: bool, programs: TextIO = sys.stdout, people: TextIO = sys.stderr) -> None:
        self._is_live = is_live
        self._programs = programs
        self._people = people
        self._is_terminal = people.isatty()
        self._shown = 0

    def show(self, phase: str, seconds: float, gathering: Gathering, window: Numbers) -> None:
        """Show the second that has just ended."""
        if self._is_live:
            write_line(live_report(seconds, gathering, window), self._programs)
            return
        line = describe(phase, seconds, gathering, window)
        self._shown += 1
        if self._is_terminal:
            self._people.write(_CLEAR_LINE + line)
        elif self._shown % _PLAIN_PERIOD == 0:
            self._people.write(line + "\n")
        self._people.flush()

    def say(self, text: str) -> None:
        """Tell people something."""
        self.end()
        self._people.write(text + "\n")
        self._people.flush()

    def end(self) -> None:
        """Leave the line as it is; what follows is written below it."""
        if self._is_terminal and self._shown:
            self._shown = 0
            self._people.write("\n")
            self._people.flush()


def live_report(seconds: float, gathering: Gathering, window: Numbers) -> dict[str, Any]:
    """Give all numbers so far, and in ``window`` those of the last second."""
    percents = {f"p{percent}_ms": window.own_ack.percentile_ms(percent) for percent in (50, 95, 99)}
    progress = describe_progress(gathering, gathering.measured)
    return {
        "seconds": round(seconds, 3),
        **progress,
        "window": {"actions": len(window.own_ack)} | percents,
    }


def describe(phase: str, seconds: float, gathering: Gathering, window: Numbers) -> str:
    """Write one second for people."""
    minutes, rest = divmod(int(seconds), 60)
    newest = gathering.timeline[-1]
    errors = gathering.whole.protocol_errors.total()
    return "   ".join(
        (
            f"{minutes:02}:{rest:02} {phase.replace('_', ' ')}",
            f"{gathering.seated} seated",
            f"{len(window.own_ack)} actions/s",
            f"{window.counts['hands_seen']} hands/s",
            f"ack p99 {_number(window.own_ack.percentile_ms(99))} ms",
            f"all seats p99 {_number(window.all_seats.percentile_ms(99))} ms",
            f"client {newest['client_cpu_share']:.0%}, lag {newest['client_lag_ms']:.1f} ms",
            f"{gathering.whole.counts['connections_lost']} lost, {errors} protocol errors",
        )
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
