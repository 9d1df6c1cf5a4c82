"""Five faults to a real cluster in play: nothing is lost, undone or settled twice."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FAULTS = 5
KINDS = ("NODE_KILLED", "VALKEY_KILLED", "WORKER_FROZEN", "POSTGRES_KILLED", "LINK_CUT")


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
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *options, "--kinds", *KINDS],
        cwd=project_root, capture_output=True, timeout=200, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["faults"] == FAULTS
    assert (result["krw_off"], result["double_settled"], result["seen_undone"]) == (0, 0, 0)
    assert (folder / "report.md").is_file()
