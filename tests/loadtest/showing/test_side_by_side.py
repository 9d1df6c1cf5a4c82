"""Two results for a terminal, a program, and as a page."""

from loadtest.showing.side_by_side import Pair, as_document, as_page, as_text
from tests.loadtest.made_result import HOSTILE, made, result, times

SLOWER = result(latency_ms={"own_ack": times(2.125), "all_seats": times(6.5)})
PAIR = Pair("a.json", result(), "b.json", SLOWER)


def test_a_table_for_a_terminal() -> None:
    text = as_text(PAIR)
    assert "Nothing speaks against comparing the two." in text
    row = next(
        line for line in text.split("Action to all seats")[1].splitlines() if line.startswith("  p99 ")
    )
    assert row.split() == ["p99", "9.75", "ms", "19.5", "ms", "2.00", "worse"]
    assert "worse in 5, about the same in" in text.splitlines()[-1]


def test_nothing_can_steer_the_terminal() -> None:
    hostile = Pair("a\x1b[2J", result(http_ms={"\x1b[31m": times(1)}), "b", result())
    assert "\x1b" not in as_text(hostile)


def test_an_object_for_programs() -> None:
    document = as_document(PAIR)
    (figure,) = [
        one for one in document["figures"] if (one["group"], one["name"]) == ("Action to all seats", "p99")
    ]
    assert figure == {
        "group": "Action to all seats", "name": "p99", "unit": "ms", "better": "lower", "a": 9.75, "b": 19.5,
        "ratio": 2.0, "verdict": "worse",
    }  # fmt: skip
    assert document["warnings"] == []


def test_a_page() -> None:
    page = as_page(PAIR)
    assert (
        '<data value="9.75">9.75 ms</data></td><td><data value="19.5">19.5 ms</data></td><td>2.00</td>'
        in page
    )
    assert page.count("<svg") == 2
    assert 'class="warning"' not in page


def test_warnings_and_escaping() -> None:
    other = result(profile=made()["profile"] | {"name": HOSTILE}, server={HOSTILE: {"cpu_us_per_action": 1}})
    page = as_page(Pair(HOSTILE, result(), HOSTILE, other))
    assert 'class="warning"' in page
    assert HOSTILE not in page
