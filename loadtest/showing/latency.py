"""How long things took: from an action to its answer and to all seats, and HTTP by route."""

from typing import Final

from loadtest.showing.charts import draw_latencies
from loadtest.showing.markup import Html, element, note, section, table
from loadtest.showing.result import Result
from loadtest.showing.words import Unit, shown, spoken

PERCENTILES: Final = {"p50": "p50", "p95": "p95", "p99": "p99", "p99_9": "p99.9", "max": "max"}
LATENCIES: Final = {"own_ack": "Own answer", "all_seats": "All seats"}
LATENCY_HEADS: Final = ("in ms", "Count", *PERCENTILES.values())


def show_latency(result: Result) -> Html:
    """Show the times of actions as a table and as a distribution."""
    rows = [latency_row(words, result.part("latency_ms", kind)) for kind, words in LATENCIES.items()]
    histograms = [(words, result.pairs("histogram", kind)) for kind, words in LATENCIES.items()]
    return section(
        "Latency of actions",
        note(
            "From sending an action to the player's own answer, and until the last seat of the table has it. "
            "p99 is what 99 of 100 actions did not exceed."
        ),
        table(LATENCY_HEADS, rows),
        element("div", draw_latencies("Share of actions by latency (%)", histograms), class_="charts"),
    )


def show_http(result: Result) -> Html:
    """Show the times of HTTP calls by route."""
    routes = result.parts("http_ms")
    if not routes:
        return section("HTTP", note("not measured"))
    rows = [latency_row(spoken(route), times) for route, times in routes]
    return section("HTTP by route", table(LATENCY_HEADS, rows))


def latency_row(words: str, times: Result) -> tuple[str, ...]:
    """Make the row of a table of latencies."""
    numbers = (shown(times.number(name), Unit.BARE) for name in PERCENTILES)
    return (words, shown(times.number("count"), Unit.COUNT), *numbers)


def is_latencies(part: Result) -> bool:
    """Say whether a part of a result holds percentiles."""
    return "p50" in part and "p99" in part
