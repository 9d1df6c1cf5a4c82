"""What went wrong, by its codes, and whether the money is right."""

import re
from collections.abc import Iterator
from typing import Any, Final

from loadtest.showing.latency import LATENCY_HEADS, is_latencies, latency_row
from loadtest.showing.markup import Html, element, join, note, section, table
from loadtest.showing.result import Result
from loadtest.showing.words import Unit, shown, spoken, unit_of

_CODED: Final = {"refusals": "Refusals", "protocol_errors": "Messages against the protocol"}
SCENARIOS: Final = {
    "storm": "Reconnect storm",
    "lobby_watchers": "Lobby watchers",
    "slow_readers": "Slow readers",
    "chat": "Chat",
}
_DEPTH: Final = 4
"""Scenarios that lie deeper in each other are not shown."""
_PERCENTILE: Final = re.compile(r"p\d")


def show_errors(result: Result) -> Html:
    """Show counts of refusals and errors with their codes."""
    errors = result.part("errors")
    if not errors:
        return section("Errors and refusals", note("not measured"))
    rows: list[tuple[str, ...]] = [
        (_titled(spoken(name)), shown(errors.number(name), Unit.COUNT))
        for name, _ in errors.items()
        if name not in _CODED
    ]
    coded = (_by_code(words, errors, kind) for kind, words in _CODED.items())
    return section("Errors and refusals", *coded, table(("", "Count"), rows))


def show_ledger(result: Result) -> Html:
    """Say in words what the ledger says of itself."""
    how = result.text("ledger", "how")
    by = f" Checked by {how}." if how else ""
    match result.fact("ledger", "is_balanced"):
        case True:
            words, look = f"The ledger balances: not a won is missing.{by}", "good"
        case False:
            words, look = (
                f"The ledger does not balance. Freeze the room and read the reconciliation.{by}",
                "bad",
            )
        case None:
            words, look = "not measured", "absent"
    return section("Ledger", element("p", words, class_=look))


def show_scenarios(result: Result) -> Html:
    """Show the numbers of the scenarios that ran; without any, nothing."""
    ran = [(words, result.part(name)) for name, words in SCENARIOS.items() if result.part(name)]
    shown_parts = (join(element("h3", words), *_any_numbers(part, _DEPTH)) for words, part in ran)
    return section("Scenarios", *shown_parts) if ran else Html("")


def _by_code(words: str, errors: Result, kind: str) -> Html:
    if kind not in errors:
        return element("p", f"{words}: not measured", class_="absent")
    counts = errors.part(kind)
    if not counts:
        return element("p", f"{words}: none.")
    rows: list[tuple[str, ...]] = [
        (element("code", code), shown(counts.number(code), Unit.COUNT)) for code, _ in counts.items()
    ]
    return table((words, "Count"), rows)


def _any_numbers(part: Result, depth: int) -> Iterator[Html]:
    """Show whatever numbers a scenario has: percentiles as such, the rest by the unit that ends its name."""
    latencies = [(name, inner) for name, inner in part.parts() if is_latencies(inner)]
    rows = [_any_row(name, found, part) for name, found in part.items() if not isinstance(found, dict | list)]
    if rows:
        yield table(("", ""), rows)
    if latencies:
        yield table(
            LATENCY_HEADS, [latency_row(_titled(unit_of(name)[0]), inner) for name, inner in latencies]
        )
    for name, inner in part.parts():
        if not is_latencies(inner) and depth > 1:
            yield element("p", _titled(spoken(name)) + ":")
            yield from _any_numbers(inner, depth - 1)


def _titled(words: str) -> str:
    """Begin with a capital, but for percentiles: Back, p99."""
    return words if _PERCENTILE.match(words) else words[:1].upper() + words[1:]


def _any_row(name: str, found: Any, part: Result) -> tuple[str, ...]:
    words, unit = unit_of(name)
    match found:
        case bool():
            value: str = "yes" if found else "no"
        case str():
            value = found
        case _:
            value = shown(part.number(name), unit)
    return (_titled(words), value)
