"""Parameters of a request's address, read strictly: each once, none that the page does not know."""

import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final

from quart import request

from cardroom.service.http import RefusedRequest
from cardroom.service.openapi import asked_page, whole_parameter
from cardroom.wire.json_schema import Schema
from cardroom.wire.refusals import Refusal

LONGEST_PAGE: Final = 200
_USUAL_PAGE: Final = 50
_LARGEST_ID: Final = 2**63 - 1
_LONGEST_VALUE: Final = 512

_NUMBER: Final = re.compile(r"[0-9]{1,19}")
_RFC_3339: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


LIMIT: Final = whole_parameter("limit", 1, LONGEST_PAGE, "How many rows at most", otherwise=_USUAL_PAGE)
AFTER_TABLE: Final = whole_parameter("after", 0, _LARGEST_ID, "``next`` of the page before", otherwise=0)
BEFORE: Final = whole_parameter("before", 1, _LARGEST_ID, "``next_before`` of the page before")
TEXT: Final[Schema] = {"type": "string", "maxLength": _LONGEST_VALUE, "pattern": r"^[^\x00]*$"}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}


def bad_parameter(name: str, rule: str) -> RefusedRequest:
    """Give the refusal of a parameter; the detail begins with its name."""
    return RefusedRequest(400, Refusal.MALFORMED, f"{name}: {rule}")


def read_parameters(known: Collection[str]) -> dict[str, str]:
    """Give the request's parameters; refused: one that is not known, twice there, or too long."""
    page = asked_page()
    said = set() if page is None else {one.name for one in page.parameters if one.place == "query"}
    assert page is None or said == set(known), "the page knows other parameters than it says"
    found: dict[str, str] = {}
    for name, values in request.args.lists():
        if name not in known:
            raise bad_parameter(name[:64], f"not known here; known are {', '.join(sorted(known))}")
        if len(values) != 1:
            raise bad_parameter(name, "only once")
        if len(values[0]) > _LONGEST_VALUE or "\0" in values[0]:
            raise bad_parameter(name, f"up to {_LONGEST_VALUE} letters, none of them NUL")
        found[name] = values[0]
    return found


def read_limit(parameters: dict[str, str]) -> int:
    """Give how many rows a page has at most: 1 to 200, 50 if nothing is said."""
    return read_number(parameters, "limit", 1, LONGEST_PAGE, _USUAL_PAGE)


def read_before(parameters: dict[str, str]) -> int:
    """Give the number that the rows of a page lie below, for pages that go by number."""
    return read_number(parameters, "before", 1, _LARGEST_ID, _LARGEST_ID)


def read_number(parameters: dict[str, str], name: str, smallest: int, largest: int, otherwise: int) -> int:
    """Give a whole number between two others, or what it is if nothing is said."""
    text = parameters.get(name)
    if text is None:
        return otherwise
    if _NUMBER.fullmatch(text) is None or not smallest <= int(text) <= largest:
        raise bad_parameter(name, f"a whole number from {smallest} to {largest}")
    return int(text)


def read_time(parameters: dict[str, str], name: str) -> datetime | None:
    """Give a time by RFC 3339, with its offset, in UTC; None if nothing is said."""
    text = parameters.get(name)
    if text is None:
        return None
    rule = "a time by RFC 3339, such as 2026-11-25T09:00:00Z"
    if _RFC_3339.fullmatch(text) is None:
        raise bad_parameter(name, rule)
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise bad_parameter(name, rule) from None


def write_time(time: datetime | None) -> str | None:
    """Write a time by RFC 3339 in UTC, to the microsecond."""
    return None if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
