"""What one may ask of the lobby's list: filters, order, a part of it. Pure; for router and client alike."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

import attrs
from attrs import frozen

from cardroom.wire.lobby import LobbyTable
from cardroom.wire.presence import LobbyState

MAX_NAME_LETTERS: Final = 64
"""A text that is looked for in names is no longer."""

MAX_LIMIT: Final = 10_000
"""No more lines can be asked for by ``limit``; without one all are given."""

MOST_ASKED: Final = 10**15 - 1
"""No number that is asked for is larger."""

_MAX_DIGITS: Final = 15
_TRUTH: Final = {"true": True, "false": False}


class BadParameter(Exception):
    """A parameter that does not exist, stands twice, or has a value that it cannot have."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")


@frozen
class LobbyQuery:
    """Which lines of the lobby are wanted, and in which order. None: whatever it is.

    ``sort`` is the name of anything that a line shows, with ``-`` in front from the largest down; lines that
    are alike in it, and all lines without it, are in the order of their ids. The live lobby takes the filters
    only.
    """

    stake: str | None = None
    """The name of the game."""
    min_big_blind: int | None = None
    max_big_blind: int | None = None
    seat_count: int | None = None
    """How many seats the table has."""
    has_free_seat: bool | None = None
    min_players: int | None = None
    has_waiting: bool | None = None
    """Whether somebody waits for a seat."""
    state: LobbyState | None = None
    name: str | None = None
    """A part of the table's name; large and small letters are alike."""
    sort: str | None = None
    limit: int | None = None
    """At most so many lines."""
    after: int | None = None
    """Only the lines behind the one of this table: what follows the last part."""

    @property
    def filters(self) -> "LobbyQuery":
        """The same without order and part."""
        return attrs.evolve(self, sort=None, limit=None, after=None)

    def parameters(self) -> dict[str, str]:
        """Write the query as the parameters of an address."""
        values = {field.name: getattr(self, field.name) for field in attrs.fields(LobbyQuery)}
        return {name: _write(value) for name, value in values.items() if value is not None}

    def matcher(self) -> Callable[[LobbyTable], bool]:
        """Give the check whether a line passes the filters."""
        checks = [
            make(value) for name, make in _FILTERS.items() if (value := getattr(self, name)) is not None
        ]
        if len(checks) == 1:
            return checks[0]
        return lambda table: all(check(table) for check in checks)

    def order(self, tables: Sequence[LobbyTable]) -> Sequence[LobbyTable]:
        """Put lines, which are in the order of their ids, in order, and give the wanted part.

        Raises ``BadParameter`` if the table ``after`` which the part begins is not among them.
        """
        if self.sort is not None:
            key = _SORTS[self.sort.removeprefix("-")]
            # From the largest down, lines that are alike still stand in the order of their ids.
            tables = sorted(tables, key=key, reverse=self.sort.startswith("-"))
        first = 0
        if self.after is not None:
            first = next((n for n, one in enumerate(tables, 1) if one.table_id == self.after), 0)
            if not first:
                raise BadParameter("after", "no such table in this list")
        return tables[first:][: self.limit]


def read_query(parameters: Iterable[tuple[str, str]], *, filters_only: bool = False) -> LobbyQuery:
    """Read a query; raises ``BadParameter``."""
    readers = {name: one for name, one in _READERS.items() if not (filters_only and name in _PARTS)}
    found: dict[str, Any] = {}
    for name, text in parameters:
        if name not in readers:
            raise BadParameter(name[:MAX_NAME_LETTERS], "no such parameter here")
        if name in found:
            raise BadParameter(name, "stands twice")
        found[name] = readers[name](name, text)
    return LobbyQuery(**found)


def plain_name(text: str) -> str:
    """Give a text as it is compared: one way of writing each letter, all of them small."""
    return unicodedata.normalize("NFC", text).casefold()


def _write(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.value if isinstance(value, Enum) else value)


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise BadParameter(name, "a whole number, not below 0")
    return int(text)


def _limit(name: str, text: str) -> int:
    number = _number(name, text)
    if not 1 <= number <= MAX_LIMIT:
        raise BadParameter(name, f"1 to {MAX_LIMIT}")
    return number


def _truth(name: str, text: str) -> bool:
    if text not in _TRUTH:
        raise BadParameter(name, "true or false")
    return _TRUTH[text]


def _text(name: str, text: str) -> str:
    if not 0 < len(text) <= MAX_NAME_LETTERS:
        raise BadParameter(name, f"1 to {MAX_NAME_LETTERS} letters")
    return text


def _state(name: str, text: str) -> LobbyState:
    try:
        return LobbyState(text)
    except ValueError:
        raise BadParameter(name, " or ".join(one.value for one in LobbyState)) from None


def _sort(name: str, text: str) -> str:
    if text.removeprefix("-") not in _SORTS:
        raise BadParameter(name, f"one of {', '.join(_SORTS)}, with - in front from the largest down")
    return text


def _named(part: str) -> Callable[[LobbyTable], bool]:
    plain = plain_name(part)
    return lambda table: plain in plain_name(table.name)


_READERS: Final[Mapping[str, Callable[[str, str], Any]]] = MappingProxyType(
    {
        "stake": _text,
        "min_big_blind": _number,
        "max_big_blind": _number,
        "seat_count": _number,
        "has_free_seat": _truth,
        "min_players": _number,
        "has_waiting": _truth,
        "state": _state,
        "name": _text,
        "sort": _sort,
        "limit": _limit,
        "after": _number,
    }
)
_PARTS: Final = frozenset({"sort", "limit", "after"})

_FILTERS: Final[Mapping[str, Callable[[Any], Callable[[LobbyTable], bool]]]] = MappingProxyType(
    {
        "stake": lambda stake: lambda table: table.stake == stake,
        "min_big_blind": lambda least: lambda table: table.big_blind >= least,
        "max_big_blind": lambda most: lambda table: table.big_blind <= most,
        "seat_count": lambda count: lambda table: table.seat_count == count,
        "has_free_seat": lambda wanted: lambda table: (table.players < table.seat_count) is wanted,
        "min_players": lambda least: lambda table: table.players >= least,
        "has_waiting": lambda wanted: lambda table: (table.waiting > 0) is wanted,
        "state": lambda state: lambda table: table.state is state,
        "name": _named,
    }
)

_SORTS: Final[Mapping[str, Callable[[LobbyTable], Any]]] = MappingProxyType(
    {
        "table_id": lambda table: table.table_id,
        "name": lambda table: plain_name(table.name),
        "stake": lambda table: table.stake,
        "small_blind": lambda table: table.small_blind,
        "big_blind": lambda table: table.big_blind,
        "min_buy_in": lambda table: table.min_buy_in,
        "max_buy_in": lambda table: table.max_buy_in,
        "seat_count": lambda table: table.seat_count,
        "players": lambda table: table.players,
        "free_seats": lambda table: table.seat_count - table.players,
        "waiting": lambda table: table.waiting,
        "hand_no": lambda table: table.hand_no,
        "average_pot": lambda table: table.average_pot,
        "hands_per_hour": lambda table: table.hands_per_hour,
        "pace_ms": lambda table: table.pace_ms,
    }
)

SORTS: Final = (*_SORTS, *(f"-{name}" for name in _SORTS))
"""What ``sort`` may say."""
