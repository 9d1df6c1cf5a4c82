"""Keeps processes running: each with a session and a log of its own, restarted when it dies."""

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import trio
from attrs import frozen

from cardroom.local.cores import CoreSet, pin
from cardroom.local.patience import Limit, Patience
from cardroom.local.record import RunRecord
from cardroom.service.run import EXIT_CONFIGURATION

_FIRST_PAUSE_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 8.0
_STEADY_SECONDS: Final = 10.0
_KILL_SECONDS: Final = 1.0
_LONGEST_STOP_SECONDS: Final = 20.0
_MAX_LINE_BYTES: Final = 64 * 1024

Say = Callable[[str], None]


class ProcessFailed(Exception):
    """A process cannot be started, or does not get ready; the text says where its log is."""


@frozen
class ProcessSpec:
    """What to run. ``on_line`` receives the lines of its standard output, which else go to the log.

    ``cores`` are those that it may use; None: all.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    on_line: Callable[[bytes], None] | None = None
    cores: CoreSet | None = None


@frozen
class Workplace:
    """Where processes run and write, and who is told about them."""

    folder: Path
    logs: Path
    record: RunRecord
    say: Say


class Child:
    """One process that is kept running."""

    def __init__(self, spec: ProcessSpec, workplace: Workplace) -> None:
        self._spec = spec
        self._workplace = workplace
        self._process: trio.Process | None = None
        self._is_stopping = False
        self.restarts = 0

    @property
    def name(self) -> str:
        """What the process is called on the console and in the log folder."""
        return self._spec.name

    @property
    def pid(self) -> int | None:
        """The process id, None while it does not run."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def log_file(self) -> Path:
        """Where its output goes."""
        return self._workplace.logs / f"{self.name}.log"

    def is_stopping(self) -> bool:
        """Whether it was told to end."""
        return self._is_stopping

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run it, again and again until it is stopped; settings that are bad at the first try stay bad."""
        pause = _FIRST_PAUSE_SECONDS
        while not self.is_stopping():
            began = trio.current_time()
            process = await self._start()
            task_status.started()
            task_status = trio.TASK_STATUS_IGNORED
            code = await self._wait(process)
            if self.is_stopping():
                return
            if code == EXIT_CONFIGURATION and not self.restarts:
                raise ProcessFailed(f"{self.name}: its settings cannot be used; see {self.log_file}")
            if trio.current_time() - began > _STEADY_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            self._workplace.say(f"{self.name} {_describe_end(code)}; starting it again in {pause:g} s")
            await trio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            self.restarts += 1

    async def stop(self, stop: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end and wait for that; the caller limits the wait, and kills afterwards."""
        self._is_stopping = True
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(stop)
            await self._process.wait()

    async def kill(self) -> None:
        """End it and whatever it has started."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()

    async def _start(self) -> trio.Process:
        with self.log_file.open("ab") as log:
            process = await trio.lowlevel.open_process(
                list(self._spec.command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if self._spec.on_line else log,
                stderr=log,
                cwd=self._workplace.folder,
                env=dict(self._spec.environment),
                start_new_session=True,
            )
        self._process = process
        if self._is_stopping:  # the order came while the system was starting it
            process.kill()
        self._workplace.record.add(self.name, process.pid)
        pin(process.pid, self._spec.cores)
        return process

    async def _wait(self, process: trio.Process) -> int:
        """Wait for its end, and take the lines that it writes until then."""
        async with trio.open_nursery() as reading:
            if self._spec.on_line and process.stdout:
                reading.start_soon(read_lines, process.stdout, self._spec.on_line)
            await process.wait()
        assert process.returncode is not None, "it has ended"
        return process.returncode


@asynccontextmanager
async def keep_running(
    specs: Sequence[ProcessSpec], workplace: Workplace, patience: Patience, limit: Limit
) -> AsyncIterator[list[Child]]:
    """Start all, keep them running during the block, end them at its end: asked first, then killed."""
    children = [Child(spec, workplace) for spec in specs]
    async with trio.open_nursery() as nursery:
        try:
            for child in children:
                await nursery.start(child.run)
            yield children
        finally:
            with trio.move_on_after(_LONGEST_STOP_SECONDS, shield=True):
                await _end(children, workplace, patience, limit)
            nursery.cancel_scope.cancel()


async def _end(children: Sequence[Child], workplace: Workplace, patience: Patience, limit: Limit) -> None:
    with patience.step(limit):
        async with trio.open_nursery() as stopping:
            for child in children:
                stopping.start_soon(child.stop)
    with trio.move_on_after(_KILL_SECONDS, shield=True):
        for child in children:
            if child.pid is not None:
                workplace.say(f"{child.name} did not stop in time and was killed")
            await child.kill()
            workplace.record.remove(child.name)


async def read_lines(stream: trio.abc.ReceiveStream, on_line: Callable[[bytes], None]) -> None:
    """Give every whole line of a stream, without its end; a line that is far too long is cut."""
    rest = b""
    async with stream:
        async for data in stream:
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                on_line(line)
            rest = rest[:_MAX_LINE_BYTES]


def _describe_end(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
