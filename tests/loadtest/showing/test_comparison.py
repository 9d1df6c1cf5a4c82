"""Which of two results is better, and whether they may be compared."""

from typing import Any

import pytest

from loadtest.showing.comparison import Better, Figure, Verdict, caveats, compare, failures
from loadtest.showing.result import Result
from loadtest.showing.words import Unit
from tests.loadtest.made_result import made, result, times


def figure(a: float | None, b: float | None, better: Better = Better.LOWER) -> Figure:
    return Figure("", "", Unit.COUNT, better, a, b)


@pytest.mark.parametrize(
    ("a", "b", "lower", "higher", "neither"),
    [
        (10, 8, Verdict.BETTER, Verdict.WORSE, Verdict.DIFFERENT),
        (10, 12, Verdict.WORSE, Verdict.BETTER, Verdict.DIFFERENT),
        (10, 10.4, Verdict.SAME, Verdict.SAME, Verdict.SAME),
        (10, 9.6, Verdict.SAME, Verdict.SAME, Verdict.SAME),
        (0, 0, Verdict.SAME, Verdict.SAME, Verdict.SAME),
        (0, 1, Verdict.WORSE, Verdict.BETTER, Verdict.DIFFERENT),
        (None, 1, Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.UNKNOWN),
        (1, None, Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.UNKNOWN),
    ],
)
def test_verdicts(
    a: float | None, b: float | None, lower: Verdict, higher: Verdict, neither: Verdict
) -> None:
    found = [figure(a, b, better).verdict for better in (Better.LOWER, Better.HIGHER, Better.NEITHER)]
    assert found == [lower, higher, neither]


def test_ratios() -> None:
    assert figure(10, 5).ratio == 0.5
    assert [figure(0, 5).ratio, figure(None, 5).ratio, figure(5, None).ratio] == [None] * 3


def named(a: Result, b: Result) -> dict[tuple[str, str], Figure]:
    return {(one.group, one.name): one for one in compare(a, b)}


def test_all_numbers_of_both() -> None:
    other = result(http_ms={"ticket": times(1)}, server={"node-2": {"kind": "node", "cpu_us_per_action": 5}})
    found = named(result(), other)
    assert found["Throughput", "actions"].better is Better.HIGHER
    assert found["HTTP login", "p95"].b is None
    assert found["HTTP ticket", "p95"].a is None
    assert found["node-1", "CPU per action"].a == 950
    assert found["node-2", "CPU per action"].b == 5
    assert found["Errors", "refusals"].a == 3
    assert found["Load test itself", "lag, p99"].a == 2.5
    assert len(found) == len(compare(result(), other))


def test_cpu_of_all_servers_is_added_up_only_if_none_is_missing() -> None:
    fewer = result(server={"node-1": made()["server"]["node-1"]})
    assert named(result(), result())["All servers", "CPU per action"].a == 1550
    assert named(result(), fewer)["All servers", "CPU per action"].b is None
    assert named(fewer, result())["All servers", "CPU per action"].ratio == pytest.approx(1550 / 950)


def test_two_of_a_kind_may_be_compared() -> None:
    assert caveats(result(), result()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"profile": made()["profile"] | {"players": 100}}, "Different profile players: 480 and 100."),
        ({"profile": made()["profile"] | {"pace": "fast"}}, "Different pace: human and fast."),
        ({"profile": made()["profile"] | {"scenarios": ["storm"]}}, "Different scenarios: none and storm."),
        ({"machine": made()["machine"] | {"cpu": None}}, "Different machine cpu: A processor and unknown."),
        ({"seconds": 30}, "Of different length: 61 s and 30 s."),
        ({"client": {"is_bottleneck": True}}, "In B the load test itself was the bottleneck"),
        ({"ledger": {"is_balanced": False}}, "In B the ledger does not balance"),
        (
            {"errors": {"protocol_errors": {"card_twice": 1}}},
            "In B there were messages against the protocol.",
        ),
        ({"profiles": {"node-1": {"folded": "a 1"}}}, "Only in B a profiler was at work"),
    ],
)
def test_why_they_may_not_be_compared(changes: dict[str, Any], words: str) -> None:
    (caveat,) = caveats(result(), result(**changes))
    assert caveat.startswith(words)


def test_a_limit_holds_p99_and_cpu() -> None:
    assert failures(compare(result(), result()), 1.0) == []
    slow = result(latency_ms={"own_ack": times(2.125), "all_seats": times(4.0)})
    assert failures(compare(result(), slow), 1.25) == []
    assert failures(compare(result(), slow), 1.2) == ["Action to all seats, p99: 1.23 times A, limit 1.2"]
    dear = made()["server"]
    dear["node-1"]["cpu_us_per_action"] = 1900
    assert failures(compare(result(), result(server=dear)), 1.2) == [
        "All servers, CPU per action: 1.61 times A, limit 1.2",
        "node-1, CPU per action: 2.00 times A, limit 1.2",
    ]


def test_what_is_not_measured_any_more_fails() -> None:
    failed = failures(compare(result(), result(latency_ms={"own_ack": times(2.125)})), 1.2)
    assert failed == ["Action to all seats, p99: not measured in B"]
    empty = Result({})
    assert failures(compare(empty, result()), 1.2) == ["neither p99 nor CPU per action was measured in A"]
