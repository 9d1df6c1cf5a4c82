"""Carries faults out and undoes them; what was killed is left to supervision."""

import shutil
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import trio

from cardroom.local.credentials import ADMIN_TOKEN
from tests.chaos.cluster import Cluster
from tests.chaos.faults import NODES, VALKEY, WORKERS, Fault, Kind
from tests.chaos.proxy import Link
from tests.chaos.replicated import Database, ReplicatedServers
from tests.chaos.servers import Target

_GONE_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 25.0
_MOVE_SECONDS: Final = 10.0


async def inject(cluster: Cluster, fault: Fault) -> float:
    """Do one fault and undo it; gives the time (of the steady clock) from which play has to recover."""
    since = await _DOINGS[fault.kind](cluster, fault)
    return time.monotonic() if since is None else since


Doing = Callable[[Cluster, Fault], Awaitable[float | None]]


async def _kill(cluster: Cluster, fault: Fault) -> float:
    killed_at = time.monotonic()
    names = WORKERS if fault.kind is Kind.WORKERS_KILLED else (fault.target, fault.peer)
    for name in filter(None, names):
        cluster.target(name).kill()
    return killed_at


async def _kill_and_hold(cluster: Cluster, fault: Fault) -> float:
    process, killed_at = cluster.target(fault.target), time.monotonic()
    with _held(process):
        process.kill()
        await trio.sleep(fault.seconds)
    return killed_at if fault.kind is Kind.NODE_KILLED_AND_GONE else time.monotonic()


async def _kill_cut_off(cluster: Cluster, fault: Fault) -> float:
    """Let a node die with what Valkey has not heard yet; that arrives later, as if it had been held up."""
    links = cluster.links(fault.target, VALKEY)
    for link in links:
        link.silence()
    try:
        await trio.sleep(fault.seconds)
        killed_at = time.monotonic()
        cluster.target(fault.target).kill()
        await trio.sleep(fault.seconds)
    finally:
        for link in links:
            link.heal()
    return killed_at


async def _empty(cluster: Cluster, fault: Fault) -> float:
    """Let the server come back without anything, as after the loss of its disk."""
    process, killed_at = cluster.target(fault.target), time.monotonic()
    with _held(process):
        process.kill()
        with trio.fail_after(_GONE_SECONDS):
            while process.pid is not None:  # noqa: ASYNC110 (a process gives no event)
                await trio.sleep(0.01)
        _remove_data(cluster.place.folder / VALKEY)
    return killed_at


async def _stop(cluster: Cluster, fault: Fault) -> float:
    """Let a node end in order; supervision starts it again."""
    process, told_at = cluster.processes[fault.target], time.monotonic()
    starts = process.starts
    process.terminate()
    with trio.fail_after(_STOP_SECONDS):
        while process.starts == starts:  # noqa: ASYNC110 (a process gives no event)
            await trio.sleep(0.05)
    return told_at


async def _move(cluster: Cluster, fault: Fault) -> None:
    """Order all shards of a node to the other one, and wait until it plays them."""
    other = next(node for node in NODES if node != fault.target)
    headers = {"Authorization": f"Bearer {cluster.credential(ADMIN_TOKEN)}"}
    async with httpx.AsyncClient(
        base_url=cluster.url(fault.target), headers=headers, timeout=httpx.Timeout(3.0), trust_env=False
    ) as node:
        for report in await _open_shards(node):
            order = {"to": other, "reason": "chaos"}
            await node.post(f"/admin/shards/{report['shard']}/move", json=order)
        with trio.move_on_after(_MOVE_SECONDS):
            while await _open_shards(node):  # noqa: ASYNC110 (another process)
                await trio.sleep(0.1)


