"""The embedded servers on a Trio loop: started and stopped in a thread, killed when that takes too long."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Final, Protocol, TypeVar

import psutil
import trio
from attrs import frozen

from cardroom.local.patience import Limit, Patience
from cardroom.local.record import POSTGRES, RunRecord
from cardroom.local.servers import (
    EmbeddedPostgres,
    EmbeddedValkey,
    ServerFailed,
    postgres_server,
    valkey_server,
)

_VALKEY: Final = "valkey"
_LONGEST_STOP_SECONDS: Final = 20.0
_KILL_SECONDS: Final = 0.3


class _Server(Protocol):
    @property
    def pid(self) -> int:
        """The process to watch."""


S = TypeVar("S", bound=_Server)


@frozen
class EngineLimits:
    """Shares of the start and the stop of one server."""

    start: Limit
    stop: Limit


@asynccontextmanager
async def run_postgres(
    folder: Path, record: RunRecord, patience: Patience, limits: EngineLimits
) -> AsyncIterator[EmbeddedPostgres]:
    """Run PostgreSQL during the block."""
    async with _run(POSTGRES, postgres_server(folder), record, patience, limits) as server:
        yield server


@asynccontextmanager
async def run_valkey(
    folder: Path, port: int, record: RunRecord, patience: Patience, limits: EngineLimits
) -> AsyncIterator[EmbeddedValkey]:
    """Run Valkey during the block."""
    async with _run(_VALKEY, valkey_server(folder, port), record, patience, limits) as server:
        yield server


@asynccontextmanager
async def _run(
    name: str,
    manager: AbstractContextManager[S],
    record: RunRecord,
    patience: Patience,
    limits: EngineLimits,
) -> AsyncIterator[S]:
    server = await _start(name, manager, patience, limits.start)
    record.add(name, server.pid)
    try:
        yield server
    finally:
        with trio.move_on_after(_LONGEST_STOP_SECONDS, shield=True):
            await _stop(server.pid, manager, patience, limits.stop)
        record.remove(name)


async def _start(name: str, manager: AbstractContextManager[S], patience: Patience, limit: Limit) -> S:
    """Start in a thread; when cut off, what the thread has started is killed, and fails its work."""
    own = psutil.Process()
    before = set(own.children(recursive=True))
    with patience.step(limit) as step:
        return await trio.to_thread.run_sync(manager.__enter__, abandon_on_cancel=True)
    assert step.cancelled_caught, "a step without a result was cut off"
    _kill(process for process in own.children(recursive=True) if process not in before)
    raise ServerFailed(f"{name} did not start in time")


async def _stop(pid: int, manager: AbstractContextManager[S], patience: Patience, limit: Limit) -> None:
    with patience.step(limit) as step:
        await trio.to_thread.run_sync(manager.__exit__, None, None, None, abandon_on_cancel=True)
    if step.cancelled_caught:
        with suppress(psutil.NoSuchProcess):
            server = psutil.Process(pid)
            _kill([server, *server.children(recursive=True)])


def _kill(processes: Iterable[psutil.Process]) -> None:
    """Kill at once; a killed process is gone within moments, and what comes next may rely on that."""
    killed = list(processes)
    for process in killed:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(killed, timeout=_KILL_SECONDS)
