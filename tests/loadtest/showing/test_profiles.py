"""Profiles of processes."""

from loadtest.sampling import profile_of
from loadtest.showing.profiles import show_profiles
from loadtest.showing.stacks import read_folded
from tests.loadtest.made_result import HOSTILE, result
from tests.loadtest.showing.test_stacks import FOLDED

PROFILE = profile_of(read_folded(FOLDED)) | {"seconds": 10.0, "awake_share": 0.25, "cpu_share": 0.2}


def test_graph_and_dearest_functions() -> None:
    page = show_profiles(result(profiles={"node-1": PROFILE}))
    assert 'class="flame"' in page
    assert "act<small>node/rules/hand.py</small>" in page
    assert '<data value="0.6667">66.7 %</data>' in page
    assert "12 samples in 10 s." in page
    assert "awake 25.0 % of the time; 75.0 % it slept" in page
    assert "33.3 % of the samples were in epoll" in page


def test_only_where_there_is_one() -> None:
    assert show_profiles(result()) == ""
    assert "not measured" in show_profiles(result(profiles={"node-1": {"folded": None}}))


def test_names_are_escaped() -> None:
    hostile = {"folded": f"{HOSTILE} 3\n", "top": [{"function": HOSTILE, "file": HOSTILE}]}
    assert "<script" not in show_profiles(result(profiles={HOSTILE: hostile}))
