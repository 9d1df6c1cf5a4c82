"""Charts: every number has its place, what is absent leaves a gap."""

import re
from xml.etree.ElementTree import fromstring

import pytest

from loadtest.showing.charts import HEIGHT, MOST_POINTS, WIDTH, Chart, Line, draw_latencies, draw_lines
from loadtest.showing.words import Unit
from tests.loadtest.made_result import HOSTILE

_NUMBER = r"-?\d+\.\d"


def lines(*values: float | None, keeps_highest: bool = False) -> str:
    line = Line("node-1", [(float(at), value) for at, value in enumerate(values)])
    return draw_lines(Chart("Memory", Unit.MIB, [line], keeps_highest))


def test_a_line_stays_in_its_picture_and_tells_its_numbers() -> None:
    drawn = lines(1.0, 4.0, 2.0)
    places = re.findall(rf"[ML]({_NUMBER}) ({_NUMBER})", drawn)
    assert len(places) == 3
    assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in places)
    heights = [float(y) for _, y in places]
    assert heights[1] < heights[2] < heights[0]
    assert "1 s\nnode-1: 4 MiB" in drawn
    fromstring(drawn)


def test_a_gap_where_nothing_was_measured() -> None:
    def strokes(drawn: str) -> list[int]:
        (path,) = re.findall(r'<path d="([^"]*)"', drawn)
        return [stroke.count("L") for stroke in path.split("M")[1:]]

    assert strokes(lines(1.0, 4.0, 2.0, 3.0)) == [3]
    assert strokes(lines(1.0, 4.0, None, 3.0, None)) == [1, 0]
    assert "node-1: not measured" in lines(1.0, None, 2.0)


def test_no_number_at_all() -> None:
    assert "<svg" not in lines(None, None)
    assert "not measured" in lines(None, None)
    assert "not measured" in lines()
    assert "not measured" in draw_latencies("Latency", [("own", []), ("all", [(1.0, 0)])])


def test_one_moment_and_zeros_can_be_drawn() -> None:
    assert "<svg" in lines(0.0)
    assert "<svg" in lines(0.0, 0.0)


def test_many_points_are_drawn_as_fewer_and_it_says_so() -> None:
    values = [0.0] * (4 * MOST_POINTS)
    values[17] = 8.0
    peak = lines(*values, keeps_highest=True)
    assert "node-1: 8 MiB" in peak
    assert "Each point is the highest of 4 in a row." in peak
    mean = lines(*values)
    assert "node-1: 2 MiB" in mean
    assert "the mean of 4" in mean
    assert peak.count('class="pointer"') == MOST_POINTS


def test_shares_of_latencies_add_up_to_the_whole() -> None:
    pairs = [(0.5, 10.0), (1.9, 60.0), (2.0, 20.0), (250.0, 10.0)]
    drawn = draw_latencies("Latency", [("own", pairs)])
    shares = [float(share) for share in re.findall(r"own: (\d+\.\d+) %", drawn)]
    assert sum(shares) == pytest.approx(100)
    assert max(shares) >= 60
    fromstring(drawn)


def test_names_are_escaped() -> None:
    point = [(1.0, 2.0), (2.0, 3.0)]
    drawn = draw_lines(Chart(HOSTILE, Unit.COUNT, [Line(HOSTILE, point)])) + draw_latencies(
        HOSTILE, [(HOSTILE, point)]
    )
    assert "<script" not in drawn
