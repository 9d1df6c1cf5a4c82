"""Folded stacks, their tree and the dearest functions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.showing.stacks import (
    Branch,
    Stacks,
    find_dearest,
    grow_tree,
    read_folded,
    samples_in,
    split_frame,
    without_common_start,
    write_folded,
)

FOLDED = """\
main (node/main.py:35);run (trio/_core/_run.py:2532);TableActor.run (node/tables/actor.py:102);act (node/rules/hand.py:7) 6
main (node/main.py:35);run (trio/_core/_run.py:2532);TableActor.run (node/tables/actor.py:110);act (node/rules/hand.py:9) 2
main (node/main.py:35);run (trio/_core/_run.py:2532);EpollIOManager.get_events (trio/_core/_io_epoll.py:243) 4
"""  # noqa: E501
ACT = "act (node/rules/hand.py)"

frames = st.lists(st.sampled_from("abcd"), min_size=1, max_size=6).map(tuple)
some_stacks = st.dictionaries(frames, st.integers(1, 50), min_size=1, max_size=12).map(Stacks)


def test_lines_of_a_function_count_together() -> None:
    stacks = read_folded(FOLDED)
    assert sorted(stacks.values()) == [4, 8]
    assert read_folded(write_folded(stacks)) == stacks
    assert samples_in(stacks, "EpollIOManager.get_events") == 4


def test_folders_of_the_installation_are_cut_off() -> None:
    (stack,) = read_folded(
        "a (/o/lib/python3.11/site-packages/trio/_core/_run.py:1);b (/usr/lib/python3.11/json/decoder.py:2);"
        "<lambda> (<string>:1);__init__ (<attrs generated methods node.x>:3);process 1 (x) 5\n"
        "no count\nsome;thing x\n\n"
    )
    assert stack == (
        "a (trio/_core/_run.py)", "b (json/decoder.py)", "<lambda> (<string>)",
        "__init__ (<attrs generated methods node.x>)", "process 1 (x)",
    )  # fmt: skip


def test_frames_have_a_function_and_a_file() -> None:
    assert split_frame(ACT) == ("act", "node/rules/hand.py")
    assert split_frame("native_call") == ("native_call", "")


def test_the_dearest_functions() -> None:
    dearest = find_dearest(read_folded(FOLDED))
    assert [dear.function for dear in dearest] == ["act", "EpollIOManager.get_events"]
    assert [dear.self_share for dear in dearest] == pytest.approx([8 / 12, 4 / 12])
    assert [dear.inclusive_share for dear in dearest] == pytest.approx([8 / 12, 4 / 12])


def test_a_function_that_calls_itself_counts_once() -> None:
    (dear,) = find_dearest(Stacks({("a", "b", "b", "b"): 3}))
    assert (dear.function, dear.inclusive_share) == ("b", 1)


@given(some_stacks)
def test_shares_are_of_the_whole(stacks: Stacks) -> None:
    dearest = find_dearest(stacks, most=100)
    assert sum(dear.self_share for dear in dearest) == pytest.approx(1)
    assert all(dear.self_share <= dear.inclusive_share + 1e-9 <= 1 + 2e-9 for dear in dearest)


def holds_all(branch: Branch) -> bool:
    calls = branch.calls.values()
    return branch.samples == branch.own_samples + sum(call.samples for call in calls) and all(
        map(holds_all, calls)
    )


@given(some_stacks)
def test_widths_add_up_in_every_branch(stacks: Stacks) -> None:
    root = grow_tree(stacks)
    assert root.samples == stacks.total()
    assert holds_all(root)
    start, _ = without_common_start(root)
    assert start.samples == stacks.total()


def test_what_all_share_is_left_out() -> None:
    start, skipped = without_common_start(grow_tree(read_folded(FOLDED)))
    assert (start.frame, skipped) == ("run (trio/_core/_run.py)", 2)
    assert len(start.calls) == 2
    alone, skipped = without_common_start(grow_tree(Stacks({("a", "b"): 1})))
    assert (alone.frame, list(alone.calls), skipped) == ("a", ["b"], 1)
