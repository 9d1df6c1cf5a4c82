"""HTML and SVG put together in Python: whatever is not made here is a text, and escaped."""

from html import escape
from typing import Final

_EMPTY: Final = frozenset({"meta", "br", "input", "rect", "line", "path", "circle"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(kind: str, *content: str, **attributes: str | float | None) -> Html:
    """Make an element. Content that is not Html is escaped, as is every attribute; None leaves one out.

    An underscore at the end of an attribute's name is dropped (``class_``), others become hyphens.
    """
    head = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if kind in _EMPTY and not content:
        return Html(f"<{kind}{head}/>")
    return Html(f"<{kind}{head}>{join(*content)}</{kind}>")


def join(*content: str) -> Html:
    """Put pieces behind each other; those that are not Html are escaped."""
    return Html("".join(piece if isinstance(piece, Html) else escape(piece) for piece in content))


def section(title: str, *content: str, id_: str | None = None) -> Html:
    """Make a part of a page with its heading."""
    return element("section", element("h2", title), *content, id=id_)


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> Html:
    """Make a table: the first column names the row, the others hold numbers. It scrolls where too wide."""
    head = _head(heads) if any(heads) else Html("")
    return element("div", element("table", head, element("tbody", *map(_row, rows))), class_="wide")


def grouped_table(heads: tuple[str, ...], groups: list[tuple[str, list[tuple[str, ...]]]]) -> Html:
    """Make a table whose rows stand in groups with a heading each; its last column holds words."""
    bodies = (
        element(
            "tbody",
            element("tr", element("th", name, scope="rowgroup", colspan=len(heads)), class_="group"),
            *map(_row, rows),
        )
        for name, rows in groups
    )
    return element("div", element("table", _head(heads), *bodies), class_="wide judged")


def _head(heads: tuple[str, ...]) -> Html:
    return element("thead", element("tr", *(element("th", text, scope="col") for text in heads)))


def _row(row: tuple[str, ...]) -> Html:
    return element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:]))


def note(*content: str) -> Html:
    """Make a paragraph of small print."""
    return element("p", *content, class_="note")
