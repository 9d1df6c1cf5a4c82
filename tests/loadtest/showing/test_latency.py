"""Tables of latencies."""

import re

from loadtest.showing.latency import show_http, show_latency
from tests.loadtest.made_result import HOSTILE, made, result, times


def values(row: str, page: str) -> list[float]:
    """Give the exact numbers of a row of a table."""
    (cells,) = re.findall(rf'<th scope="row">{row}</th>(.*?)</tr>', page)
    return [float(value) for value in re.findall(r'<data value="([^"]+)">', cells)]


def test_percentiles_are_those_of_the_file() -> None:
    page = show_latency(result())
    for row, kind in (("Own answer", "own_ack"), ("All seats", "all_seats")):
        assert values(row, page) == list(made()["latency_ms"][kind].values())


def test_routes() -> None:
    page = show_http(result())
    assert values("login", page) == list(times(40.5).values())
    assert values("lobby", page) == list(times(1.75).values())


def test_what_is_absent_is_not_measured() -> None:
    page = show_latency(result(latency_ms={"own_ack": times(1) | {"p99_9": None}}, histogram=None))
    assert values("Own answer", page) == [1000, 1, 2, 3, 5]
    assert values("All seats", page) == []
    assert page.count("not measured") == 1 + 6 + 1
    assert "not measured" in show_http(result(http_ms=None))


def test_routes_are_escaped() -> None:
    assert "<script" not in show_http(result(http_ms={HOSTILE: times(1)}))
