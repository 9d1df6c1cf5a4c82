"""What a load test is held to: latency, memory, and that nothing was broken.

The goals depend on how many play. For latency they are set at human pace, for memory at many connections; of
other runs the numbers are shown without a verdict.
"""

from collections.abc import Iterator, Sequence
from enum import Enum, unique
from typing import Final

from attrs import evolve, frozen

from loadtest.showing.result import Result
from loadtest.showing.words import Unit, written

PLAN_PLAYERS: Final = 500
"""The last stage of the plan; up to it the strict goals hold."""
MOST_PLAYERS: Final = 5_000
_TOLD_MS: Final = ((PLAN_PLAYERS, 25.0), (MOST_PLAYERS, 100.0))
"""Up to so many players, the 99th percentile from an action to all seats."""
_HTTP_MS: Final = {"p95": 150.0, "p99": 300.0}
_ROOM: Final = 10.0
"""How much faster than the plan asks HTTP is to be at the plan's load."""
_HASHING_ROUTES: Final = frozenset({"login", "register"})
_KIB_PER_CONNECTION: Final = 80.0
_LEAST_CONNECTIONS: Final = 1_000
"""With fewer, what a node grows by at its start is most of what there is to divide."""
_HUMAN: Final = "human"


@unique
class Verdict(Enum):
    """What became of a goal."""

    MET = "met"
    MISSED = "missed"
    NOT_MEASURED = "not measured"


@frozen
class Goal:
    """A goal in words, what was found, and the verdict."""

    words: str
    found: str
    verdict: Verdict


def judge(result: Result) -> list[Goal]:
    """Hold a result against all goals that apply to its profile."""
    timed = [*_latency(result), *_http(result)] if is_human(result) else []
    return [*timed, *_memory(result), *_soundness(result)]


def is_human(result: Result) -> bool:
    """Say whether the players took their time; if nothing is said of it, they did."""
    return (pace_of(result) or _HUMAN).startswith(_HUMAN)


def doubts(result: Result) -> list[str]:
    """Say why the numbers cannot be taken for the server's own."""
    found = []
    if result.fact("client", "is_bottleneck"):
        found.append(
            "The load test's own processes were the bottleneck: they had no time left, so the latencies are "
            "theirs as much as the server's. Take more processes or another machine for the players."
        )
    return found


def sum_up(goals: Sequence[Goal]) -> str:
    """Say in one sentence how a load test went."""
    counts = {verdict: sum(goal.verdict is verdict for goal in goals) for verdict in Verdict}
    unknown = counts[Verdict.NOT_MEASURED]
    rest = f"; {unknown} not measured" if unknown else ""
    if counts[Verdict.MISSED]:
        return f"{counts[Verdict.MISSED]} of {len(goals)} goals missed{rest}."
    if not counts[Verdict.MET]:
        return "Nothing was measured that a goal is set for."
    return (
        f"{counts[Verdict.MET]} of {len(goals)} goals met{rest}."
        if unknown
        else f"All {len(goals)} goals met."
    )


def pace_of(result: Result) -> str | None:
    """Give the name of the pace that the players had."""
    return result.text("profile", "pace") or result.text("profile", "pace", "name")


def total(errors: Result, kind: str) -> float | None:
    """Add up what was counted by code; None where it was not counted."""
    if kind not in errors:
        return None
    counts = errors.part(kind)
    return sum(counts.number(code) or 0 for code, _ in counts.items())


def _below(words: str, number: float | None, limit: float, unit: Unit) -> Goal:
    verdict = Verdict.NOT_MEASURED if number is None else Verdict.MET if number < limit else Verdict.MISSED
    return Goal(f"{words} below {written(limit, unit)}", written(number, unit), verdict)


def _latency(result: Result) -> Iterator[Goal]:
    players = result.number("profile", "players") or 0.0
    limit = next((limit for most, limit in _TOLD_MS if players <= most), None)
    if limit is not None:
        p99 = result.number("latency_ms", "all_seats", "p99")
        yield _below("Action to all seats, p99", p99, limit, Unit.MILLISECONDS)


def _http(result: Result) -> Iterator[Goal]:
    """Hold the slowest route against the limits; at the plan's load a tenth, unless it hashes a password."""
    routes = result.parts("http_ms")
    quick = [route for name, route in routes if name not in _HASHING_ROUTES]
    is_plan = (result.number("profile", "players") or 0.0) <= PLAN_PLAYERS
    for percentile, limit in _HTTP_MS.items():
        words = f"HTTP, {percentile} of the slowest route"
        yield _below(words, _slowest([route for _, route in routes], percentile), limit, Unit.MILLISECONDS)
        if is_plan:
            yield _below(
                f"{words} without passwords", _slowest(quick, percentile), limit / _ROOM, Unit.MILLISECONDS
            )


def _slowest(routes: Sequence[Result], percentile: str) -> float | None:
    return max((number for route in routes if (number := route.number(percentile)) is not None), default=None)


def _memory(result: Result) -> Iterator[Goal]:
    for name, server in result.parts("server"):
        if server.text("kind") == "node" and (server.number("connections") or 0) >= _LEAST_CONNECTIONS:
            number = server.number("kib_per_connection")
            yield _below(f"Memory of {name} per connection", number, _KIB_PER_CONNECTION, Unit.KIB)


def _soundness(result: Result) -> Iterator[Goal]:
    broken = total(result.part("errors"), "protocol_errors")
    yield evolve(_below("", broken, 1, Unit.COUNT), words="No message against the protocol")
    is_balanced = result.fact("ledger", "is_balanced")
    found = {None: "not measured", True: "yes", False: "no"}[is_balanced]
    verdict = {None: Verdict.NOT_MEASURED, True: Verdict.MET, False: Verdict.MISSED}[is_balanced]
    yield Goal("The ledger balances", found, verdict)
