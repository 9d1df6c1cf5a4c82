"""The result of a load test."""

from attrs import evolve

from loadtest.gathering import Gathering
from loadtest.profile import Chatting, LobbyWatchers, Profile, Scenarios, SlowReaders, Storm
from loadtest.report import Course, final_report
from loadtest.server import Server
from tests.loadtest.test_gathering import second

PROFILE = Profile(router_url="", players=4, seconds=2.0, seed=1, names="bot", password="x", ramp_seconds=1.0)
COURSE = Course(began_unix=1.0, seconds=5.0, measured_seconds=2.0)


def test_the_result_has_all_numbers_that_were_there_before_and_the_new_ones() -> None:
    gathering = Gathering(1)
    gathering.take(0, second(10))
    report = final_report(PROFILE, COURSE, gathering, Server([]), True)
    before = {
        "seconds", "actions", "p50_ms", "p95_ms", "p99_ms", "hands_seen", "proofs", "connected", "seated",
        "buy_ins", "cash_outs", "connections_lost", "failed_attempts", "reconnects", "refusals",
        "protocol_errors",
    }  # fmt: skip
    new = {
        "form", "profile", "machine", "began_unix", "latency_ms", "http_ms", "actions_per_s", "hands_per_s",
        "errors", "client", "server", "ledger", "timeline", "histogram",
    }  # fmt: skip
    assert before | new <= set(report)
    assert (report["form"], report["actions"], report["actions_per_s"]) == (1, 10, 5.0)
    assert report["latency_ms"]["own_ack"]["count"] == 10
    assert report["client"]["cpu_us_per_action"] == 50_000.0
    assert report["ledger"] == {"is_balanced": True, "how": "reconciliation"}
    assert not {"storm", "slow_readers", "lobby_watchers", "chat"} & set(report)


def test_scenarios_that_ran_have_their_part() -> None:
    gathering = Gathering(1)
    told = second(1)
    told.numbers.counts["storm_broken"] += 2
    for seconds in (0.2, 0.4):
        told.numbers.waits["storm"].add(seconds)
    gathering.take(0, told)
    scenarios = Scenarios(Storm(), SlowReaders(), LobbyWatchers(), Chatting())
    report = final_report(evolve(PROFILE, scenarios=scenarios), COURSE, gathering, Server([]), None)
    assert (report["storm"]["connections"], report["storm"]["back"]) == (2, 2)
    assert 0.19 < report["storm"]["p50_s"] < 0.21 < 0.39 < report["storm"]["all_s"] < 0.41
    assert {"slow_readers", "lobby_watchers", "chat"} <= set(report)
    told = second(1)
    told.numbers.counts["storm_broken"] += 1
    gathering.take(0, told)
    report = final_report(evolve(PROFILE, scenarios=scenarios), COURSE, gathering, Server([]), None)
    assert report["storm"]["all_s"] is None