async def _open_shards(node: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await node.get("/admin/shards")
    answer.raise_for_status()
    return [report for report in answer.json()["shards"] if report["is_open"]]


async def _freeze(cluster: Cluster, fault: Fault) -> None:
    process = cluster.target(fault.target)
    process.freeze()
    try:
        await trio.sleep(fault.seconds)
    finally:
        process.thaw()


async def _cut(cluster: Cluster, fault: Fault) -> None:
    for link in cluster.links(fault.target, fault.peer):
        link.cut(fault.amount)


async def _leave_half_open(cluster: Cluster, fault: Fault) -> None:
    for link in cluster.links(fault.target, fault.peer):
        link.leave_half_open(fault.amount)


async def _slow_down(cluster: Cluster, fault: Fault) -> None:
    with _healed_later(cluster, fault) as links:
        for link in links:
            link.delay_seconds = fault.amount
        await trio.sleep(fault.seconds)


async def _silence(cluster: Cluster, fault: Fault) -> None:
    with _healed_later(cluster, fault) as links:
        for link in links:
            link.silence()
        await trio.sleep(fault.seconds)


@contextmanager
def _healed_later(cluster: Cluster, fault: Fault) -> Iterator[list[Link]]:
    links = cluster.links(fault.target, fault.peer)
    try:
        yield links
    finally:
        for link in links:
            link.heal()


async def _fail_over(cluster: Cluster, fault: Fault) -> float:
    """Kill the primary Valkey, and let it come back as a replica of the one that took its place."""
    servers = _groups(cluster)
    old, killed_at = servers.primary(), time.monotonic()
    process = servers.target(VALKEY)
    with _held(process):
        process.kill()
        await servers.wait_for_other_primary(old)
        await trio.sleep(fault.seconds)
    return killed_at


async def _switch(cluster: Cluster, fault: Fault) -> None:
    servers = _groups(cluster)
    old = servers.primary()
    servers.switch()
    await servers.wait_for_other_primary(old)


async def _freeze_replicas(cluster: Cluster, fault: Fault) -> None:
    """Leave the primary without anybody to confirm what it keeps."""
    replicas = _groups(cluster).replicas()
    for replica in replicas:
        replica.freeze()
    try:
        await trio.sleep(fault.seconds)
    finally:
        for replica in replicas:
            replica.thaw()


async def _lose_database(cluster: Cluster, fault: Fault) -> float:
    return await _database(cluster).fail_over()


async def _kill_standby(cluster: Cluster, fault: Fault) -> None:
    await _database(cluster).do_without_standby(fault.seconds)


def _groups(cluster: Cluster) -> ReplicatedServers:
    assert isinstance(cluster.servers, ReplicatedServers), "only there a server has others beside it"
    return cluster.servers


def _database(cluster: Cluster) -> Database:
    database = _groups(cluster).database
    assert database is not None, "it was prepared"
    return database


async def _fill_disk(cluster: Cluster, fault: Fault) -> None:
    """Let the worker's files end where the smallest of its audit files ends."""
    worker = cluster.processes[fault.target]
    files = (cluster.place.folder / "audit" / fault.target).glob("*.jsonl")
    worker.limit_files(min((file.stat().st_size for file in files), default=0))
    try:
        await trio.sleep(fault.seconds)
    finally:
        worker.limit_files(None)


async def _step_clock(cluster: Cluster, fault: Fault) -> None:
    file = cluster.place.clock_of(fault.target)
    file.write_text(f"{fault.amount}\n", encoding="utf-8")
    await trio.sleep(fault.seconds)
    file.unlink()


@contextmanager
def _held(process: Target) -> Iterator[None]:
    process.hold()
    try:
        yield
    finally:
        process.release()


def _remove_data(folder: Path) -> None:
    for file in folder.iterdir():
        if file.is_dir():
            shutil.rmtree(file)


_DOINGS: Final[Mapping[Kind, Doing]] = {
    Kind.NODE_KILLED: _kill,
    Kind.NODE_KILLED_AND_GONE: _kill_and_hold,
    Kind.NODE_KILLED_CUT_OFF: _kill_cut_off,
    Kind.NODE_STOPPED: _stop,
    Kind.SHARDS_MOVED: _move,
    Kind.NODE_FROZEN: _freeze,
    Kind.NODE_FROZEN_LONG: _freeze,
    Kind.WORKER_KILLED: _kill,
    Kind.WORKERS_KILLED: _kill,
    Kind.WORKER_FROZEN: _freeze,
    Kind.ROUTER_KILLED: _kill,
    Kind.ROUTER_FROZEN: _freeze,
    Kind.VALKEY_KILLED: _kill,
    Kind.VALKEY_EMPTIED: _empty,
    Kind.VALKEY_FROZEN: _freeze,
    Kind.VALKEY_FROZEN_LONG: _freeze,
    Kind.NODE_AND_VALKEY_KILLED: _kill,
    Kind.VALKEY_FAILED_OVER: _fail_over,
    Kind.VALKEY_SWITCHED: _switch,
    Kind.REPLICAS_FROZEN: _freeze_replicas,
    Kind.POSTGRES_FAILED_OVER: _lose_database,
    Kind.STANDBY_KILLED: _kill_standby,
    Kind.POSTGRES_KILLED: _kill_and_hold,
    Kind.POSTGRES_FROZEN: _freeze,
    Kind.LINK_CUT: _cut,
    Kind.LINK_SLOW: _slow_down,
    Kind.LINK_SILENT: _silence,
    Kind.LINK_HALF_OPEN: _leave_half_open,
    Kind.DISK_FULL: _fill_disk,
    Kind.CLOCK_STEPPED: _step_clock,
}
