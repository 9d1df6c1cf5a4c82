"""``make prove`` itself, with small numbers: its last line is one JSON object, and a mismatch fails it."""

import json

import pytest

from tests.prove.__main__ import main


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PROVE_HANDS", "60"), ("PROVE_SHUFFLES", "2000"), ("PROVE_SEED", "1")):
        monkeypatch.setenv(name, value)


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
    assert any("rule 17: a straddle" in line for line in lines)


def test_a_mismatch_is_told_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """Without the table of known differences the straddle alone is one."""
    assert main(known=()) == 1
    out = capsys.readouterr().out
    assert "no known difference explains this" in out
    assert json.loads(out.splitlines()[-1])["mismatches"] == 1
