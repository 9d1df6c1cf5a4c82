"""Processes stay on the cores that they are given."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cardroom.local.cores import ANYWHERE, nodes_apart, pin, servers_apart

CORES = sorted(os.sched_getaffinity(0))


def test_a_process_and_what_it_has_started_run_there_and_nowhere_else() -> None:
    code = "import subprocess, sys; subprocess.Popen(['cat']); print('up', flush=True); sys.stdin.read()"
    last = frozenset({CORES[-1]})
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        pin(child.pid, last)
        tree = [
            child.pid,
            *map(int, Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()),
        ]
        assert len(tree) == 2
        assert [os.sched_getaffinity(pid) for pid in tree] == [last] * 2
        assert child.stdin is not None
        child.stdin.close()
    pin(child.pid, last)  # it has ended


def test_without_a_choice_nothing_changes() -> None:
    before = os.sched_getaffinity(0)
    pin(os.getpid(), None)
    assert os.sched_getaffinity(0) == before


def test_who_serves_is_apart_from_who_plays() -> None:
    if len(CORES) == 1:
        assert servers_apart() == nodes_apart() == ANYWHERE
        pytest.skip("one core is all that there is")
    servers, nodes = servers_apart(), nodes_apart()
    assert servers.nodes == servers.services == nodes.nodes == frozenset({CORES[0]})
    assert servers.engines == servers.clients == nodes.services == nodes.engines == frozenset(CORES[1:])
