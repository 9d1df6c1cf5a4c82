"""Whole pages."""

import re
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loadtest.showing.document import write_document
from loadtest.showing.result import Result
from loadtest.showing.side_by_side import Pair, as_page, as_text
from tests.loadtest.made_result import HOSTILE, made, times
from tests.loadtest.showing.test_profiles import PROFILE

VOID = {"meta", "br", "input"}


class Nesting(HTMLParser):
    """Follows which elements are open; scripts that it meets are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        assert not any(name.startswith("on") or name in {"src", "href"} for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.open.pop() == tag


def poisoned(content: Any) -> Any:
    """Put something hostile into every text and every key that is not looked for by its name."""
    match content:
        case dict():
            return {name: poisoned(found) for name, found in content.items()} | {HOSTILE: HOSTILE}
        case list():
            return [poisoned(found) for found in content]
        case str():
            return content + HOSTILE
        case _:
            return content


def test_a_page_is_whole_and_fetches_nothing() -> None:
    page = write_document(Result(made(profiles={"node-1": PROFILE})))
    nesting = Nesting()
    nesting.feed(page)
    assert (nesting.open, nesting.scripts) == ([], 1)
    assert re.findall(r"https?://|url\(|@import", page) == []


def test_nothing_from_a_file_becomes_html() -> None:
    document = poisoned(made(profiles={"node-1": PROFILE}, storm={"seconds": 1}))
    page = write_document(Result(document))
    nesting = Nesting()
    nesting.feed(page)
    assert (nesting.open, nesting.scripts) == ([], 1)
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of everything in a document."""
    inner = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    for name, found in inner:
        yield (*path, name)
        yield from places(found, (*path, name))


WHOLE = made(profiles={"node-1": PROFILE}, storm={"connections": 5, "back_ms": times(1)})
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1e308,
    10**400,
    "odd",
    "\ud800",
    [],
    [1],
    [[1, 2, 3]],
    {},
    {"p50": 1, "p99": "x"},
)


@given(st.lists(st.tuples(st.sampled_from(sorted(places(WHOLE), key=str)), st.sampled_from(ODD)), max_size=4))
def test_a_damaged_result_is_still_shown_and_compared(damages: list[tuple[tuple[Any, ...], Any]]) -> None:
    document = deepcopy(WHOLE)
    for (*path, name), odd in damages:
        part: Any = document
        with suppress(KeyError, IndexError, TypeError):
            for step in path:
                part = part[step]
            part[name] = odd
    damaged = Result(document)
    Nesting().feed(write_document(damaged))
    as_page(Pair("A", Result(WHOLE), "B", damaged))
    as_text(Pair("A", damaged, "B", Result(WHOLE)))


def test_an_empty_result_is_a_page_too() -> None:
    assert write_document(Result({})).count("not measured") > 10
