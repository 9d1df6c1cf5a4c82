"""Numbers as people read them, with their unit; what is absent is "not measured"."""

from collections.abc import Callable
from enum import Enum, unique
from typing import Final

from loadtest.showing.markup import Html, element

NOT_MEASURED: Final = "not measured"
_PERCENT: Final = 100.0
_KIB_PER_MIB: Final = 1024.0
_LARGEST_KIB: Final = 10_000.0


@unique
class Unit(Enum):
    """What a number counts."""

    COUNT = "count"
    BARE = "as the head of the column says"
    PER_SECOND = "per second"
    MILLISECONDS = "ms"
    MICROSECONDS = "µs"
    SECONDS = "s"
    KIB = "KiB"
    MIB = "MiB"
    SHARE = "% of a core"
    """A share of one core: 1.0 is shown as 100 %."""
    PART = "%"
    """A part of a whole: 1.0 is shown as 100 %."""


def rounded(number: float) -> str:
    """Write a number with about three digits, thousands apart: 1,234; 56.7; 8.90; 0.012."""
    size = abs(number)
    if number == int(number) or size >= _PERCENT:
        return f"{number:,.0f}"
    digits = 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{number:,.{digits}f}"


def _kib(number: float) -> str:
    if abs(number) >= _LARGEST_KIB:
        return f"{rounded(number / _KIB_PER_MIB)} MiB"
    return f"{rounded(number)} KiB"


_WRITERS: Final[dict[Unit, Callable[[float], str]]] = {
    Unit.COUNT: rounded,
    Unit.BARE: rounded,
    Unit.PER_SECOND: lambda number: f"{rounded(number)}/s",
    Unit.MILLISECONDS: lambda number: f"{rounded(number)} ms",
    Unit.MICROSECONDS: lambda number: f"{rounded(number)} µs",
    Unit.SECONDS: lambda number: f"{rounded(number)} s",
    Unit.KIB: _kib,
    Unit.MIB: lambda number: f"{rounded(number)} MiB",
    Unit.SHARE: lambda number: f"{number * _PERCENT:,.1f} %",
    Unit.PART: lambda number: f"{number * _PERCENT:,.1f} %",
}


def written(number: float | None, unit: Unit) -> str:
    """Write a number with its unit as plain text."""
    return NOT_MEASURED if number is None else _WRITERS[unit](number)


def shown(number: float | None, unit: Unit) -> Html:
    """Write a number with its unit for a page; the exact number stays in the element."""
    if number is None:
        return element("span", NOT_MEASURED, class_="absent")
    return element("data", written(number, unit), value=number)


def spoken(name: str) -> str:
    """Write a key of a result in words: ``failed_attempts`` is failed attempts."""
    return name.replace("_ms_", "_").replace("_", " ")


_ENDINGS: Final = (
    ("_per_s", Unit.PER_SECOND),
    ("_ms", Unit.MILLISECONDS),
    ("_us", Unit.MICROSECONDS),
    ("_seconds", Unit.SECONDS),
    ("_s", Unit.SECONDS),
    ("_kib", Unit.KIB),
    ("_share", Unit.PART),
)


def unit_of(name: str) -> tuple[str, Unit]:
    """Give the words and the unit of a key whose ending tells it: ``lag_ms`` is lag, in milliseconds."""
    if name == "share":
        return name, Unit.PART
    for ending, unit in _ENDINGS:
        if name.endswith(ending) and len(name) > len(ending):
            return spoken(name.removesuffix(ending)), unit
    return spoken(name), Unit.COUNT
