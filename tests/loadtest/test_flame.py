"""The command that samples a process."""

import json
from pathlib import Path

import pytest

from loadtest.flame import main
from tests.loadtest.made_result import made
from tests.loadtest.spied import busy_python, no_python, running

Captured = pytest.CaptureFixture[str]


def test_a_page_a_table_and_into_a_result(tmp_path: Path, capsys: Captured) -> None:
    result, page = tmp_path / "result.json", tmp_path / "page.html"
    result.write_text(json.dumps(made(profiles={"node-1": {"folded": ""}})), encoding="utf-8")
    with running(*busy_python()) as pid:
        places = ["--html", str(page), "--into", str(result)]
        assert main(["--pid", str(pid), "--seconds", "1", "--name", "busy", *places]) == 0
    assert "work.<locals>.<genexpr> (<string>)" in capsys.readouterr().out
    assert "Where the time of busy goes" in page.read_text(encoding="utf-8")
    document = json.loads(result.read_text(encoding="utf-8"))
    assert list(document["profiles"]) == ["node-1", "busy"]
    assert document["profiles"]["busy"]["samples"] > 0
    assert document | {"profiles": None} == made(profiles=None)


def test_what_cannot_be_sampled(tmp_path: Path, capsys: Captured) -> None:
    with running(*no_python()) as pid:
        assert main(["--pid", str(pid), "--seconds", "1", "--html", str(tmp_path / "page.html")]) == 1
    assert capsys.readouterr().err.startswith("nothing_sampled: ")
    assert list(tmp_path.iterdir()) == []


def test_no_result_to_write_into(tmp_path: Path, capsys: Captured) -> None:
    assert main(["--pid", "1", "--into", str(tmp_path / "missing.json")]) == 2
    assert capsys.readouterr().err.startswith("no_such_file: ")
