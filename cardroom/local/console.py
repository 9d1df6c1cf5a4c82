"""What the person at the terminal sees: messages, and one line that says how it goes."""

from typing import Any, Final, TextIO

import trio
from attrs import frozen

_PLAIN_PERIOD_SECONDS: Final = 5.0
_CLEAR_LINE: Final = "\r\x1b[K"


@frozen
class Summary:
    """How the cluster is doing; None where it is not known now."""

    seconds: float
    tables: int
    players: int
    hands_settled: int | None
    hands_per_s: float | None
    p50_ms: float | None
    p99_ms: float | None
    is_balanced: bool | None


def describe(summary: Summary) -> str:
    """Write a summary as one line."""
    minutes, seconds = divmod(int(summary.seconds), 60)
    ledger = {True: "balanced", False: "NOT BALANCED", None: "not known"}[summary.is_balanced]
    return "   ".join(
        (
            f"{minutes:02}:{seconds:02}",
            f"{summary.tables} tables",
            f"{summary.players} players",
            f"{_number(summary.hands_settled, ',')} hands settled",
            f"{_number(summary.hands_per_s, '.1f')} hands/s",
            f"actions p50 {_number(summary.p50_ms, '.1f')} ms, p99 {_number(summary.p99_ms, '.1f')} ms",
            f"ledger {ledger}",
        )
    )


def _number(value: Any, form: str) -> str:
    return "-" if value is None else format(value, form)


class Console:
    """Writes messages above a line renewed in place; without a terminal, a plain line now and then."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._status = ""
        self._next_plain = 0.0

    def say(self, text: str) -> None:
        """Write a message."""
        if self._is_terminal and self._status:
            self._write(f"{_CLEAR_LINE}{text}\n{self._status}")
        else:
            self._write(f"{text}\n")

    def show(self, summary: Summary) -> None:
        """Renew the line that says how it goes."""
        status = describe(summary)
        if self._is_terminal:
            self._status = status
            self._write(f"{_CLEAR_LINE}{status}")
        elif trio.current_time() >= self._next_plain:
            self._next_plain = trio.current_time() + _PLAIN_PERIOD_SECONDS
            self._write(f"{status}\n")

    def end_status(self) -> None:
        """Leave the line as it is; what follows is written below it."""
        if self._status:
            self._write("\n")
            self._status = ""

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
