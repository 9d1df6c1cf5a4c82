"""Whole pages."""

import re
from html.parser import HTMLParser
from typing import Any

from loadtest.showing.document import write_document
from loadtest.showing.result import Result
from tests.loadtest.made_result import HOSTILE, made
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


def test_an_empty_result_is_a_page_too() -> None:
    assert write_document(Result({})).count("not measured") > 10
