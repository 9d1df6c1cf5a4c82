"""A real profiler looks into real processes."""

import os
import sys
from pathlib import Path

import pytest

from loadtest.sampling import SamplingFailed, Trouble, cpu_seconds, find_profiler, profile_of, sample
from loadtest.showing.stacks import Stacks, read_folded
from tests.loadtest.showing.test_stacks import FOLDED
from tests.loadtest.spied import busy_python, no_python, running, sleeping_python


async def test_a_busy_process_shows_where_it_is_busy() -> None:
    with running(*busy_python()) as pid:
        profile = await sample(pid, 1.0, rate=100)
    stacks = read_folded(profile["folded"])
    assert stacks.total() == profile["samples"] > 10
    assert all(frames[0].startswith("<module>") for frames in stacks)
    work = sum(
        count for frames, count in stacks.items() if any(frame.startswith("work ") for frame in frames)
    )
    assert work > 0.8 * stacks.total()
    assert {dear["function"] for dear in profile["top"]} >= {"work.<locals>.<genexpr>"}
    assert profile["cpu_share"] > 0
    assert profile["polling_share"] == 0


async def test_a_sleeping_process_is_no_work() -> None:
    with running(*sleeping_python()) as pid:
        assert await awake_share(pid) < 0.5


async def awake_share(pid: int) -> float:
    """Say how much of a second a process is awake; the profiler fails if it never is."""
    try:
        return float((await sample(pid, 1.0))["awake_share"])
    except SamplingFailed as failed:
        if failed.trouble is not Trouble.NOTHING_SAMPLED:
            raise
        return 0.0


async def test_no_such_process() -> None:
    with running(*sleeping_python()) as pid:
        pass
    with pytest.raises(SamplingFailed, match=f"no_such_process: there is no process {pid}"):
        await sample(pid, 1.0)


async def test_a_process_that_is_no_python() -> None:
    with running(*no_python()) as pid, pytest.raises(SamplingFailed, match="nothing_sampled"):
        await sample(pid, 1.0)


def test_the_profiler_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        SamplingFailed, match="py_spy_missing: the profiler is not installed; get it with"
    ) as failed:
        find_profiler(1)
    assert failed.value.trouble is Trouble.PY_SPY_MISSING


def test_the_form_of_a_profile() -> None:
    profile = profile_of(read_folded(FOLDED))
    assert (profile["samples"], profile["polling_share"]) == (12, 0.3333)
    assert profile["top"][0] == {
        "function": "act", "file": "node/rules/hand.py", "self_share": 0.6667, "inclusive_share": 0.6667,
    }  # fmt: skip
    assert read_folded(profile["folded"]) == read_folded(FOLDED)
    assert profile_of(Stacks({("a",): 1}))["top"][0]["self_share"] == 1


def test_time_of_a_process() -> None:
    assert (cpu_seconds(os.getpid()) or 0) > 0
    assert cpu_seconds(2**30) is None
