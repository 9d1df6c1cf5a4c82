"""Lists in pages: a cursor says behind which row a page begins, so that every page costs the same."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from attrs import frozen
from quart import request

from cardroom.service.http import RefusedRequest
from cardroom.service.openapi import Parameter, whole_parameter
from cardroom.service.postgres import Row
from cardroom.wire.refusals import Refusal

PAGE_ROWS: Final = 50
MAX_PAGE_ROWS: Final = 200

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_END_OF_TIME: Final = 253_402_300_799_999_999
_MAX_NUMBER: Final = 2**63 - 1
_MAX_DIGITS: Final = 19


CURSOR: Final = "cursor"
"""The format of a cursor: opaque to callers, who give it back as it is."""
PAGE_PARAMETERS: Final = (
    Parameter("after", {"type": "string", "format": CURSOR}, "``next`` of the page before"),
    whole_parameter("limit", 1, MAX_PAGE_ROWS, "How many rows at most", otherwise=PAGE_ROWS),
)


@frozen
class Cursor:
    """A row of a list by its time and its number; the list goes on behind it."""

    at: datetime
    number: int

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}-{self.number}"


NEWEST: Final = Cursor(_EPOCH + timedelta(microseconds=_END_OF_TIME), _MAX_NUMBER)


@frozen
class Page:
    """What of a list is asked for: up to ``limit`` rows behind ``after``."""

    after: Cursor
    limit: int


def read_page() -> Page:
    """Read ``?after=`` and ``?limit=`` of the request; refused: malformed."""
    text = request.args.get("after")
    return Page(NEWEST if text is None else _read_cursor(text), _read_limit())


def write_page(
    name: str,
    rows: Sequence[Row],
    page: Page,
    write: Callable[[Row], dict[str, Any]],
    place: Callable[[Row], Cursor],
) -> dict[str, Any]:
    """Write a page; ``next`` is the cursor of the following one, None when there is none."""
    is_full = len(rows) == page.limit
    return {name: [write(row) for row in rows], "next": str(place(rows[-1])) if is_full else None}


def _read_cursor(text: str) -> Cursor:
    microseconds, _, number = text.partition("-")
    at, row = _read_number(microseconds, "after"), _read_number(number, "after")
    if at > _END_OF_TIME:
        raise RefusedRequest(400, Refusal.MALFORMED, "after: no cursor of a list")
    return Cursor(_EPOCH + timedelta(microseconds=at), row)


def _read_limit() -> int:
    limit = _read_number(request.args.get("limit", str(PAGE_ROWS)), "limit")
    if not 1 <= limit <= MAX_PAGE_ROWS:
        raise RefusedRequest(400, Refusal.MALFORMED, f"limit: 1 to {MAX_PAGE_ROWS}")
    return limit


def _read_number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and int(text) <= _MAX_NUMBER):
        raise RefusedRequest(400, Refusal.MALFORMED, f"{name}: not such a number")
    return int(text)
