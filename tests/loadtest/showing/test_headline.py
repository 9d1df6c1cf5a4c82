"""The top of a page."""

from loadtest.showing.headline import describe, machine_of, show_goals, show_headline, title_of
from loadtest.showing.result import Result
from tests.loadtest.made_result import HOSTILE, made, result, times


def test_who_played_and_on_what() -> None:
    assert describe(result()).startswith(
        "480 players at 80 tables, 6 seats a table, pace human, 61.2 s measured, msgpack, began 2026-09-21 "
    )
    assert machine_of(result()) == "2 cores, A processor, Python 3.11.9, Linux"


def test_met_goals_and_missed_ones() -> None:
    assert "All 7 goals met." in show_headline(result())
    missed = result(latency_ms={"own_ack": times(2), "all_seats": times(300)})
    assert '<p class="verdict bad">1 of 7 goals missed.</p>' in show_headline(missed)
    assert "✗ missed" in show_goals(missed)


def test_another_pace_is_said() -> None:
    assert "human pace" in show_goals(result(profile={"pace": "fast"}))
    assert "human pace" not in show_goals(result())


def test_a_bottleneck_is_said_plainly() -> None:
    slow = result(client=made()["client"] | {"is_bottleneck": True})
    assert 'class="warning"' in show_headline(slow)
    assert '<p class="verdict">All 7 goals met.</p>' in show_headline(slow)
    assert 'class="warning"' not in show_headline(result())


def test_key_numbers_are_those_of_the_file() -> None:
    shown = show_headline(result())
    assert '<dt>All seats, p99</dt><dd><data value="9.75">9.75 ms</data></dd>' in shown
    assert '<dt>CPU of node-1 per action</dt><dd><data value="950">950 µs</data></dd>' in shown
    assert '<dt>Refusals</dt><dd><data value="3">3</data></dd>' in shown


def test_nothing_is_known() -> None:
    assert title_of(Result({})) == "Load test: no name"
    assert "What was played is not known." in show_headline(Result({}))
    assert '<p class="verdict">Nothing was measured that a goal is set for.</p>' in show_headline(Result({}))
    assert machine_of(Result({})) == "On what is not known."


def test_names_are_escaped() -> None:
    hostile = result(
        profile={"name": HOSTILE, "pace": HOSTILE}, machine={"cpu": HOSTILE}, server={HOSTILE: {}}
    )
    assert "<script" not in show_headline(hostile) + show_goals(hostile)
