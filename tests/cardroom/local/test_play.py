"""The verdict on a run."""

import json

import pytest

from cardroom.local.play import Played, result_of
from cardroom.local.processes import ProcessFailed

PLAYED = Played(hands_before=100, seconds=20.0, p99_ms=12.5)


def test_hands_of_this_run_are_counted_from_the_ledger() -> None:
    found = {"ok": True, "hands_settled": 400, "krw_total": 1_200_000_000}
    assert result_of(PLAYED, json.dumps(found).encode(), is_sound=True) == {
        "hands_settled": 300, "hands_per_s": 15.0, "actions_p99_ms": 12.5, "ledger_balanced": True,
        "krw_total": 1_200_000_000,
    }  # fmt: skip


def test_a_ledger_that_does_not_verify_is_not_balanced() -> None:
    found = {"ok": False, "hands_settled": 100, "krw_total": 5}
    result = result_of(PLAYED, json.dumps(found).encode(), is_sound=False)
    assert not result["ledger_balanced"]
    assert result["hands_settled"] == 0


@pytest.mark.parametrize("text", ["", "Traceback", "{}", "[1]"])
def test_without_a_verdict_there_is_no_result(text: str) -> None:
    with pytest.raises(ProcessFailed, match="could not be verified"):
        result_of(PLAYED, text.encode(), is_sound=False)
