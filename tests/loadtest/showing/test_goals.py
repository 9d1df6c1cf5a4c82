"""Goals."""

from typing import Any

import pytest

from loadtest.showing.goals import Goal, Verdict, doubts, judge, sum_up, total
from loadtest.showing.result import Result
from tests.loadtest.made_result import made, result, times


def goal(words: str, **changes: Any) -> Goal:
    (found,) = [one for one in judge(result(**changes)) if one.words.startswith(words)]
    return found


def profile(**changes: Any) -> dict[str, Any]:
    return {**made()["profile"], **changes}


@pytest.mark.parametrize(
    ("players", "p99", "verdict"),
    [
        (500, 24.9, Verdict.MET), (500, 25.0, Verdict.MISSED), (501, 25.0, Verdict.MET),
        (5000, 99.9, Verdict.MET), (5000, 100.0, Verdict.MISSED), (5000, None, Verdict.NOT_MEASURED),
    ],
)  # fmt: skip
def test_latency_by_the_number_of_players(players: int, p99: float | None, verdict: Verdict) -> None:
    latency = {"all_seats": {"p99": p99}}
    assert (
        goal("Action to all seats", profile=profile(players=players), latency_ms=latency).verdict is verdict
    )


@pytest.mark.parametrize("pace", ["fast", {"name": "fast"}])
def test_no_goal_for_latency_at_another_pace(pace: str | dict[str, str]) -> None:
    assert len(judge(result(profile=profile(pace=pace)))) == 2


@pytest.mark.parametrize("changes", [{"players": 5001}])
def test_no_goal_for_other_loads(changes: dict[str, Any]) -> None:
    assert not [
        one
        for one in judge(result(profile=profile(**changes)))
        if one.words.startswith("Action to all seats")
    ]


def test_the_slowest_route_counts_and_passwords_take_their_time() -> None:
    routes = {"login": times(60), "lobby": times(7), "ticket": times(1)}
    assert goal("HTTP, p95 of the slowest route below", http_ms=routes).found == "120 ms"
    assert goal("HTTP, p95 of the slowest route without", http_ms=routes).found == "14 ms"
    assert (
        goal("HTTP, p99 of the slowest route below", http_ms={"login": times(100)}).verdict is Verdict.MISSED
    )
    assert goal("HTTP, p99 of the slowest route below", http_ms={}).verdict is Verdict.NOT_MEASURED


def test_a_tenth_is_asked_at_the_plans_load_only() -> None:
    assert not [
        one for one in judge(result(profile=profile(players=1000))) if "without passwords" in one.words
    ]


def test_memory_of_nodes_with_many_connections() -> None:
    node = made()["server"]["node-1"] | {"connections": 1000}
    assert (
        goal("Memory of node-1", server={"node-1": node | {"kib_per_connection": 79.9}}).verdict
        is Verdict.MET
    )
    assert (
        goal("Memory of node-1", server={"node-1": node | {"kib_per_connection": 80}}).verdict
        is Verdict.MISSED
    )
    assert not [
        one for one in judge(result(server={"node-1": node | {"connections": 999}})) if "Mem" in one.words
    ]


def test_soundness() -> None:
    errors = {"protocol_errors": {"foreign_cards": 1}}
    assert goal("No message", errors=errors).verdict is Verdict.MISSED
    assert goal("No message", errors={}).verdict is Verdict.NOT_MEASURED
    assert goal("The ledger", ledger={"is_balanced": False}).verdict is Verdict.MISSED
    assert goal("The ledger", ledger=None).verdict is Verdict.NOT_MEASURED


def test_in_one_sentence() -> None:
    met, missed, unknown = (Goal("", "", verdict) for verdict in Verdict)
    assert sum_up([met, met]) == "All 2 goals met."
    assert sum_up([met, unknown]) == "1 of 2 goals met; 1 not measured."
    assert sum_up([met, missed, unknown]) == "1 of 3 goals missed; 1 not measured."
    assert sum_up([unknown]) == "Nothing was measured that a goal is set for."


def test_counts_by_code_add_up() -> None:
    assert total(Result({"refusals": {"a": 1, "b": 2, "c": None}}), "refusals") == 3
    assert total(Result({}), "refusals") is None


def test_a_bottleneck_is_doubtful() -> None:
    assert doubts(result()) == []
    assert doubts(result(client={"is_bottleneck": None})) == []
    assert len(doubts(result(client={"is_bottleneck": True}))) == 1
