"""The course of a run, second by second."""

from collections.abc import Iterator
from typing import Final

from attrs import evolve

from loadtest.showing.charts import Chart, Line, draw_lines
from loadtest.showing.markup import Html, element, note, section
from loadtest.showing.result import Result
from loadtest.showing.words import Unit

_KIB_PER_MIB: Final = 1024.0
_MEASURING: Final = "measuring"
"""What the timeline calls the phase that counts."""

Moments = list[tuple[float, Result]]


def show_timeline(result: Result) -> Html:
    """Draw what happened each second."""
    moments = [(at, moment) for moment in result.rows("timeline") if (at := moment.number("at")) is not None]
    if not moments:
        return section("Course of the run", note("not measured"))
    span = _measured(moments)
    charts = (draw_lines(evolve(chart, measured=span)) for chart in _charts(moments))
    shaded = [
        note(
            "Throughput, CPU and latencies of actions are those of the shaded time; "
            "HTTP and errors, those of the whole run."
        )
    ]
    return section("Course of the run", *(shaded if span else []), element("div", *charts, class_="charts"))


def _measured(moments: Moments) -> tuple[float, float] | None:
    """Give the seconds from and to which was measured, if that is not all of the time."""
    inside = [at for at, moment in moments if moment.text("phase") == _MEASURING]
    return (min(inside), max(inside)) if 0 < len(inside) < len(moments) else None


def _charts(moments: Moments) -> Iterator[Chart]:
    yield Chart("Actions per second", Unit.PER_SECOND, [_line("Actions", moments, "actions_per_s")])
    yield Chart("Hands per second", Unit.PER_SECOND, [_line("Hands", moments, "hands_per_s")])
    latencies = [
        _line("Own answer", moments, "own_ack_p99_ms"),
        _line("All seats", moments, "all_seats_p99_ms"),
    ]
    yield Chart("p99 latency of each second (ms)", Unit.MILLISECONDS, latencies, keeps_highest=True)
    players = [_line("Connected", moments, "connected"), _line("Seated", moments, "seated")]
    yield Chart("Players", Unit.COUNT, players)
    nodes = sorted({name for _, moment in moments for name, _ in moment.parts("nodes")})
    cpu = [_line(name, moments, "nodes", name, "cpu_share") for name in nodes]
    yield Chart("CPU of servers (% of a core)", Unit.SHARE, cpu)
    memory = [_scaled(_line(name, moments, "nodes", name, "rss_kib"), 1 / _KIB_PER_MIB) for name in nodes]
    yield Chart("Memory of servers (MiB)", Unit.MIB, memory)
    client = [_line("CPU", moments, "client_cpu_share")]
    yield Chart("CPU of the load test itself (% of a core)", Unit.SHARE, client)
    lag = [_line("Lag", moments, "client_lag_ms")]
    yield Chart("Lag of the load test itself (ms)", Unit.MILLISECONDS, lag, keeps_highest=True)


def _line(name: str, moments: Moments, *path: str) -> Line:
    return Line(name, [(at, moment.number(*path)) for at, moment in moments])


def _scaled(line: Line, factor: float) -> Line:
    return Line(line.name, [(at, None if number is None else number * factor) for at, number in line.points])
