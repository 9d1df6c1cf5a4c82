"""Samples the stacks of a running Python process with py-spy, a profiler that works from outside.

py-spy is optional (``pip install 'holdem[loadtest]'``). Each sample stops the process for a moment: latencies
that are taken meanwhile are a little worse than without.
"""

import os
import shutil
import sys
from enum import Enum, unique
from pathlib import Path
from subprocess import DEVNULL
from tempfile import TemporaryDirectory
from typing import Any, Final

import trio
from attrs import asdict

from loadtest.showing.stacks import POLLING, Stacks, find_dearest, read_folded, samples_in, write_folded

RATE: Final = 100
"""Samples per second."""
_LAST_SECONDS: Final = 30.0
"""What py-spy gets on top of its time, to begin and to write."""
_CPU_FIELDS: Final = (11, 12)
"""User and system time in /proc/PID/stat, counted behind the name."""


@unique
class Trouble(Enum):
    """Why a process could not be sampled."""

    PY_SPY_MISSING = "py_spy_missing"
    NO_SUCH_PROCESS = "no_such_process"
    NOT_PERMITTED = "not_permitted"
    NOTHING_SAMPLED = "nothing_sampled"
    """The process was never awake, or ended, or is no Python process."""


_WORDS: Final = {
    Trouble.PY_SPY_MISSING: "the profiler is not installed; get it with: pip install 'holdem[loadtest]'",
    Trouble.NO_SUCH_PROCESS: "there is no process {pid}",
    Trouble.NOT_PERMITTED: "the system does not let this user look into process {pid}: be its owner, or "
    "root, and have kernel.yama.ptrace_scope at 0",
    Trouble.NOTHING_SAMPLED: "process {pid} gave no sample: it slept, ended, or is not Python: {told}",
}


class SamplingFailed(Exception):
    """A process that could not be sampled; the text begins with a code that stays."""

    def __init__(self, trouble: Trouble, pid: int, told: str = "") -> None:
        super().__init__(f"{trouble.value}: {_WORDS[trouble].format(pid=pid, told=told)}")
        self.trouble = trouble


async def sample(pid: int, seconds: float, rate: int = RATE) -> dict[str, Any]:
    """Sample a process for so long; gives what stands under ``profiles`` in a result.

    Time that the process slept is left out. ``awake_share`` says how much of the time it was awake: working,
    or waiting for a core. ``polling_share`` is the part of the samples that were in epoll, ``cpu_share`` what
    the system counted meanwhile. SamplingFailed says what is wrong.
    """
    profiler = find_profiler(pid)
    began, cpu_began = trio.current_time(), cpu_seconds(pid)
    with TemporaryDirectory(prefix="stacks-") as folder:
        stacks = await _record(profiler, pid, (seconds, rate), Path(folder) / "folded")
    cpu_ended = cpu_seconds(pid)
    lasted = trio.current_time() - began
    is_known = cpu_began is not None and cpu_ended is not None
    return profile_of(stacks) | {
        "seconds": seconds,
        "rate": rate,
        "awake_share": round(stacks.total() / (seconds * rate), 4),
        "cpu_share": round((cpu_ended - cpu_began) / lasted, 4) if is_known else None,  # type: ignore[operator]
    }


def profile_of(stacks: Stacks) -> dict[str, Any]:
    """Put sampled stacks into the form of a result; there is at least one."""
    top = [asdict(dear) for dear in find_dearest(stacks)]
    for dear in top:
        dear |= {name: round(dear[name], 4) for name in ("self_share", "inclusive_share")}
    return {
        "folded": write_folded(stacks),
        "top": top,
        "samples": stacks.total(),
        "polling_share": round(samples_in(stacks, POLLING) / stacks.total(), 4),
    }


def find_profiler(pid: int = 0) -> str:
    """Find py-spy beside this Python, or else where the shell looks."""
    found = shutil.which("py-spy", path=Path(sys.executable).parent) or shutil.which("py-spy")
    if found is None:
        raise SamplingFailed(Trouble.PY_SPY_MISSING, pid)
    return found


def cpu_seconds(pid: int) -> float | None:
    """Say how many seconds of a core a process has had; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return sum(int(fields[index]) for index in _CPU_FIELDS) / os.sysconf("SC_CLK_TCK")


async def _record(profiler: str, pid: int, how: tuple[float, int], file: Path) -> Stacks:
    seconds, rate = how
    command = [
        profiler, "record", "--pid", str(pid), "--duration", str(max(1, round(seconds))), "--rate", str(rate),
        "--format", "raw", "--nolineno", "--output", str(file),
    ]  # fmt: skip
    with trio.fail_after(seconds + _LAST_SECONDS):
        done = await trio.run_process(command, stdout=DEVNULL, capture_stderr=True, check=False)
    stacks = _read(file)
    if not stacks:
        told = done.stderr.decode(errors="replace")
        raise SamplingFailed(_trouble(pid, told), pid, _error_of(told))
    return stacks


def _read(file: Path) -> Stacks:
    return read_folded(file.read_text(encoding="utf-8")) if file.is_file() else Stacks()


def _error_of(told: str) -> str:
    """Give the line in which py-spy says what is wrong; behind it comes where in py-spy that was."""
    lines = [line for line in told.splitlines() if line.startswith("Error")]
    return lines[0].removeprefix("Error: ") if lines else "py-spy says nothing"


def _trouble(pid: int, told: str) -> Trouble:
    if not Path(f"/proc/{pid}").exists():
        return Trouble.NO_SUCH_PROCESS
    if "permission" in told.lower() or "not permitted" in told.lower():
        return Trouble.NOT_PERMITTED
    return Trouble.NOTHING_SAMPLED
