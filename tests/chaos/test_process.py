"""A process that is killed, kept down, frozen and limited."""

import os
import sys
from pathlib import Path

import psutil
import trio

from tests.chaos.follow import now
from tests.chaos.process import Process, Program, running

APPEND = """
import sys, time
while True:
    try:
        with open(sys.argv[1], "a") as file:
            file.write("x")
    except OSError as error:
        print(error.errno, flush=True)
    time.sleep(0.01)
"""


def program(tmp_path: Path, *more: str) -> Program:
    command = (sys.executable, "-c", APPEND, str(tmp_path / "file"), *more)
    return Program("writer", command, tmp_path, tmp_path / "log", os.environ)


async def until_started(process: Process, times: int) -> int:
    with trio.fail_after(10):
        while process.starts < times or process.pid is None:  # noqa: ASYNC110 (a process gives no event)
            await trio.sleep(0.01)
    return process.pid


async def test_killed_it_is_started_again_and_held_it_is_not(tmp_path: Path) -> None:
    async with running(program(tmp_path)) as (process,):
        first = await until_started(process, 1)
        process.kill()
        assert await until_started(process, 2) != first
        process.hold()
        process.kill()
        await trio.sleep(0.5)
        assert process.pid is None
        process.release()
        last = await until_started(process, 3)
    assert not psutil.pid_exists(last)
    assert process.codes[:2] == [-9, -9]


async def test_frozen_it_stands_still(tmp_path: Path) -> None:
    async with running(program(tmp_path)) as (process,):
        pid = await until_started(process, 1)
        process.freeze()
        await trio.sleep(0.05)
        assert psutil.Process(pid).status() == psutil.STATUS_STOPPED
        process.thaw()
        await trio.sleep(0.05)
        assert psutil.Process(pid).status() != psutil.STATUS_STOPPED


async def test_a_full_disk_ends_its_files_and_not_its_log(tmp_path: Path) -> None:
    file, log = tmp_path / "file", tmp_path / "log"
    async with running(program(tmp_path)) as (process,):
        await grown_to(file, 3)
        process.limit_files(3)
        await grown_to(log, 10)
        size = file.stat().st_size
        process.limit_files(None)
        await grown_to(file, size + 3)
    assert "27" in log.read_text()


def size_of(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


async def grown_to(file: Path, size: int) -> None:
    limit = now() + 10.0
    while size_of(file) < size:
        assert now() < limit, f"{file} does not grow"
        await trio.sleep(0.01)
