"""What the servers needed, and whether the load test itself kept up."""

from collections.abc import Iterator
from typing import Final

from loadtest.showing.goals import doubts
from loadtest.showing.markup import Html, element, note, section, table
from loadtest.showing.result import Result
from loadtest.showing.words import Unit, shown

_NUMBERS: Final = (
    ("CPU per action", "cpu_us_per_action", Unit.MICROSECONDS),
    ("CPU of a core", "cpu_share", Unit.SHARE),
    ("Memory at start", "rss_kib_start", Unit.KIB),
    ("Memory at end", "rss_kib_end", Unit.KIB),
    ("Connections", "connections", Unit.COUNT),
    ("Tables", "tables", Unit.COUNT),
    ("Memory per connection", "kib_per_connection", Unit.KIB),
    ("Memory per table", "kib_per_table", Unit.KIB),
)


def show_servers(result: Result) -> Html:
    """Show CPU and memory of each server process."""
    if not result.part("server"):
        return section("Servers", note("not measured"))
    servers = [(name, Result(found)) for name, found in result.part("server").items()]
    rows: list[tuple[str, ...]] = [
        (words, *(shown(server.number(key), unit) for _, server in servers)) for words, key, unit in _NUMBERS
    ]
    heads = ("", *(name for name, _ in servers))
    what = note(
        "CPU per action is of the whole process, its idle cost included. 100 % of a core is one core busy."
    )
    return section("Servers", what, table(heads, rows))


def show_client(result: Result) -> Html:
    """Show what the processes that played needed; they must not be what was measured."""
    client = result.part("client")
    if not client:
        return section("The load test itself", note("not measured"))
    return section("The load test itself", *_client(result, client))


def _client(result: Result, client: Result) -> Iterator[Html]:
    for doubt in doubts(result):
        yield element("p", doubt, class_="warning")
    if client.fact("is_bottleneck") is False:
        yield element("p", "It kept up: what was measured is the servers' work.")
    yield element(
        "p",
        "CPU of all its processes per action: ",
        shown(client.number("cpu_us_per_action"), Unit.MICROSECONDS),
    )
    rows: list[tuple[str, ...]] = [
        (
            f"Process {number}",
            shown(process.number("players"), Unit.COUNT),
            shown(process.number("cpu_share"), Unit.SHARE),
            shown(process.number("lag_p99_ms"), Unit.MILLISECONDS),
            shown(process.number("lag_max_ms"), Unit.MILLISECONDS),
        )
        for number, process in enumerate(client.rows("processes"), start=1)
    ]
    yield table(("", "Players", "CPU of a core", "Lag, p99", "Lag, max"), rows)
    yield note("Lag is how much later than it asked for a task of the load test ran.")
