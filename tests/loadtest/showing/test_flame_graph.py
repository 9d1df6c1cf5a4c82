"""Flame graphs."""

import re
from collections import defaultdict

import pytest
from hypothesis import given

from loadtest.showing.flame_graph import draw_flame_graph
from loadtest.showing.stacks import Stacks, read_folded
from tests.loadtest.showing.test_stacks import FOLDED, some_stacks

PLACE = re.compile(r'style="--x:([\d.e+-]+);--w:([\d.e+-]+);--y:(\d+)"')


def levels(drawn: str) -> dict[int, list[tuple[float, float]]]:
    """Give left edge and width of all frames by level, in percent."""
    found: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for x, w, y in PLACE.findall(drawn):
        found[int(y)].append((float(x), float(w)))
    return found


@given(some_stacks)
def test_frames_of_a_level_do_not_overlap_and_widths_are_the_shares(stacks: Stacks) -> None:
    found = levels(draw_flame_graph(stacks))
    assert found[0] == [(0, 100)]
    for level in found.values():
        assert sum(width for _, width in level) <= 100.1
        for (left, width), (next_left, _) in zip(sorted(level), sorted(level)[1:], strict=False):
            assert left + width <= next_left + 0.05


def test_the_example() -> None:
    drawn = draw_flame_graph(read_folded(FOLDED))
    assert sorted(width for _, width in levels(drawn)[1]) == pytest.approx(
        [100 * 4 / 12, 100 * 8 / 12], abs=0.01
    )
    assert "act · node/rules/hand.py · 66.7 % · 66.7 % in itself" in drawn
    assert [drawn.count(f'class="{group}"') for group in ("ours", "trio", "epoll", "other")] == [2, 1, 1, 0]
    assert "the 2 outermost ones" in drawn


def test_tiny_frames_are_left_out() -> None:
    drawn = draw_flame_graph(Stacks({("a", "b"): 99_990, ("a", "tiny"): 10}))
    assert ">b<" in drawn
    assert "tiny" not in drawn


def test_nothing_sampled() -> None:
    assert draw_flame_graph(Stacks()) == '<p class="note">not measured</p>'


def test_names_are_escaped() -> None:
    drawn = draw_flame_graph(Stacks({('<img src=x> ("y")', "<b>"): 1}))
    assert "<img" not in drawn
    assert "<b>" not in drawn
