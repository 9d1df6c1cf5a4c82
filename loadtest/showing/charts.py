"""Charts as SVG: lines over the time of a run, and how often which latency was seen.

A chart is drawn on 420 x 210 units and scales with the page; colours come from the page's style, so that it
follows light and dark. Every line and bar says its numbers when it is pointed at.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from attrs import frozen

from loadtest.showing.markup import Html, element, join, note
from loadtest.showing.scales import Scale, linear, logarithmic, span
from loadtest.showing.words import Unit, rounded, written

WIDTH: Final = 420
HEIGHT: Final = 210
_LEFT: Final = 46
_RIGHT: Final = 8
_TOP: Final = 8
_BOTTOM: Final = 24
_FLOOR: Final = HEIGHT - _BOTTOM
_COLOURS: Final = 6
MOST_POINTS: Final = 240
"""More points than these are drawn together, several as one."""
_BAR: Final = 1.02**6
"""How much wider than its lower bound a bar reaches: six of the classes that latencies are counted in."""
_LEAST_MS: Final = 0.001

Point = tuple[float, float | None]


@frozen
class Line:
    """What a line is called, and its points: seconds of the run, and a number where one was measured."""

    name: str
    points: Sequence[Point]


@frozen
class Chart:
    """Lines that share an axis. Of points drawn as one the highest is kept, or else their mean.

    ``measured`` is the span of time that the numbers of the result are taken from; it is shaded.
    """

    title: str
    unit: Unit
    lines: Sequence[Line]
    keeps_highest: bool = False
    measured: tuple[float, float] | None = None


def draw_lines(chart: Chart) -> Html:
    """Draw lines over time; without any number it says so in place of a picture."""
    numbers = [number for line in chart.lines for _, number in line.points if number is not None]
    if not numbers:
        return _figure(chart.title, "", note("not measured"))
    thinned = [Line(line.name, _thin(line.points, keeps_highest=chart.keeps_highest)) for line in chart.lines]
    across = span(0.0, max(at for line in chart.lines for at, _ in line.points))
    up = linear(max(*numbers, 1e-6))
    picture = [
        *_shade(chart, across),
        *_grid_up(up, chart.unit),
        *(_label_x(across, tick, f"{tick:g} s") for tick in across.ticks),
        *(_stroke(line, number, across, up) for number, line in enumerate(thinned)),
        *_pointers(thinned, across, chart.unit),
    ]
    thin_note = _thin_note(chart) if thinned[0].points != list(chart.lines[0].points) else Html("")
    return _figure(
        chart.title, _legend([line.name for line in chart.lines]), _picture(chart.title, picture), thin_note
    )


def draw_latencies(title: str, histograms: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> Html:
    """Draw how often which latency was seen: pairs of upper bound (ms) and count, on a logarithmic axis."""
    bars = {name: _rebinned(pairs) for name, pairs in histograms if any(count > 0 for _, count in pairs)}
    if not bars:
        return _figure(title, "", note("not measured"))
    steps = [step for counts in bars.values() for step in counts]
    across = logarithmic(_bound(min(steps)), _bound(max(steps) + 1))
    parts = {
        name: {step: count / counts.total() for step, count in counts.items()}
        for name, counts in bars.items()
    }
    up = linear(max(part for counts in parts.values() for part in counts.values()))
    picture = [
        *_grid_up(up, Unit.PART),
        *(_label_x(across, tick, _short_ms(tick)) for tick in across.ticks),
        *(bar for number, name in enumerate(parts) for bar in _bars(number, name, parts[name], (across, up))),
        *(_outline(number, counts, (across, up)) for number, counts in enumerate(parts.values())),
    ]
    return _figure(title, _legend(list(parts)), _picture(title, picture))


def _thin(points: Sequence[Point], *, keeps_highest: bool) -> list[Point]:
    width = math.ceil(len(points) / MOST_POINTS) or 1
    thinned: list[Point] = []
    for first in range(0, len(points), width):
        some = [number for _, number in points[first : first + width] if number is not None]
        kept = None if not some else max(some) if keeps_highest else sum(some) / len(some)
        thinned.append((points[first][0], kept))
    return thinned


def _shade(chart: Chart, across: Scale) -> Iterator[Html]:
    if chart.measured is not None:
        left, right = (_x(across, at) for at in chart.measured)
        across_units = {"x": f"{left:.1f}", "width": f"{right - left:.1f}"}
        yield element("rect", class_="measured", y=str(_TOP), height=str(_FLOOR - _TOP), **across_units)


def _thin_note(chart: Chart) -> Html:
    width = math.ceil(max(len(line.points) for line in chart.lines) / MOST_POINTS)
    kept = "the highest" if chart.keeps_highest else "the mean"
    return note(f"Each point is {kept} of {width} in a row.")


def _stroke(line: Line, number: int, across: Scale, up: Scale) -> Html:
    """Draw a line with gaps where nothing was measured; a point without neighbours is drawn as a dot."""
    steps: list[str] = []
    is_open = False
    for at, value in line.points:
        if value is not None:
            place = f"{_x(across, at):.1f} {_y(up, value):.1f}"
            steps.append(f"L{place}" if is_open else f"M{place}l0 0")
        is_open = value is not None
    return element("path", d="".join(steps), class_=f"line c{number % _COLOURS}")


def _pointers(lines: Sequence[Line], across: Scale, unit: Unit) -> Iterator[Html]:
    """Make a strip for each moment that tells all numbers of it when it is pointed at."""
    values = [dict(line.points) for line in lines]
    moments = sorted({at for line in lines for at, _ in line.points})
    edges = [across.low, *((first + second) / 2 for first, second in pairwise(moments)), across.high]
    for at, (left, right) in zip(moments, pairwise(edges), strict=True):
        told = [
            f"{line.name}: {written(value.get(at), unit)}" for line, value in zip(lines, values, strict=True)
        ]
        start, end = _x(across, left), _x(across, right)
        yield element(
            "rect", element("title", "\n".join([f"{at:g} s", *told])), class_="pointer",
            x=f"{start:.1f}", y=_TOP, width=f"{max(0.0, end - start):.1f}", height=HEIGHT - _TOP - _BOTTOM,
        )  # fmt: skip


def _rebinned(pairs: Sequence[tuple[float, float]]) -> Counter[int]:
    """Count latencies by bars of equal width on the logarithmic axis."""
    counts: Counter[int] = Counter()
    for upper_ms, count in pairs:
        if count > 0:
            step = math.ceil(math.log(max(_LEAST_MS, upper_ms), _BAR) - 1e-9) - 1
            counts[step] += round(count)
    return counts


def _bound(step: int) -> float:
    return float(_BAR**step)


def _bars(number: int, name: str, parts: dict[int, float], scales: tuple[Scale, Scale]) -> Iterator[Html]:
    across, up = scales
    for step, part in sorted(parts.items()):
        left, right = _x(across, _bound(step)), _x(across, _bound(step + 1))
        told = (
            f"{name}: {part * 100:.2f} % between {rounded(_bound(step))} and {rounded(_bound(step + 1))} ms"
        )
        top = _y(up, part)
        yield element(
            "rect", element("title", told), class_=f"bar c{number % _COLOURS}",
            x=f"{left:.1f}", y=f"{top:.1f}", width=f"{right - left:.1f}", height=f"{_FLOOR - top:.1f}",
        )  # fmt: skip


def _outline(number: int, parts: dict[int, float], scales: tuple[Scale, Scale]) -> Html:
    """Draw the contour of the bars, so that those behind others can be seen."""
    across, up = scales
    first, last = min(parts), max(parts)
    steps = [f"M{_x(across, _bound(first)):.1f} {_FLOOR}"]
    steps += [
        f"V{_y(up, parts.get(step, 0.0)):.1f}H{_x(across, _bound(step + 1)):.1f}"
        for step in range(first, last + 1)
    ]
    return element("path", d="".join([*steps, f"V{_FLOOR}"]), class_=f"line c{number % _COLOURS}")


def _short_ms(number: float) -> str:
    return f"{number / 1000:g} s" if number >= 1000 else f"{number:g} ms"


def _x(across: Scale, number: float) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * across.place(number)


def _y(up: Scale, number: float) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * up.place(number)


def _grid_up(up: Scale, unit: Unit) -> Iterator[Html]:
    for tick in up.ticks:
        y = f"{_y(up, tick):.1f}"
        yield element("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, class_="grid")
        yield element("text", _short(tick, unit), x=_LEFT - 5, y=y, dy="0.32em", text_anchor="end")


def _short(number: float, unit: Unit) -> str:
    """Write a number of an axis; its unit stands in the title."""
    shown = number * 100 if unit in {Unit.SHARE, Unit.PART} else number
    return f"{shown / 1000:g}k" if shown >= 10_000 else f"{shown:g}"


def _label_x(across: Scale, tick: float, text: str) -> Html:
    place = across.place(tick)
    anchor = "start" if place < 0.02 else "end" if place > 0.98 else "middle"
    x = f"{_x(across, tick):.1f}"
    mark = element("line", x1=x, x2=x, y1=_FLOOR, y2=_FLOOR + 4, class_="grid")
    return join(mark, element("text", text, x=x, y=HEIGHT - 7, text_anchor=anchor))


def _picture(title: str, content: Sequence[Html]) -> Html:
    return element("svg", *content, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=title)


def _legend(names: Sequence[str]) -> Html:
    """Name the lines by their colours; a line that is alone is named by the title."""
    if len(names) == 1:
        return Html("")
    keys = (
        element("span", element("i", class_=f"key c{number % _COLOURS}"), name)
        for number, name in enumerate(names)
    )
    return element("div", *keys, class_="legend")


def _figure(title: str, legend: str, *content: Html) -> Html:
    return element("figure", element("figcaption", title), legend, *content)
