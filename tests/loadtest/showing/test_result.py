"""Reading what a file holds."""

import json
from pathlib import Path

import pytest

from loadtest.showing.result import Fault, Result, UnreadableResult, read_result
from tests.loadtest.made_result import made

ODD = Result(
    {"whole": 3, "half": 0.5, "yes": True, "no_number": float("nan"), "text": "so", "none": None, "empty": "",
     "inner": {"deep": {"number": 7}, "other": 4}, "words": ["a", 1],
     "pairs": [[1, 2], [3], "x", [True, 1], [0.5, 4.0], [1, None]],
     "rows": [{"at": 1}, 5, {"at": 2}]},
)  # fmt: skip


def test_numbers_are_numbers_and_all_else_is_none() -> None:
    assert [ODD.number(name) for name in ("whole", "half")] == [3, 0.5]
    assert [ODD.number(name) for name in ("yes", "no_number", "text", "none", "inner", "missing")] == [
        None
    ] * 6
    assert ODD.number("inner", "deep", "number") == 7
    assert ODD.number("whole", "below") is None


def test_texts_facts_and_parts() -> None:
    assert (ODD.text("text"), ODD.text("empty"), ODD.text("whole")) == ("so", None, None)
    assert (ODD.fact("yes"), ODD.fact("whole")) == (True, None)
    assert [name for name, _ in ODD.part("inner").parts()] == ["deep"]
    assert not ODD.part("missing")
    assert "none" in ODD
    assert "missing" not in ODD


def test_lists_keep_what_is_right() -> None:
    assert ODD.pairs("pairs") == [(1, 2), (0.5, 4.0)]
    assert [row.number("at") for row in ODD.rows("rows")] == [1, 2]
    assert ODD.texts("words") == ["a"]
    assert (ODD.pairs("text"), ODD.rows("text"), ODD.texts("text")) == ([], [], [])


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_text(json.dumps(made()), encoding="utf-8")
    assert read_result(file).number("profile", "players") == 480


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"form": 2}', "[" * 100_000])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "result.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableResult) as refused:
        read_result(file)
    assert refused.value.fault is Fault.NO_RESULT
    assert str(refused.value).startswith("no_result: ")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableResult, match="no_such_file"):
        read_result(tmp_path / "result.json")
    with pytest.raises(UnreadableResult, match="no_such_file"):
        read_result(tmp_path)
