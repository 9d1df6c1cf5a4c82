"""The command that makes a page."""

import json
from pathlib import Path

import pytest

from loadtest.show import main
from tests.loadtest.made_result import made


def test_a_page_beside_the_result_or_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "result.json"
    file.write_text(json.dumps(made()), encoding="utf-8")
    assert main([str(file)]) == 0
    assert main([str(file), "--html", str(tmp_path / "page.html")]) == 0
    pages = [tmp_path / name for name in ("result.html", "page.html")]
    assert pages[0].read_text(encoding="utf-8") == pages[1].read_text(encoding="utf-8")
    assert capsys.readouterr().out.splitlines() == [f"{page}: All 7 goals met." for page in pages]


def test_half_a_sign_does_not_stop_it(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_text('{"form": 1, "profile": {"name": "\\ud800"}}', encoding="utf-8")
    assert main([str(file)]) == 0


def test_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "missing.json")]) == 2
    assert capsys.readouterr().err.startswith("no_such_file: ")
    assert list(tmp_path.iterdir()) == []
