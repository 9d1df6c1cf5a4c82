"""Two results of the load test side by side: which is better, number by number, and may they be compared?"""

from collections.abc import Iterator, Sequence
from enum import Enum, unique
from typing import Final

from attrs import frozen

from loadtest.showing.goals import pace_of, total
from loadtest.showing.latency import PERCENTILES
from loadtest.showing.result import Result
from loadtest.showing.words import Unit, spoken

NOISE: Final = 0.05
"""Ratios this close to 1 are about the same: no two runs are alike."""


@unique
class Better(Enum):
    """Which direction of a number is the good one."""

    LOWER = "lower"
    HIGHER = "higher"
    NEITHER = "neither"


@unique
class Verdict(Enum):
    """How B stands beside A."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "about the same"
    DIFFERENT = "different"
    """The numbers differ, and neither is the better one."""
    UNKNOWN = "not measured in both"


@frozen
class Figure:
    """A number of both results. ``is_held`` are those that a limit can be set for."""

    group: str
    name: str
    unit: Unit
    better: Better
    a: float | None
    b: float | None
    is_held: bool = False

    @property
    def ratio(self) -> float | None:
        """Give B / A; None without both, or where A is 0."""
        return None if self.a is None or self.b is None or self.a == 0 else self.b / self.a

    @property
    def verdict(self) -> Verdict:
        """Judge B by the direction that is good."""
        if self.a is None or self.b is None:
            return Verdict.UNKNOWN
        if abs(self.b - self.a) <= NOISE * abs(self.a):
            return Verdict.SAME
        if self.better is Better.NEITHER:
            return Verdict.DIFFERENT
        is_lower = self.b < self.a
        return Verdict.BETTER if is_lower is (self.better is Better.LOWER) else Verdict.WORSE


def compare(a: Result, b: Result) -> list[Figure]:
    """Put all numbers that either result has beside each other."""
    return [
        *_throughput(a, b),
        *_latencies(a, b),
        *_http(a, b),
        *_servers(a, b),
        *_troubles(a, b),
        *_client(a, b),
    ]


def caveats(a: Result, b: Result) -> list[str]:
    """Say why the two may not be compared; empty if they may."""
    return [*_differences(a, b), *_weaknesses("A", a), *_weaknesses("B", b)]


def failures(figures: Sequence[Figure], limit: float) -> list[str]:
    """Name what is worse than ``limit`` times A: p99 and CPU per action.

    What A has and B has not is a failure too, as is a comparison in which nothing can be held.
    """
    held = [figure for figure in figures if figure.is_held and figure.a is not None]
    failed = [f"{figure.group}, {figure.name}: not measured in B" for figure in held if figure.b is None]
    for figure in held:
        if figure.a == 0 and figure.b:
            failed.append(f"{figure.group}, {figure.name}: nothing in A")
        elif figure.ratio is not None and figure.ratio > limit:
            failed.append(f"{figure.group}, {figure.name}: {figure.ratio:.2f} times A, limit {limit:g}")
    return failed if held else ["neither p99 nor CPU per action was measured in A"]


def _throughput(a: Result, b: Result) -> Iterator[Figure]:
    for name, words in (("actions_per_s", "actions"), ("hands_per_s", "hands")):
        yield Figure("Throughput", words, Unit.PER_SECOND, Better.HIGHER, a.number(name), b.number(name))


def _latencies(a: Result, b: Result) -> Iterator[Figure]:
    for kind, words in (("own_ack", "own answer"), ("all_seats", "all seats")):
        both = a.part("latency_ms", kind), b.part("latency_ms", kind)
        yield from _percentiles(f"Action to {words}", both, held="p99")


def _http(a: Result, b: Result) -> Iterator[Figure]:
    for route in _names(a.part("http_ms"), b.part("http_ms")):
        yield from _percentiles(f"HTTP {spoken(route)}", (a.part("http_ms", route), b.part("http_ms", route)))


def _percentiles(group: str, both: tuple[Result, Result], held: str | None = None) -> Iterator[Figure]:
    for name, words in PERCENTILES.items():
        in_a, in_b = (times.number(name) for times in both)
        yield Figure(group, words, Unit.MILLISECONDS, Better.LOWER, in_a, in_b, is_held=name == held)


_CPU: Final = ("CPU per action", Unit.MICROSECONDS, Better.LOWER)
_SERVER: Final = (
    ("cpu_us_per_action", *_CPU),
    ("cpu_share", "CPU of a core", Unit.SHARE, Better.LOWER),
    ("rss_kib_end", "memory at end", Unit.KIB, Better.LOWER),
    ("kib_per_connection", "memory per connection", Unit.KIB, Better.LOWER),
    ("kib_per_table", "memory per table", Unit.KIB, Better.LOWER),
    ("connections", "connections", Unit.COUNT, Better.NEITHER),
)


def _servers(a: Result, b: Result) -> Iterator[Figure]:
    yield Figure("All servers", *_CPU, _sum_of_cpu(a, a), _sum_of_cpu(b, a), is_held=True)
    for server in _names(a.part("server"), b.part("server")):
        in_a, in_b = a.part("server", server), b.part("server", server)
        is_playing = in_a.text("kind") == "node" and bool(in_a.number("connections"))
        for key, words, unit, better in _SERVER:
            held = is_playing and key == "cpu_us_per_action"
            yield Figure(server, words, unit, better, in_a.number(key), in_b.number(key), is_held=held)


def _sum_of_cpu(result: Result, first: Result) -> float | None:
    """Add up all servers' CPU per action; None unless all that were measured in the first result are here."""
    names = {name for name, server in first.parts("server") if server.number("cpu_us_per_action") is not None}
    found = {
        name: cpu for name, server in result.parts("server")
        if (cpu := server.number("cpu_us_per_action")) is not None
    }  # fmt: skip
    return sum(found.values()) if found and names <= set(found) else None


