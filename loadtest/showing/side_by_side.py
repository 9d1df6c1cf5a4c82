"""Two results side by side, for a terminal, for a program, and as a page."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from attrs import frozen

from loadtest.showing.charts import draw_latencies
from loadtest.showing.comparison import Figure, Verdict, caveats, compare
from loadtest.showing.document import whole_page
from loadtest.showing.headline import describe, machine_of
from loadtest.showing.latency import LATENCIES
from loadtest.showing.markup import Html, element, grouped_table, section
from loadtest.showing.result import Result
from loadtest.showing.words import shown, written

_HEADS: Final = ("", "A", "B", "B / A", "B is")
_LOOKS: Final = {Verdict.BETTER: "good", Verdict.WORSE: "bad"}
_COMPARABLE: Final = "Nothing speaks against comparing the two."


@frozen
class Pair:
    """Two results with the names that they are told by."""

    name_a: str
    a: Result
    name_b: str
    b: Result


def sum_up(figures: Sequence[Figure]) -> str:
    """Say in one sentence how B stands."""
    counts = {verdict: sum(figure.verdict is verdict for figure in figures) for verdict in Verdict}
    return (
        f"Of {len(figures)} numbers B is better in {counts[Verdict.BETTER]}, "
        f"worse in {counts[Verdict.WORSE]}, about the same in {counts[Verdict.SAME]}; "
        f"{counts[Verdict.UNKNOWN]} were not measured in both."
    )


def as_text(pair: Pair) -> str:
    """Write both as a table for a terminal."""
    figures = _told(compare(pair.a, pair.b))
    warnings = [f"! {caveat}" for caveat in caveats(pair.a, pair.b)] or [_COMPARABLE]
    lines = [f"A  {pair.name_a}: {describe(pair.a)}", f"B  {pair.name_b}: {describe(pair.b)}", *warnings, ""]
    rows: list[tuple[str, ...]] = [_HEADS]
    for group, members in groupby(figures, key=lambda figure: figure.group):
        rows += [(group, "", "", "", ""), *((f"  {row[0]}", *row[1:]) for row in map(_row, members))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines += [_aligned(row, widths).rstrip() for row in rows]
    return "".join(map(_printable, [*lines, "", sum_up(figures)]))


def as_document(pair: Pair) -> dict[str, Any]:
    """Write both as one JSON object."""
    figures = _told(compare(pair.a, pair.b))
    return {
        "a": pair.name_a,
        "b": pair.name_b,
        "warnings": caveats(pair.a, pair.b),
        "figures": [_as_object(figure) for figure in figures],
    }


def as_page(pair: Pair) -> str:
    """Write both as a page."""
    figures = _told(compare(pair.a, pair.b))
    warnings = [element("p", caveat, class_="warning") for caveat in caveats(pair.a, pair.b)]
    histograms = (
        draw_latencies(
            f"{words}: share of actions by latency (%)",
            [("A", pair.a.pairs("histogram", kind)), ("B", pair.b.pairs("histogram", kind))],
        )
        for kind, words in LATENCIES.items()
    )
    return whole_page(
        "Two load tests compared",
        element("h1", "Two load tests compared"),
        *_who("A", pair.name_a, pair.a),
        *_who("B", pair.name_b, pair.b),
        element("p", sum_up(figures), class_="verdict"),
        *(warnings or [element("p", _COMPARABLE)]),
        section("Numbers", _table(figures)),
        section("Distribution", element("div", *histograms, class_="charts")),
    )


def _as_object(figure: Figure) -> dict[str, Any]:
    return {
        "group": figure.group,
        "name": figure.name,
        "unit": figure.unit.value,
        "better": figure.better.value,
        "a": figure.a,
        "b": figure.b,
        "ratio": figure.ratio,
        "verdict": figure.verdict.value,
    }


def _who(letter: str, name: str, result: Result) -> Iterator[Html]:
    yield element("p", element("b", f"{letter} "), f"{name}: {describe(result)}")
    yield element("p", machine_of(result), class_="note")


def _table(figures: Sequence[Figure]) -> Html:
    groups = groupby(figures, key=lambda figure: figure.group)
    return grouped_table(_HEADS, [(group, list(map(_shown_row, members))) for group, members in groups])


def _shown_row(figure: Figure) -> tuple[str, ...]:
    verdict = element("span", figure.verdict.value, class_=_LOOKS.get(figure.verdict))
    return (figure.name, shown(figure.a, figure.unit), shown(figure.b, figure.unit), _ratio(figure), verdict)


def _told(figures: Sequence[Figure]) -> list[Figure]:
    """Leave out what neither has."""
    return [figure for figure in figures if figure.a is not None or figure.b is not None]


def _row(figure: Figure) -> tuple[str, ...]:
    a, b = written(figure.a, figure.unit), written(figure.b, figure.unit)
    return (figure.name, a, b, _ratio(figure), figure.verdict.value)


def _printable(line: str) -> str:
    """Give a line in which nothing from a file can steer the terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in line) + "\n"


def _ratio(figure: Figure) -> str:
    return "" if figure.ratio is None else f"{figure.ratio:.2f}"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    """Put the first and the last column to the left, numbers to the right."""
    first, *numbers, last = row
    cells = [number.rjust(width) for number, width in zip(numbers, widths[1:-1], strict=True)]
    return "  ".join([first.ljust(widths[0]), *cells, last])
