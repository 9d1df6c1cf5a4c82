"""``make prove`` itself, with small numbers: its last line is one JSON object, and a mismatch fails it."""

import json

import pytest

from tests.prove.__main__ import main, prove_engine


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = {"PROVE_HANDS": 60, "PROVE_SHUFFLES": 2_000, "PROVE_SEED": 1, "PROVE_LEDGER_HANDS": 12_000}
    numbers |= {"PROVE_EXAMPLES": 2, "PROVE_PAGE_SECONDS": 0}
    for name, value in numbers.items():
        monkeypatch.setenv(name, str(value))


@pytest.mark.timeout(240)
def test_the_report_ends_with_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    lines = capsys.readouterr().out.splitlines()
    figures = json.loads(lines[-1])
    assert (figures["hands"], figures["mismatches"], figures["shuffles"], figures["unfair"]) == (
        60,
        0,
        2_000,
        0,
    )
    assert figures["decisions"] > 60
    assert (figures["ledger_hands"], figures["plan_faults"]) == (12_000, 0)
    assert figures["http_faults"] == 0, lines
    assert figures["http_cases"] > figures["http_operations"] > 60
    assert figures["statements"] > figures["statements_by_index"] > 30
    assert any("rule 17: a straddle" in line for line in lines)
    assert any("read_hands:_HANDS_OF_TABLE" in line and "hand_started" in line for line in lines)


def test_a_mismatch_is_told_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """Without the table of known differences the straddle alone is one."""
    figures = prove_engine(known=())
    assert (figures["mismatches"], figures["is_complete"]) == (1, False)
    assert "no known difference explains this" in capsys.readouterr().out
