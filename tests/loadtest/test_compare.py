"""The command that compares."""

import json
from pathlib import Path
from typing import Any

import pytest

from loadtest.compare import main
from tests.loadtest.made_result import made, times

Captured = pytest.CaptureFixture[str]
SLOWER = {"latency_ms": {"own_ack": times(2.125), "all_seats": times(6.5)}}


def files(folder: Path, **changes: Any) -> list[str]:
    documents = {"a.json": made(), "b.json": made(**changes)}
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return [str(folder / name) for name in documents]


def test_a_table(tmp_path: Path, capsys: Captured) -> None:
    assert main(files(tmp_path, **SLOWER)) == 0
    assert "Action to all seats" in capsys.readouterr().out


def test_json_and_a_page(tmp_path: Path, capsys: Captured) -> None:
    page = tmp_path / "page.html"
    assert main([*files(tmp_path), "--json", "--html", str(page)]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == []
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(("limit", "code"), [("1.9", 1), ("2.1", 0)])
def test_a_limit(tmp_path: Path, capsys: Captured, limit: str, code: int) -> None:
    assert main([*files(tmp_path, **SLOWER), "--fail-above", limit]) == code
    assert ("too_slow: Action to all seats, p99: 2.00 times A" in capsys.readouterr().err) is bool(code)


def test_no_result(tmp_path: Path, capsys: Captured) -> None:
    first, second = files(tmp_path)
    Path(second).write_text("{}", encoding="utf-8")
    assert main([first, second]) == 2
    assert capsys.readouterr().err.startswith("no_result: ")
