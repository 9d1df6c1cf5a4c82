"""A process as faults find it: it can be killed, frozen and kept down, and is started again."""

import resource
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import psutil
import trio
from attrs import frozen

RESTART_SECONDS: Final = 0.25
"""What passes between the end of a process and its next start, as with the local supervisor."""
_KILL_SECONDS: Final = 2.0


@frozen
class Program:
    """What to run, under which name, where, and where its messages go."""

    name: str
    command: Sequence[str]
    folder: Path
    log_file: Path
    environment: Mapping[str, str]
    user: int | None = None
    """Whose it is, where it cannot be the superuser's."""
    stop: signal.Signals = signal.SIGTERM
    stop_seconds: float = 8.0
    """How long it may take to end after that signal."""


class Process:
    """One process, started again whenever it has ended, until it is told to stop."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._process: trio.Process | None = None
        self._is_stopping = False
        self._may_start = trio.Event()
        self._may_start.set()
        self.starts = 0
        self.codes: list[int] = []

    @property
    def name(self) -> str:
        """What faults and reports call it."""
        return self._program.name

    @property
    def pid(self) -> int | None:
        """The id, None while it does not run."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep it running; ready means that it was started once."""
        while not self._is_stopping:
            process = await self._start()
            task_status.started()
            task_status = trio.TASK_STATUS_IGNORED
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._log, process)
                code = await process.wait()
            self.codes.append(code)
            if not self._is_stopping:
                await trio.sleep(RESTART_SECONDS)
                await self._may_start.wait()

    def kill(self) -> None:
        """End it at once, with all that it has started."""
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end in order; it is started again."""
        if self._process is not None and self.pid is not None:
            self._process.send_signal(self._program.stop)

    def freeze(self) -> None:
        """Let it stand still; its connections stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def hold(self) -> None:
        """Do not start it again until ``release``."""
        self._may_start = trio.Event()

    def release(self) -> None:
        """Let it be started again."""
        self._may_start.set()

    def limit_files(self, size: int | None) -> None:
        """Let it write no file beyond a size, as on a full disk; None: as large as it likes."""
        if self.pid is not None:
            _, hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))

    async def stop(self) -> None:
        """Ask it to end, and kill it if it does not; what was frozen or held is let go."""
        self._is_stopping = True
        self.release()
        self.thaw()
        process = self._process
        if process is None:
            return
        with trio.move_on_after(self._program.stop_seconds):
            process.send_signal(self._program.stop)
            await process.wait()
        self.kill()
        with trio.move_on_after(_KILL_SECONDS):
            await process.wait()

    async def _start(self) -> trio.Process:
        program = self._program
        process = await trio.lowlevel.open_process(
            list(program.command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            cwd=program.folder, env=dict(program.environment), start_new_session=True,
            user=program.user,
        )  # fmt: skip
        self._process = process
        self.starts += 1
        if self._is_stopping:
            process.kill()
        return process

    async def _log(self, process: trio.Process) -> None:
        """Write its messages down ourselves: a limit on the size of its files must not reach its log."""
        assert process.stdout is not None, "it was started with a pipe"
        async with process.stdout:
            with self._program.log_file.open("ab", buffering=0) as log, suppress(trio.BrokenResourceError):
                async for data in process.stdout:
                    log.write(data)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to it and to all that it has started, those first."""
        if (pid := self.pid) is None:
            return
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            for one in (*process.children(recursive=True), process):
                with suppress(psutil.NoSuchProcess):
                    one.send_signal(number)


@asynccontextmanager
async def running(*programs: Program) -> AsyncIterator[tuple[Process, ...]]:
    """Run processes during the block; at its end the last one started is stopped first."""
    processes = tuple(Process(program) for program in programs)
    async with trio.open_nursery() as nursery:
        try:
            for process in processes:
                await nursery.start(process.run)
            yield processes
        finally:
            with trio.CancelScope(shield=True):
                async with trio.open_nursery() as stopping:
                    for process in reversed(processes):
                        stopping.start_soon(process.stop)
            nursery.cancel_scope.cancel()
