"""Whole pages: one file each, with its style and script in it, so that nothing is fetched from anywhere."""

from importlib.resources import files

from loadtest.showing.headline import show_goals, show_headline, title_of
from loadtest.showing.latency import show_http, show_latency
from loadtest.showing.markup import Html, element, join
from loadtest.showing.profiles import show_profiles
from loadtest.showing.result import Result
from loadtest.showing.servers import show_client, show_servers
from loadtest.showing.soundness import show_errors, show_ledger, show_scenarios
from loadtest.showing.timeline import show_timeline

_SECTIONS = (
    show_headline, show_goals, show_latency, show_timeline, show_http, show_errors, show_servers, show_ledger,
    show_client, show_scenarios, show_profiles,
)  # fmt: skip


def write_document(result: Result) -> str:
    """Write the page of a result."""
    return whole_page(title_of(result), *(show(result) for show in _SECTIONS))


def whole_page(title: str, *content: Html) -> str:
    """Put a page around its content."""
    head = (
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", _own_file("page.css")),
    )
    body = element("body", element("main", *content), element("script", _own_file("zoom.js")))
    page = element("html", element("head", *head), body, lang="en")
    return f"<!doctype html>\n{join(page)}\n"


def _own_file(name: str) -> Html:
    """Read a file of this package; none of them may contain what would end its element."""
    return Html("\n" + (files(__package__) / name).read_text(encoding="utf-8"))
