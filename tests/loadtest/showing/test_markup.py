"""Escaping."""

from loadtest.showing.markup import Html, element, grouped_table, join, note, section, table
from tests.loadtest.made_result import HOSTILE


def test_what_is_no_html_is_escaped() -> None:
    assert element("p", HOSTILE, element("b", "bold")) == (
        "<p>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;<b>bold</b></p>"
    )
    assert element("p", title='" onclick="x') == '<p title="&quot; onclick=&quot;x"></p>'
    assert join("<", Html("<br>")) == "&lt;<br>"


def test_attributes() -> None:
    assert element("td", class_="a", data_x=1, hidden=None) == '<td class="a" data-x="1"></td>'
    assert element("rect", x=1.5) == '<rect x="1.5"/>'
    assert element("rect", element("title", "t")) == "<rect><title>t</title></rect>"


def test_every_block_escapes() -> None:
    blocks = (
        section(HOSTILE, HOSTILE), note(HOSTILE), table((HOSTILE, ""), [(HOSTILE, HOSTILE)]),
        grouped_table((HOSTILE, ""), [(HOSTILE, [(HOSTILE, HOSTILE)])]),
    )  # fmt: skip
    assert all("<script" not in block for block in blocks)
    assert [block.count("&lt;script") for block in blocks] == [2, 1, 3, 4]


def test_a_table_without_heads_has_none() -> None:
    assert "<thead>" not in table(("", ""), [("a", "b")])
    assert "<thead>" in table(("", "B"), [("a", "b")])
