"""The top of a page: how it went in one sentence, the numbers that matter most, and goal by goal."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from loadtest.showing.goals import Goal, Verdict, doubts, judge, pace_of, sum_up, total
from loadtest.showing.markup import Html, element, join, section, table
from loadtest.showing.result import Result
from loadtest.showing.words import NOT_MEASURED, Unit, shown, written

_LATEST_UNIX: Final = 1e11
"""Clocks that are further ahead are not told."""
_LOOKS: Final = {Verdict.MET: "good", Verdict.MISSED: "bad", Verdict.NOT_MEASURED: "absent"}
_MARKS: Final = {Verdict.MET: "✓ met", Verdict.MISSED: "✗ missed", Verdict.NOT_MEASURED: "not measured"}


def title_of(result: Result) -> str:
    """Name a load test after its profile."""
    return f"Load test: {result.text('profile', 'name') or 'no name'}"


def show_headline(result: Result) -> Html:
    """Say what was played where, and the verdict."""
    goals = judge(result)
    look = "bad" if any(goal.verdict is Verdict.MISSED for goal in goals) else "good"
    return join(
        element("h1", title_of(result)),
        element("p", describe(result)),
        element("p", machine_of(result), class_="note"),
        element("p", sum_up(goals), class_=f"verdict {look}"),
        *(element("p", doubt, class_="warning") for doubt in doubts(result)),
        _tiles(result),
    )


def show_goals(result: Result) -> Html:
    """Hold each goal against what was found."""
    return section("Goals", _goal_table(judge(result)))


def describe(result: Result) -> str:
    """Say in one sentence who played, how, and for how long."""
    profile = result.part("profile")
    players, tables, seats = (profile.number(name) for name in ("players", "tables", "seats"))
    room = "" if tables is None else f" at {written(tables, Unit.COUNT)} tables"
    parts = [
        f"{written(players, Unit.COUNT)} players{room}",
        f"{written(seats, Unit.COUNT)} seats a table",
        f"pace {pace_of(result) or NOT_MEASURED}",
        f"{written(result.number('seconds'), Unit.SECONDS)} measured",
        profile.text("encoding") or "encoding " + NOT_MEASURED,
    ]
    began = result.number("began_unix")
    if began is not None and 0 < began < _LATEST_UNIX:
        parts.append(f"began {datetime.fromtimestamp(began, UTC):%Y-%m-%d %H:%M} UTC")
    return ", ".join(parts) + "."


def machine_of(result: Result) -> str:
    """Say on what it was measured."""
    machine = result.part("machine")
    names = [machine.text("cpu"), f"Python {machine.text('python')}" if machine.text("python") else None]
    cores = f"{written(machine.number('cpus'), Unit.COUNT)} cores"
    return ", ".join([cores, *(name for name in [*names, machine.text("system")] if name)])


def _tiles(result: Result) -> Html:
    tiles = (
        element("div", element("dt", name), element("dd", number)) for name, number in _key_numbers(result)
    )
    return element("dl", *tiles, class_="tiles")


def _key_numbers(result: Result) -> Iterator[tuple[str, Html]]:
    yield "Actions", shown(result.number("actions_per_s"), Unit.PER_SECOND)
    yield "Hands", shown(result.number("hands_per_s"), Unit.PER_SECOND)
    for words, kind in (("Own answer", "own_ack"), ("All seats", "all_seats")):
        yield f"{words}, p99", shown(result.number("latency_ms", kind, "p99"), Unit.MILLISECONDS)
    for name, server in result.parts("server"):
        if server.text("kind") == "node" and server.number("connections"):
            yield f"CPU of {name} per action", shown(server.number("cpu_us_per_action"), Unit.MICROSECONDS)
            yield f"Memory of {name} per connection", shown(server.number("kib_per_connection"), Unit.KIB)
    yield "Refusals", shown(total(result.part("errors"), "refusals"), Unit.COUNT)


def _goal_table(goals: Sequence[Goal]) -> Html:
    rows: list[tuple[str, ...]] = [
        (goal.words, goal.found, element("span", _MARKS[goal.verdict], class_=_LOOKS[goal.verdict]))
        for goal in goals
    ]
    return table(("Goal", "Found", "Verdict"), rows)
