"""The chart of a run: how long play took to go on, a dot for each fault, a row for each kind."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from tests.chaos.faults import Kind
from tests.chaos.outcome import Course

_LABELS: Final = 330
_WIDTH: Final = 900
_ROW: Final = 22
_TOP: Final = 30
_STEPS: Final = (1, 2, 5, 10, 20, 50)


def draw_recoveries(courses: Sequence[Course]) -> str:
    """Draw it as SVG; what did not recover stands at the right edge, hollow."""
    kinds = [kind for kind in Kind if any(course.fault.kind is kind for course in courses)]
    longest = max((course.recovery_seconds or 0.0 for course in courses), default=0.0)
    scale = next((step for step in _STEPS if longest <= step), int(longest) + 1)
    height = _TOP + _ROW * len(kinds) + 12
    look = 'font-family="sans-serif" font-size="12"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" {look}>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        *_axis(scale, height),
    ]
    for row, kind in enumerate(kinds):
        y = _TOP + _ROW * row + _ROW // 2
        parts.append(f'<text x="{_LABELS - 10}" y="{y + 4}" text-anchor="end">{escape(kind.value)}</text>')
        parts += _dots([course for course in courses if course.fault.kind is kind], y, scale)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _axis(scale: int, height: int) -> Iterator[str]:
    for part in range(5):
        seconds = scale * part / 4
        x = _place(seconds, scale)
        yield f'<line x1="{x:.1f}" y1="{_TOP - 6}" x2="{x:.1f}" y2="{height - 8}" stroke="#dddddd"/>'
        yield f'<text x="{x:.1f}" y="{_TOP - 12}" text-anchor="middle" fill="#555555">{seconds:g} s</text>'


def _dots(courses: Sequence[Course], y: int, scale: int) -> Iterator[str]:
    for course in courses:
        seconds = course.recovery_seconds
        x = _place(scale if seconds is None else seconds, scale)
        fill = 'fill="none" stroke="#c0392b"' if seconds is None else 'fill="#2d6cc0" fill-opacity="0.55"'
        yield f'<circle cx="{x:.1f}" cy="{y}" r="5" {fill}/>'


def _place(seconds: float, scale: int) -> float:
    return _LABELS + (_WIDTH - _LABELS - 20) * seconds / scale
