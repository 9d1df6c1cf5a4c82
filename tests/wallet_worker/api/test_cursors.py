"""Cursors name a row exactly, and pages say whether there is more."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quart import Quart

from cardroom.service.http import RefusedRequest
from wallet_worker.api.cursors import MAX_PAGE_ROWS, NEWEST, PAGE_ROWS, Cursor, Page, read_page, write_page

APP = Quart("cursors")
MICROSECONDS = st.integers(0, 253_402_300_799_999_999)


async def _read(query: str) -> Page:
    async with APP.test_request_context(f"/list?{query}"):
        return read_page()


async def test_without_words_a_page_begins_with_the_newest() -> None:
    assert await _read("") == Page(NEWEST, PAGE_ROWS)
    assert await _read(f"limit={MAX_PAGE_ROWS}") == Page(NEWEST, MAX_PAGE_ROWS)
    assert NEWEST.at > datetime(9999, 12, 31, tzinfo=UTC)


@given(microseconds=MICROSECONDS, number=st.integers(0, 2**63 - 1))
def test_a_cursor_is_written_to_the_microsecond(microseconds: int, number: int) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    assert str(Cursor(at, number)) == f"{microseconds}-{number}"


async def test_a_cursor_of_another_zone_is_the_same_moment() -> None:
    at = datetime(2026, 11, 25, 9, 0, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    page = await _read(f"after={Cursor(at, 7)}&limit=3")
    assert page == Page(Cursor(at, 7), 3)


async def test_what_is_no_cursor_is_refused() -> None:
    for query in ("after=1", "after=1-2-3", "after=a-1", "limit=-1", "limit=1.5"):
        with pytest.raises(RefusedRequest):
            await _read(query)


def test_a_page_that_is_not_full_is_the_last() -> None:
    page = Page(NEWEST, 2)
    place = Cursor(datetime(2026, 1, 1, tzinfo=UTC), 4)
    rows = [{"n": 1}, {"n": 2}]
    full = write_page("rows", rows, page, dict, lambda _: place)  # type: ignore[arg-type]
    assert full == {"rows": rows, "next": str(place)}
    last = write_page("rows", rows[:1], page, dict, lambda _: place)  # type: ignore[arg-type]
    assert last == {"rows": rows[:1], "next": None}
