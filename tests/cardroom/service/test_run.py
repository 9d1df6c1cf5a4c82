"""How a process starts, is told to stop, and speaks to its supervisor."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cardroom.service.run import notify_supervisor

SERVES = """
import sys, trio
from cardroom.service.run import run_until_signalled
async def serve(stopping):
    print("up", flush=True)
    await stopping.wait()
    print("stopping", flush=True)
    if len(sys.argv) > 1:
        await trio.sleep_forever()
run_until_signalled(serve)
print("down", flush=True)
"""

LEAVES = """
from cardroom.service.run import end_without_tidying
class Left:
    def __del__(self):
        print("tidied")
left = Left()
left.itself = left
end_without_tidying()
"""


def _start(root: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", SERVES, *arguments], stdout=subprocess.PIPE, text=True, cwd=root
    )


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_it_end_in_its_own_order(project_root: Path, stop: signal.Signals) -> None:
    with _start(project_root) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(stop)
        assert process.communicate(timeout=10)[0] == "stopping\ndown\n"
    assert process.returncode == 0


def test_a_second_signal_ends_what_hangs(project_root: Path) -> None:
    with _start(project_root, "hangs") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("script", "said"), [(LEAVES, ""), (LEAVES[: LEAVES.rindex("end")], "tidied\n")], ids=["left", "tidied"]
)
def test_what_is_in_memory_is_left_to_the_system(project_root: Path, script: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=project_root,
        timeout=20,
        check=True,
    )
    assert done.stdout == said


def test_systemd_is_told_where_it_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(address))
        listener.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", str(address))
        notify_supervisor("READY=1")
        assert listener.recv(100) == b"READY=1"


def test_elsewhere_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify_supervisor("READY=1")
    assert "NOTIFY_SOCKET" not in os.environ
