"""Five faults to a real cluster in play: nothing is lost, undone or settled twice."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FAULTS = 5
KINDS = ("NODE_KILLED", "NODE_KILLED_CUT_OFF", "VALKEY_KILLED", "WORKER_KILLED", "POSTGRES_KILLED")


@pytest.mark.timeout(240)
def test_five_faults(tmp_path: Path, project_root: Path) -> None:
    folder = tmp_path / "chaos"
    options = [
        "--faults",
        str(FAULTS),
        "--seed",
        "7",
        "--players",
        "10",
        "--servers",
        "single",
        "--folder",
        str(folder),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos", *options, "--kinds", *KINDS],
        cwd=project_root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=180)
    except subprocess.TimeoutExpired:
        process.terminate()  # it ends all that it has started
        output, _ = process.communicate(timeout=40)
    assert process.returncode == 0, output[-4000:]
    result = json.loads(output.splitlines()[-1])
    assert result["faults"] == FAULTS
    assert (result["krw_off"], result["double_settled"], result["seen_undone"]) == (0, 0, 0)
    assert (folder / "report.md").is_file()
