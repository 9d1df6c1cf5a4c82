"""What happened in a simulation, as lines and as one hash: two runs of a seed must have the same."""

from collections import Counter, deque
from hashlib import sha256
from typing import Any, Final, cast

import trio
from attrs import define, field

from cardroom.service.logs import Log

_LAST_LINES: Final = 400


class SimulationFailed(Exception):
    """An invariant does not hold. The text says which, and when."""


@define
class Trace:
    """Takes every line into the hash and keeps the last ones; counts kinds of events."""

    is_loud: bool = False
    counts: Counter[str] = field(factory=Counter)
    troubles: list[str] = field(factory=list)
    """What must not have happened; the simulation ends with the first."""
    halted: set[object] = field(factory=set)
    """Tables that the ledger has halted: that nodes find that out is no trouble."""
    _last: deque[str] = field(factory=lambda: deque(maxlen=_LAST_LINES))
    _hash: Any = field(factory=sha256)
    _failed: trio.Event = field(factory=trio.Event)

    def note(self, kind: str, what: object = "") -> None:
        """Note an event."""
        self.counts[kind] += 1
        line = f"{trio.current_time():.6f} {kind} {what}"
        self._hash.update(line.encode())
        self._last.append(line)
        if self.is_loud:
            print(line)  # noqa: T201

    def accuse(self, what: str) -> None:
        """Note that an invariant is broken."""
        self.note("TROUBLE", what)
        self.troubles.append(what)
        self._failed.set()

    async def wait_for_trouble(self) -> None:
        """Wait until an invariant is broken."""
        await self._failed.wait()

    @property
    def digest(self) -> str:
        """Give the hash of everything until now."""
        return str(self._hash.hexdigest())[:16]

    def last(self, lines: int) -> list[str]:
        """Give the last lines."""
        return list(self._last)[-lines:]


@define
class TracingLog:
    """A log whose lines go into the trace. What is an error to the product is one to the simulation."""

    trace: Trace
    facts: dict[str, object] = field(factory=dict)
    is_dead: list[bool] = field(factory=lambda: [False])
    """Set when the process is killed: what its remains still say does not count."""

    def bind(self, **facts: object) -> "TracingLog":
        return TracingLog(self.trace, self.facts | facts, self.is_dead)

    def debug(self, event: str, **facts: object) -> None:
        self._write("log", event, facts)

    info = warning = debug

    def error(self, event: str, **facts: object) -> None:
        if not self.is_dead[0]:
            self._write("log", event, facts)
            is_expected = event == "table.halted" and self.facts.get("table_id") in self.trace.halted
            if not is_expected:
                self.trace.accuse(f"{event} {self._words(facts)}")

    def _write(self, kind: str, event: str, facts: dict[str, object]) -> None:
        if not self.is_dead[0]:
            self.trace.note(kind, f"{event} {self._words(facts)}")

    def _words(self, facts: dict[str, object]) -> str:
        return " ".join(f"{name}={value!r}" for name, value in (self.facts | facts).items())

    def as_log(self) -> Log:
        """Give it as what processes are handed."""
        return cast("Log", self)
