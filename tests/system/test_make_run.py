"""``make run`` as a newcomer uses it: real processes, bots that play, a killed node, an orderly end."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from node.replay import read_hands, replay
from tests.system.place import Place, started, wait_until
from tests.wallet_worker.audit.scribe import FILE, REDIS
from wallet_worker.audit.nodes import ESCROW

NODE_1_TABLES = {"Han", "Geum", "Imjin"}
NODE_2_TABLES = {"Nakdong", "Seomjin"}


@pytest.fixture
def place(tmp_path: Path, project_root: Path) -> Place:
    return Place(project_root, tmp_path)


def is_alive(process: psutil.Process) -> bool:
    """Say whether a process still runs; one that nobody has buried yet does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def listening(place: Place) -> list[str]:
    """Give the listeners of a place that still take connections."""
    found = []
    for option, port in place.ports.items():
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                found.append(option.name)
    return found


def everything_agrees(place: Place) -> bool:
    """Verify while bots play: nothing is wrong, and at one moment nothing is left out."""
    report = place.verify_ledger()
    assert report["ok"], report["checks"]
    compared = {check["name"] for check in report["checks"] if not check["notes"]}
    return {FILE, REDIS, ESCROW} <= compared


def play_again(place: Place) -> None:
    """Play every hand that the bots have played again: to the same results."""
    records = place.records()
    assert len(records) >= 3 * len(NODE_1_TABLES | NODE_2_TABLES)
    file = place.folder / "hands.phhs"
    hands = (f"[{number}]\n{record}" for number, record in enumerate(records, start=1))
    file.write_text("".join(hands), encoding="utf-8")
    assert replay(list(read_hands(file))).mismatches == ()


@pytest.mark.timeout(400)
def test_a_killed_node_comes_back_and_no_won_is_missing(place: Place) -> None:
    with started(place) as supervisor:
        wait_until(
            lambda: all(place.hands_by_table().get(name, 0) >= 3 for name in NODE_1_TABLES | NODE_2_TABLES),
            "every table has settled three hands",
        )
        killed = place.processes()["node-1"]
        before = place.hands_by_table()
        os.kill(killed, signal.SIGKILL)
        wait_until(
            lambda: all(place.hands_by_table().get(name, 0) >= before[name] + 3 for name in NODE_2_TABLES),
            "the other node's tables go on",
        )
        wait_until(lambda: place.processes().get("node-1", killed) != killed, "the node is started again")
        at_restart = place.hands_by_table()
        wait_until(
            lambda: all(
                place.hands_by_table().get(name, 0) >= at_restart[name] + 3 for name in NODE_1_TABLES
            ),
            "the killed node's tables play again",
            seconds=200.0,  # a player of a resumed hand who stays away has clock, bank and connection time
        )
        assert place.ask_wallet("/admin/ledger/summary")["balanced"] is True
        wait_until(lambda: everything_agrees(place), "database, file, Redis and nodes say the same")
        play_again(place)
        began = time.monotonic()
        supervisor.send_signal(signal.SIGTERM)
        supervisor.communicate(timeout=10)
        assert time.monotonic() - began < 6
    assert listening(place) == []
    done = subprocess.run(
        place.command,
        cwd=place.folder,
        env=place.environment(RUN_SECONDS="2"),
        capture_output=True,
        timeout=70,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    assert json.loads(done.stdout.splitlines()[-1])["ledger_balanced"] is True
