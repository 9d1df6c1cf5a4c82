"""What ``make run`` does, from the outside: its own process, signals, its last line."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from cardroom.local.main import has_passed, main, read_run_seconds
from cardroom.local.ports import ROUTER, free_ports
from cardroom.local.servers import is_port_free
from cardroom.service.settings import BadSettings

pytestmark = pytest.mark.timeout(150)


class Run:
    """One run in a folder of its own, with free ports."""

    def __init__(self, project: Path, folder: Path) -> None:
        self.project = project
        self.folder = folder
        self.ports = free_ports()

    @contextmanager
    def start(self, **settings: str) -> Iterator["subprocess.Popen[str]"]:
        numbers = {option.variable: str(port) for option, port in self.ports.items()}
        command = [sys.executable, "-m", "cardroom.local", "--folder", str(self.folder)]
        with subprocess.Popen(
            command, cwd=self.project, env=dict(os.environ) | numbers | settings, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()

    def gets_quiet(self) -> bool:
        """Say whether nothing of the run listens or runs any more; the killed need a moment to be gone."""
        until = time.monotonic() + 3.0
        while not self.is_quiet():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def is_quiet(self) -> bool:
        """Say whether nothing of the run listens or runs now."""
        left = [
            process
            for process in psutil.process_iter(["cmdline"])
            if str(self.folder) in " ".join(process.info["cmdline"] or [])
        ]
        return not left and all(is_port_free("127.0.0.1", port) for port in self.ports.values())


@pytest.fixture
def run(project_root: Path, tmp_path: Path) -> Run:
    return Run(project_root, tmp_path / "run")


def wait_for(process: "subprocess.Popen[str]", words: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"it ended without saying {words!r}: {process.stderr and process.stderr.read()}")


def play(run: Run, seconds: str) -> tuple[dict[str, Any], str]:
    with run.start(RUN_SECONDS=seconds) as process:
        out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert run.gets_quiet()
    return json.loads(out.splitlines()[-1]), out


def test_a_run_goes_on_with_the_data_of_one_that_was_killed(run: Run) -> None:
    with run.start() as killed:
        wait_for(killed, "hands settled")
        killed.kill()
        killed.wait(timeout=5)
    result, said = play(run, "2")
    assert "Ended what an earlier run left behind" in said
    assert set(result) == {"hands_settled", "hands_per_s", "actions_p99_ms", "ledger_balanced", "krw_total"}
    assert has_passed(result)
    assert 0 < result["actions_p99_ms"] < 1_000
    assert said.count(": confirmed, ") == 4, "each coin was taken out"
    paid_in, taken_out = 24 * 50_000_000, 4 * 50_000
    assert abs(result["krw_total"] - paid_in + taken_out) < paid_in // 100, "at rates that drift"


def test_ctrl_c_ends_all_in_order_within_five_seconds(run: Run) -> None:
    with run.start() as process:
        wait_for(process, "hands settled")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=5)
    assert process.returncode == 0
    assert run.gets_quiet()


def test_hanging_processes_do_not_hold_up_the_end(run: Run) -> None:
    with run.start() as process:
        wait_for(process, "hands settled")
        for one in json.loads((run.folder / "processes.json").read_text(encoding="utf-8")):
            if one["name"] in {"bots", "node-1", "wallet_worker", "valkey"}:
                os.kill(one["pid"], signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=5)
    assert "node-1 did not stop in time and was killed" in out
    assert run.gets_quiet()


def test_a_taken_port_is_told_before_anything_starts(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.project)
    monkeypatch.setenv("ROUTER_PORT", "none")
    assert main(["--folder", str(run.folder)]) == 2
    assert ROUTER.variable in capsys.readouterr().err
    assert not (run.folder / "postgres").exists()


def test_cleaning_removes_the_data_and_nothing_else(tmp_path: Path) -> None:
    for name in ("postgres", "logs", "mine"):
        (tmp_path / name).mkdir()
    assert main(["--clean", "--folder", str(tmp_path)]) == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine"]
    assert main(["--clean", "--folder", str(tmp_path / "mine")]) == 0
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(("text", "seconds"), [("", None), ("30", 30.0), ("0.5", 0.5)])
def test_how_long_to_run(text: str, seconds: float | None) -> None:
    assert read_run_seconds({"RUN_SECONDS": text}) == seconds


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(BadSettings):
        read_run_seconds({"RUN_SECONDS": text})


@pytest.mark.parametrize(
    ("balanced", "hands", "passed"), [(True, 1, True), (True, 0, False), (False, 9, False)]
)
def test_what_a_good_run_is(balanced: bool, hands: int, passed: bool) -> None:
    result: Mapping[str, Any] = {"ledger_balanced": balanced, "hands_settled": hands}
    assert has_passed(result) is passed
