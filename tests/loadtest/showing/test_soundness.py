"""Errors, the ledger, and scenarios."""

from loadtest.showing.soundness import show_errors, show_ledger, show_scenarios
from tests.loadtest.made_result import HOSTILE, made, result, times


def test_codes_are_counted() -> None:
    page = show_errors(result())
    assert '<code>not_your_turn</code></th><td><data value="3">3</data>' in page
    assert "Messages against the protocol: none." in page
    assert '<th scope="row">Connections lost</th><td><data value="1">' in page


def test_what_was_not_counted() -> None:
    errors = made()["errors"]
    del errors["refusals"]
    page = show_errors(result(errors=errors | {"reconnects": None}))
    assert "Refusals: not measured" in page
    assert '<th scope="row">Reconnects</th><td><span class="absent">not measured</span>' in page
    assert "not measured" in show_errors(result(errors=None))


def test_the_ledger_in_words() -> None:
    assert "not a won is missing. Checked by reconciliation." in show_ledger(result())
    wrong = show_ledger(result(ledger={"is_balanced": False}))
    assert "does not balance" in wrong
    assert 'class="bad"' in wrong
    assert "not measured" in show_ledger(result(ledger={"is_balanced": None, "how": "reconciliation"}))
    assert "not measured" in show_ledger(result(ledger=None))


def test_scenarios_that_ran() -> None:
    assert show_scenarios(result()) == ""
    page = show_scenarios(
        result(
            storm={
                "connections": 480,
                "back_seconds": 2.5,
                "reconnect_ms": times(4),
                "by_node": {"node-1": 1},
            },
            slow_readers={"kicked": None, "is_unharmed": True, "how": "none reads"},
        )
    )
    assert "<h3>Reconnect storm</h3>" in page
    assert '<th scope="row">Back</th><td><data value="2.5">2.50 s</data>' in page
    assert '<th scope="row">Reconnect</th><td><data value="1000">' in page
    assert "<p>By node:</p>" in page
    assert '<th scope="row">Kicked</th><td><span class="absent">' in page
    assert '<th scope="row">Is unharmed</th><td>yes</td>' in page


def test_a_deep_scenario_ends_somewhere() -> None:
    deep: dict[str, object] = {"end": 1}
    for _ in range(50):
        deep = {"in": deep}
    assert "End" not in show_scenarios(result(storm=deep))


def test_names_are_escaped() -> None:
    hostile = result(
        errors={"refusals": {HOSTILE: 1}, HOSTILE: 2}, ledger={"is_balanced": True, "how": HOSTILE},
        storm={HOSTILE: HOSTILE, "deep": {HOSTILE: times(1)}},
    )  # fmt: skip
    assert "<script" not in show_errors(hostile) + show_ledger(hostile) + show_scenarios(hostile)
