"""What a killed supervisor left behind is found and ended; nothing else is."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cardroom.local.record import AlreadyRunning, Started, claim_folder

STUBBORN = "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True)\n"
WAIT = "import sys; print(1, flush=True); sys.stdin.read()"


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", WAIT], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def note(folder: Path, *started: Started) -> None:
    documents = [{"name": one.name, "pid": one.pid, "started": one.started} for one in started]
    (folder / "processes.json").write_text(json.dumps(documents), encoding="utf-8")


def start_of(pid: int) -> float:
    return psutil.Process(pid).create_time()


def test_left_over_processes_are_ended(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    note(
        tmp_path, Started("supervisor", 2**22 - 1, 1.0), Started("node-1", sleeper.pid, start_of(sleeper.pid))
    )
    with claim_folder(tmp_path) as (_, ended):
        assert ended == ["node-1"]
    sleeper.wait(timeout=5)


def test_who_only_has_the_same_id_is_spared(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    note(tmp_path, Started("node-1", sleeper.pid, start_of(sleeper.pid) - 3_600))
    with claim_folder(tmp_path) as (_, ended):
        assert ended == []
    assert sleeper.poll() is None


def test_who_does_not_heed_the_first_signal_is_killed(tmp_path: Path) -> None:
    code = STUBBORN + "sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        note(tmp_path, Started("node-1", process.pid, start_of(process.pid)))
        with claim_folder(tmp_path) as (_, ended):
            assert ended == ["node-1"]
        process.wait(timeout=5)


def test_a_living_supervisor_keeps_its_folder(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    note(tmp_path, Started("supervisor", sleeper.pid, start_of(sleeper.pid)))
    with pytest.raises(AlreadyRunning, match=str(sleeper.pid)), claim_folder(tmp_path):
        pass
    assert sleeper.poll() is None


@pytest.mark.parametrize("text", ["", "no json", '{"a": 1}', '[{"name": "x"}]'])
def test_a_broken_record_is_no_record(tmp_path: Path, text: str) -> None:
    (tmp_path / "processes.json").write_text(text, encoding="utf-8")
    with claim_folder(tmp_path) as (_, ended):
        assert ended == []


def test_the_record_follows_the_run(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    file = tmp_path / "processes.json"

    def names() -> list[str]:
        return [one["name"] for one in json.loads(file.read_text(encoding="utf-8"))]

    with claim_folder(tmp_path) as (record, _):
        assert json.loads(file.read_text(encoding="utf-8"))[0]["pid"] == os.getpid()
        record.add("node-1", sleeper.pid)
        assert names() == ["supervisor", "node-1"]
        record.remove("node-1")
        record.remove("node-1")
        assert names() == ["supervisor"]
    assert not file.exists()
