"""The top of a page: how it went in one sentence, the numbers that matter most, and goal by goal."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from loadtest.showing.goals import Goal, Verdict, doubts, is_human, judge, pace_of, sum_up, total
from loadtest.showing.markup import Html, element, join, note, section, table
from loadtest.showing.result import Result
from loadtest.showing.words import Unit, shown, written

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
    found = doubts(result)
    return join(
        element("h1", title_of(result)),
        element("p", describe(result)),
        element("p", machine_of(result), class_="note"),
        element("p", sum_up(goals), class_=_look(goals, is_doubtful=bool(found))),
        *(element("p", doubt, class_="warning") for doubt in found),
        _tiles(result),
    )


def show_goals(result: Result) -> Html:
    """Hold each goal against what was found."""
    no_latency = note("Goals for latency are set at human pace; this run had another.")
    return section("Goals", *([] if is_human(result) else [no_latency]), _goal_table(judge(result)))


def describe(result: Result) -> str:
    """Say in one sentence who played, how, and for how long."""
    return ", ".join(_known(result)) + "." if any(_known(result)) else "What was played is not known."


def _known(result: Result) -> Iterator[str]:
    """Give what is known of who played, and how."""
    profile = result.part("profile")
    players, tables, seats = (profile.number(name) for name in ("players", "tables", "seats"))
    if players is not None:
        room = "" if tables is None else f" at {written(tables, Unit.COUNT)} tables"
        yield f"{written(players, Unit.COUNT)} players{room}"
    if seats is not None:
        yield f"{written(seats, Unit.COUNT)} seats a table"
    if pace := pace_of(result):
        yield f"pace {pace}"
    if (seconds := result.number("seconds")) is not None:
        yield f"{written(seconds, Unit.SECONDS)} measured"
    if encoding := profile.text("encoding"):
        yield encoding
    began = result.number("began_unix")
    if began is not None and 0 < began < _LATEST_UNIX:
        yield f"began {datetime.fromtimestamp(began, UTC):%Y-%m-%d %H:%M} UTC"


def machine_of(result: Result) -> str:
    """Say on what it was measured."""
    machine = result.part("machine")
    cores, python = machine.number("cpus"), machine.text("python")
    facts = (
        None if cores is None else f"{written(cores, Unit.COUNT)} cores",
        machine.text("cpu"),
        None if python is None else f"Python {python}",
        machine.text("system"),
    )
    return ", ".join(fact for fact in facts if fact) or "On what is not known."


def _look(goals: Sequence[Goal], *, is_doubtful: bool) -> str:
    verdicts = {goal.verdict for goal in goals}
    if Verdict.MISSED in verdicts:
        return "verdict bad"
    return "verdict good" if Verdict.MET in verdicts and not is_doubtful else "verdict"


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
