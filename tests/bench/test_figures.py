"""What benches make of what they have found."""

from typing import Any

import pytest

from bench.__main__ import _reason
from bench.baseline import summarize
from bench.load import rss_growth_percent
from bench.playing import Look, Played, Watch
from bench.room import Room, make_load, sum_metrics

NAMES = ("holdem_ledger_settled_hands_total", "holdem_ledger_settling_batches_total")
PAGE = """# HELP holdem_ledger_settled_hands_total Settlements
holdem_ledger_settled_hands_total{{shard="0"}} {hands}
holdem_ledger_settled_hands_total{{shard="1"}} {hands}
holdem_ledger_settling_batches_total{{shard="0"}} {batches}
holdem_ledger_settling_batches_created{{shard="0"}} 1.7e9
"""


def test_ratios_are_paired_by_round_and_their_spread_is_told() -> None:
    figures = summarize(
        {
            "node_cpu_us_per_action": [300.0, 100.0, 200.0],
            "baseline_cpu_us_per_action": [600.0, 400.0, 500.0],
            "node_own_ack_p99_ms": [3.0, 9.0, 4.0],
        }
    )
    assert figures["cpu_us_per_action"] == figures["node_cpu_us_per_action"] == 200.0
    assert (figures["node_cpu_us_per_action_least"], figures["node_cpu_us_per_action_most"]) == (100.0, 300.0)
    assert figures["cpu_vs_baseline"] == 0.4
    assert (figures["cpu_vs_baseline_least"], figures["cpu_vs_baseline_most"]) == (0.25, 0.5)
    assert figures["node_own_ack_p99_ms"] == 4.0
    assert "cpu_vs_bare" not in figures


def test_one_round_has_no_spread() -> None:
    figures = summarize({"node_cpu_us_per_action": [300.0], "bare_cpu_us_per_action": [200.0]})
    assert figures == {
        "node_cpu_us_per_action": 300.0,
        "bare_cpu_us_per_action": 200.0,
        "cpu_vs_bare": 1.5,
        "cpu_us_per_action": 300.0,
    }


def test_memory_grows_from_the_first_to_the_last_of_what_is_measured() -> None:
    sizes = [("warm_up", 50)] + [("measuring", 100 + number) for number in range(41)] + [("leaving", 900)]
    timeline: list[dict[str, Any]] = [
        {"phase": phase, "nodes": {"node-1": {"rss_kib": kib}}} for phase, kib in sizes
    ]
    timeline.insert(3, {"phase": "measuring", "nodes": {}})
    assert rss_growth_percent(Played({"timeline": timeline})) == pytest.approx(139.5 / 100.5 * 100 - 100)


def test_engines_are_counted_between_the_first_and_the_last_look() -> None:
    watch = Watch(Room(()))
    assert watch.engines_us_per_action() == {}
    assert watch.transactions_per_hand() == {}
    worker = [sum_metrics(PAGE.format(hands=hands, batches=hands / 10), NAMES) for hands in (10, 30)]
    watch.looks = [Look(100, {"valkey": 1.0}, 50, worker[0]), Look(300, {"valkey": 1.05}, 57, worker[1])]
    assert watch.engines_us_per_action() == {"valkey": 250.0}
    assert watch.transactions_per_hand() == {"all": 0.15, "settling": 0.05}


def test_a_failure_is_told_in_one_line() -> None:
    error = ExceptionGroup("all", [ExceptionGroup("some", [ValueError("first\nsecond")]), OSError("other")])
    assert _reason(error) == "ValueError: first"


def test_one_node_plays_for_a_bench_and_there_is_room_for_all() -> None:
    load = make_load(players=1000, tables=170)
    assert (load.nodes, load.players, load.tables * load.seats >= 1000) == (1, 1000, True)
