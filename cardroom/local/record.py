"""What a run has started, on disk: so that the next one can end what a killed supervisor left behind."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psutil
from attrs import asdict, frozen

_SAME_START_SECONDS: Final = 1.0
_END_SECONDS: Final = 3.0


class AlreadyRunning(Exception):
    """Another supervisor runs a cluster in this folder."""


@frozen
class Started:
    """A process, known by its id and the time of its start together."""

    name: str
    pid: int
    started: float

    def find(self) -> psutil.Process | None:
        """Find the process if it still runs; one that only has got the same id is not it."""
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.started) < _SAME_START_SECONDS
            return process if is_same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


class RunRecord:
    """The list of processes of this run; written anew with each change."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._started: dict[str, Started] = {}

    def add(self, name: str, pid: int) -> None:
        """Note a process that was just started, in the place of an earlier one of that name."""
        with suppress(psutil.NoSuchProcess):
            self._started[name] = Started(name, pid, psutil.Process(pid).create_time())
            self._write()

    def remove(self, name: str) -> None:
        """Forget a process that has ended."""
        self._started.pop(name, None)
        self._write()

    def _write(self) -> None:
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps([asdict(one) for one in self._started.values()]), encoding="utf-8")
        draft.rename(self._file)


SUPERVISOR: Final = "supervisor"
POSTGRES: Final = "postgres"


@contextmanager
def claim_folder(folder: Path) -> Iterator[tuple[RunRecord, list[str]]]:
    """Make this process the folder's supervisor; gives the record, and the names of what it had to end.

    Raises ``AlreadyRunning`` if another supervisor lives. What a dead one left running is ended.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "processes.json"
    left_over = _read(file)
    for one in left_over:
        if one.name == SUPERVISOR and one.find() is not None:
            raise AlreadyRunning(f"A cluster runs in {folder} already (process {one.pid}).")
    ended = end_processes([one for one in left_over if one.name != SUPERVISOR])
    record = RunRecord(file)
    record.add(SUPERVISOR, os.getpid())
    try:
        yield record, ended
    finally:
        file.unlink(missing_ok=True)


def end_processes(started: list[Started]) -> list[str]:
    """End processes of an earlier run, those that were started last first; gives their names."""
    found = [(one.name, process) for one in reversed(started) if (process := one.find())]
    for _, process in found:
        is_postgres = process.name() == POSTGRES
        with suppress(psutil.NoSuchProcess):  # to PostgreSQL, SIGTERM means to wait for its clients
            process.send_signal(signal.SIGINT if is_postgres else signal.SIGTERM)
    _, alive = psutil.wait_procs([process for _, process in found], timeout=_END_SECONDS)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=_END_SECONDS)
    return [name for name, _ in found]


def _read(file: Path) -> list[Started]:
    try:
        document: Any = json.loads(file.read_text(encoding="utf-8"))
        return [Started(str(one["name"]), int(one["pid"]), float(one["started"])) for one in document]
    except (OSError, ValueError, KeyError, TypeError):
        return []
