"""Lists of a player's transactions, as the player and administrators ask for them: filters, pages, CSV."""

import base64
import binascii
import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from quart import Response

from cardroom.ids import UserId
from cardroom.service.openapi import Parameter
from cardroom.service.parameters import (
    LIMIT,
    LONGEST_PAGE,
    TIME,
    bad_parameter,
    read_limit,
    read_parameters,
    read_time,
    write_time,
)
from cardroom.service.postgres import Postgres
from wallet_worker.rules.transfers import TransferKind
from wallet_worker.store.read_transactions import AccountsOf, Filter, Place, read_transactions

_FILTERS: Final = ("kind", "from", "to", "account")
CSV_TYPE: Final = "text/csv; charset=utf-8; header=present"
_TIMES: Final = ("created_at", "completed_at")
_KINDS: Final = "|".join(kind.value for kind in TransferKind)

FILTER_PARAMETERS: Final = (
    Parameter(
        "kind",
        {"type": "string", "maxLength": 512, "pattern": f"^({_KINDS})(,({_KINDS}))*$"},
        "One or more kinds, with commas between them",
    ),
    Parameter("from", TIME, "Booked then or later"),
    Parameter("to", TIME, "Booked before then; later than ``from``"),
    Parameter(
        "account",
        {"type": "string", "enum": [one.value for one in AccountsOf], "default": AccountsOf.WALLET.value},
        "On which accounts; those of tables say what hands won and lost",
    ),
)
CURSOR: Final = "transactions-cursor"
"""The format of a cursor: opaque to callers, who give it back as it is."""
LIST_PARAMETERS: Final = (
    *FILTER_PARAMETERS,
    LIMIT,
    Parameter("before", {"type": "string", "format": CURSOR}, "``next_before`` of the page before"),
)

_FIRST_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LAST_TIME: Final = datetime(9000, 1, 1, tzinfo=UTC)
_LARGEST: Final = 2**63 - 1
_TOP: Final = Place(_LAST_TIME, _LARGEST, _LARGEST)

_MICROSECOND: Final = timedelta(microseconds=1)
_COLUMNS: Final = (
    "id", "transfer", "kind", "account", "table_id", "hand_id", "amount", "krw_balance_after", "created_at",
    "completed_at", "coin", "coin_amount", "rate", "tx_hash", "address", "integrity_hash",
)  # fmt: skip
_TEXTS: Final = frozenset({"coin", "tx_hash", "address"})
_FORMULA_BEGINS: Final = ("=", "+", "-", "@", "\t", "\r")


async def list_transactions(postgres: Postgres, user_id: UserId) -> dict[str, Any]:
    """Answer a request for one page; refused: parameters that are none."""
    asked = read_parameters({*_FILTERS, "limit", "before"})
    limit, below = read_limit(asked), _read_cursor(asked)
    page = await read_transactions(postgres, _read_filter(asked, user_id), below, limit)
    return {
        "transactions": [_show(one) for one in page.transactions],
        "next_before": None if page.next is None else write_cursor(page.next),
    }


async def export_transactions(postgres: Postgres, user_id: UserId, seconds: float) -> Response:
    """Answer with all transactions that a filter asks for, as CSV by RFC 4180, newest first.

    It is read page by page: no transaction of the database is open while the reader is slow, and memory
    holds one page. After ``seconds`` it is cut off without its end, which HTTP tells the reader.
    """
    asked = _read_filter(read_parameters(_FILTERS), user_id)
    response = Response(_rows(postgres, asked), content_type=CSV_TYPE)
    response.headers["Content-Disposition"] = 'attachment; filename="transactions.csv"'
    response.headers["Cache-Control"] = "no-store"
    response.timeout = seconds
    return response


async def _rows(postgres: Postgres, asked: Filter) -> AsyncIterator[bytes]:
    yield _write_rows([list(_COLUMNS)])
    below: Place | None = _TOP
    while below is not None:
        page = await read_transactions(postgres, asked, below, LONGEST_PAGE)
        below = page.next
        if page.transactions:
            yield _write_rows([_cells(_show(one)) for one in page.transactions])


def _write_rows(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cells(facts: dict[str, Any]) -> list[str]:
    return [_cell(name, facts[name]) for name in _COLUMNS]


def _cell(name: str, value: Any) -> str:
    """Write a value; a text that a spreadsheet would take for a formula gets an apostrophe in front."""
    text = "" if value is None else str(value)
    return f"'{text}" if name in _TEXTS and text.startswith(_FORMULA_BEGINS) else text


def _show(facts: dict[str, Any]) -> dict[str, Any]:
    return facts | {name: write_time(facts[name]) for name in _TIMES}


def _read_filter(asked: dict[str, str], user_id: UserId) -> Filter:
    first, end = read_time(asked, "from") or _FIRST_TIME, read_time(asked, "to") or _LAST_TIME
    if first >= end:
        raise bad_parameter("to", "later than from")
    return Filter(user_id, _read_accounts(asked), _read_kinds(asked), first, end)


def _read_kinds(asked: dict[str, str]) -> frozenset[TransferKind]:
    if "kind" not in asked:
        return frozenset(TransferKind)
    try:
        return frozenset(TransferKind(word) for word in asked["kind"].split(","))
    except ValueError:
        kinds = ", ".join(kind.value for kind in TransferKind)
        raise bad_parameter("kind", f"one or more of {kinds}, with commas between them") from None


def _read_accounts(asked: dict[str, str]) -> AccountsOf:
    try:
        return AccountsOf(asked.get("account", "wallet"))
    except ValueError:
        raise bad_parameter("account", "wallet, pending_withdrawal or tables") from None


def write_cursor(place: Place) -> str:
    """Write where the next page begins; callers give it back as it is."""
    microseconds = (place.booked_at - _FIRST_TIME) // _MICROSECOND
    text = f"{microseconds}.{place.account_id}.{place.version}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(asked: dict[str, str]) -> Place:
    text = asked.get("before")
    if text is None:
        return _TOP
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
        numbers = [int(part) for part in plain.split(".")]
        microseconds, account_id, version = numbers
        place = Place(_FIRST_TIME + microseconds * _MICROSECOND, account_id, version)
    except (ValueError, binascii.Error, OverflowError):
        raise bad_parameter("before", "next_before of an earlier answer") from None
    if min(numbers) < 0 or max(account_id, version) > _LARGEST or write_cursor(place) != text:
        raise bad_parameter("before", "next_before of an earlier answer")
    return place
