"""Which cores of the machine each part of a cluster may use, so that measurements compare like with like."""

import os
from contextlib import suppress
from typing import Final

import psutil
from attrs import frozen

CoreSet = frozenset[int]


@frozen
class Cores:
    """The cores of nodes, of wallet worker and router, of PostgreSQL and Valkey, of players; None: all."""

    nodes: CoreSet | None = None
    services: CoreSet | None = None
    engines: CoreSet | None = None
    clients: CoreSet | None = None


ANYWHERE: Final = Cores()


def servers_apart() -> Cores:
    """All processes of ours on the first core, engines and players on the others."""
    first, others = _split()
    return Cores(nodes=first, services=first, engines=others, clients=others)


def nodes_apart() -> Cores:
    """Only nodes on the first core, all else on the others."""
    first, others = _split()
    return Cores(nodes=first, services=others, engines=others, clients=others)


def pin(pid: int, cores: CoreSet | None) -> None:
    """Let a process with all its threads, and those that it has started, run on these cores only.

    What it starts later stays there, too. A process that has ended meanwhile is no error.
    """
    if cores is None:
        return
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for one in [process, *process.children(recursive=True)]:
            for thread in one.threads():
                with suppress(ProcessLookupError):
                    os.sched_setaffinity(thread.id, cores)


def _split() -> tuple[CoreSet | None, CoreSet | None]:
    """Give the first core and the others; on a machine with one core there is nothing to choose."""
    first, *others = sorted(os.sched_getaffinity(0))
    return (frozenset({first}), frozenset(others)) if others else (None, None)
