"""The course of a run."""

from loadtest.showing.timeline import show_timeline
from tests.loadtest.made_result import HOSTILE, moment, result


def test_everything_is_drawn() -> None:
    page = show_timeline(result())
    assert page.count("<svg") == 8
    for told in (
        "Actions: 202/s",
        "All seats: 9 ms",
        "Seated: 470",
        "node-1: 25.0 %",
        "node-1: 80 MiB",
        "Lag: 1.50 ms",
    ):
        assert told in page


def test_a_node_that_was_not_there_all_the_time() -> None:
    later = moment(2) | {
        "nodes": {"node-1": {"cpu_share": 0.5, "rss_kib": None}, "node-2": {"cpu_share": 0.125}}
    }
    page = show_timeline(result(timeline=[moment(1), later]))
    assert "1 s\nnode-1: 25.0 %\nnode-2: not measured" in page
    assert "2 s\nnode-1: 50.0 %\nnode-2: 12.5 %" in page
    assert "2 s\nnode-1: not measured" in page


def test_the_measured_part_is_shaded() -> None:
    phases = ("ramp_up", "measuring", "measuring", "leaving")
    timeline = [moment(at) | {"phase": phase} for at, phase in enumerate(phases)]
    page = show_timeline(result(timeline=timeline))
    assert page.count('class="measured"') == 8
    assert "shaded" in page
    assert "shaded" not in show_timeline(result(timeline=timeline[1:3]))
    assert "shaded" not in show_timeline(result())


def test_no_timeline() -> None:
    assert "not measured" in show_timeline(result(timeline=None))
    assert show_timeline(result(timeline=[{"at": 1}])).count("not measured") == 8


def test_names_are_escaped() -> None:
    hostile = moment(1) | {"nodes": {HOSTILE: {"cpu_share": 1, "rss_kib": 1}}}
    assert "<script" not in show_timeline(result(timeline=[hostile]))
