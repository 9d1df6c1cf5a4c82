"""The file of facts."""

from pathlib import Path

import pytest

from cardroom.local.payments.facts import (
    AddressGiven,
    Fact,
    FactFile,
    Moved,
    PaceSet,
    Paid,
    PayoutOrdered,
    Told,
)

FACTS: list[Fact] = [
    PaceSet(1, 2, 3),
    AddressGiven("btc", "bcrt1q", "7"),
    Paid("eth", "0xab", 0, "0x1", "123456789012.000000000000000001", 9, "somebody"),
    Moved("ab", None),
    Moved("ab", 4),
    PayoutOrdered("w1-1", "t", "btc", "bcrt1q", "0.1", "cd", 5, fails=True),
    Told("ab", 1),
]


def write(file: Path) -> FactFile:
    facts = FactFile(file)
    assert list(facts.read()) == []
    for fact in FACTS:
        facts.add(fact)
    return facts


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write(tmp_path / "below" / "facts.jsonl")
    assert list(FactFile(tmp_path / "below" / "facts.jsonl").read()) == FACTS


def test_a_line_that_was_not_finished_is_cut_off(tmp_path: Path) -> None:
    facts, file = write(tmp_path / "facts.jsonl"), tmp_path / "facts.jsonl"
    for cut in (1, 20):
        file.write_bytes(file.read_bytes()[:-cut])
        kept = list(facts.read())
        assert kept == FACTS[: len(kept)]
        facts.add(FACTS[0])
        assert list(facts.read()) == [*kept, FACTS[0]]


def test_another_file_is_not_taken_for_one(tmp_path: Path) -> None:
    file = tmp_path / "facts.jsonl"
    file.write_text('{"type": "something"}\n')
    with pytest.raises(ValueError, match="line 1 is no fact"):
        list(FactFile(file).read())