def _troubles(a: Result, b: Result) -> Iterator[Figure]:
    errors = a.part("errors"), b.part("errors")
    for key in ("refusals", "protocol_errors"):
        in_a, in_b = (total(one, key) for one in errors)
        yield Figure("Errors", spoken(key), Unit.COUNT, Better.LOWER, in_a, in_b)
    for key in ("connections_lost", "failed_attempts", "reconnects"):
        in_a, in_b = (one.number(key) for one in errors)
        yield Figure("Errors", spoken(key), Unit.COUNT, Better.LOWER, in_a, in_b)


def _client(a: Result, b: Result) -> Iterator[Figure]:
    in_a, in_b = (one.number("client", "cpu_us_per_action") for one in (a, b))
    yield Figure("Load test itself", *_CPU, in_a, in_b)
    for key, words in (("lag_p99_ms", "lag, p99"), ("lag_max_ms", "lag, max")):
        in_a, in_b = _worst(a, key), _worst(b, key)
        yield Figure("Load test itself", words, Unit.MILLISECONDS, Better.LOWER, in_a, in_b)


def _worst(result: Result, key: str) -> float | None:
    """Give the highest number of all processes of the load test."""
    processes = result.rows("client", "processes")
    return max((found for row in processes if (found := row.number(key)) is not None), default=None)


def _names(a: Result, b: Result) -> list[str]:
    return list(dict.fromkeys(name for part in (a, b) for name, _ in part.items()))


_SAME: Final = {
    "profile": ("name", "players", "tables", "seats", "encoding", "processes"),
    "machine": ("cpu", "cpus", "python", "system"),
}


def _differences(a: Result, b: Result) -> Iterator[str]:
    for path in ((part, name) for part, names in _SAME.items() for name in names):
        found = [one.text(*path) or one.number(*path) for one in (a, b)]
        if found[0] != found[1]:
            yield f"Different {' '.join(map(spoken, path))}: {_told(found[0])} and {_told(found[1])}."
    if pace_of(a) != pace_of(b):
        yield f"Different pace: {_told(pace_of(a))} and {_told(pace_of(b))}."
    lasted = [one.number("seconds") or 0.0 for one in (a, b)]
    if abs(lasted[0] - lasted[1]) > 0.1 * max(lasted):
        yield f"Of different length: {lasted[0]:.0f} s and {lasted[1]:.0f} s."
    if bool(a.part("profiles")) is not bool(b.part("profiles")):
        yield f"Only in {'A' if a.part('profiles') else 'B'} a profiler was at work, which costs a little."
    ran = [one.texts("profile", "scenarios") for one in (a, b)]
    if sorted(ran[0]) != sorted(ran[1]):
        yield f"Different scenarios: {', '.join(ran[0]) or 'none'} and {', '.join(ran[1]) or 'none'}."


def _told(found: str | float | None) -> str:
    return "unknown" if found is None else f"{found:,g}" if isinstance(found, int | float) else found


def _weaknesses(letter: str, result: Result) -> Iterator[str]:
    if result.fact("client", "is_bottleneck"):
        yield f"In {letter} the load test itself was the bottleneck: its latencies are not the servers'."
    if result.fact("ledger", "is_balanced") is False:
        yield f"In {letter} the ledger does not balance: what is fast there is wrong."
    if total(result.part("errors"), "protocol_errors"):
        yield f"In {letter} there were messages against the protocol."
