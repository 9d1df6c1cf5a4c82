"""How long a node with 1,000 tables takes to start, and what a table takes: ``python -m bench.start``.

A real Valkey, PostgreSQL and wallet worker run. The node is started and stopped several times; a start lasts
from the making of its process until the lobby has all tables and routers may send players. The figures are
medians. Nobody plays, so this is also where an idle node is measured.
"""

import json
import os
import statistics
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import trio
from attrs import frozen

from cardroom.ids import NodeId, ShardId
from cardroom.local.cluster import WALLET_WORKER, Servers, http_url, open_servers, wait_until_ready
from cardroom.local.patience import Limit, Patience
from cardroom.local.plan import ClusterPlan
from cardroom.local.ports import VALKEY, WALLET, free_ports
from cardroom.local.processes import Workplace, keep_running
from cardroom.local.record import claim_folder
from cardroom.service.postgres import open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from cardroom.wire import keys
from wallet_worker.store.create_table import NewTable, create_table

TABLES: Final = 1000
SEATS: Final = 6
STARTS: Final = 3
IDLE_SECONDS: Final = 8.0
NODE: Final = NodeId("node-1")
SHARDS: Final = (ShardId(0), ShardId(2))
"""Those of the node in configs/dev."""

_LOOK_SECONDS: Final = 0.005
_STOP: Final = Limit(calm=8.0, hurried=1.0)
_SETTLE_SECONDS: Final = 3.0


@frozen
class Start:
    """One start of the node, and what it takes when nobody plays."""

    seconds: float
    rss_kib: int
    idle_share: float
    """Of one core; 0 where it was not measured."""


def measure() -> Mapping[str, float]:
    """Give the figures by name."""
    return trio.run(_measure)


async def _measure() -> Mapping[str, float]:
    async with _open_servers() as (servers, redis):
        empty = await _start(servers, redis, 0, IDLE_SECONDS)
        await _make_tables(servers)
        starts = [await _start(servers, redis, TABLES, 0.0) for _ in range(STARTS - 1)]
        starts.append(await _start(servers, redis, TABLES, IDLE_SECONDS))
    full = statistics.median(one.rss_kib for one in starts)
    return {
        "node_start_1000_tables_s": statistics.median(one.seconds for one in starts),
        "node_start_no_tables_s": empty.seconds,
        "kib_per_table": (full - empty.rss_kib) / TABLES,
        "idle_node_cpu_share": empty.idle_share,
        "idle_node_1000_tables_cpu_share": starts[-1].idle_share,
    }


@asynccontextmanager
async def _open_servers() -> AsyncIterator[tuple[Servers, Redis]]:
    """Run the servers and the wallet worker, which has no tables yet."""
    with TemporaryDirectory(prefix="holdem-") as folder:
        plan = ClusterPlan(project=Path.cwd(), folder=Path(folder), ports=free_ports(), tables=())
        plan.logs.mkdir()
        with claim_folder(plan.folder) as (record, _):
            workplace = Workplace(plan.project, plan.logs, record, lambda _: None)
            settings = RedisSettings(host="127.0.0.1", port=plan.ports[VALKEY])
            async with open_servers(plan, workplace, Patience()) as servers, open_redis(settings) as redis:
                wallet = [servers.spec(WALLET_WORKER)]
                async with keep_running(wallet, workplace, servers.patience, _STOP) as (child,):
                    await wait_until_ready(child, http_url(plan, WALLET), plan.limits.ready_seconds)
                    yield servers, redis


async def _make_tables(servers: Servers) -> None:
    owner = PostgresSettings(dsn=servers.credential("wallet_dsn"))
    async with open_postgres(owner) as database:
        for number in range(TABLES):
            shard = SHARDS[number % len(SHARDS)]
            await create_table(database, NewTable(shard, f"Start {number}", "low", SEATS))


async def _start(servers: Servers, redis: Redis, tables: int, idle_seconds: float) -> Start:
    """Start the node, wait until players find its tables, and stop it."""
    await redis.delete([keys.node(NODE), *(keys.lobby(shard) for shard in SHARDS)])
    began = trio.current_time()
    async with keep_running([servers.spec(NODE)], servers.workplace, servers.patience, _STOP) as (child,):
        with trio.fail_after(60):
            while not await _is_open(redis, tables):  # noqa: ASYNC110 (the event is in another process)
                await trio.sleep(_LOOK_SECONDS)
        seconds = trio.current_time() - began
        await trio.sleep(_SETTLE_SECONDS)
        assert child.pid is not None, "it runs"
        before = _cpu_seconds(child.pid)
        await trio.sleep(idle_seconds)
        used = _cpu_seconds(child.pid) - before
        return Start(seconds, _rss_kib(child.pid), used / idle_seconds if idle_seconds else 0.0)


async def _is_open(redis: Redis, tables: int) -> bool:
    """Say whether routers know the node, and all its tables."""
    if not await redis.exists([keys.node(NODE)]):
        return False
    leases = [await redis.hget(keys.lease(shard), "epoch") for shard in SHARDS]
    listed = [await redis.hlen(keys.lobby(shard)) for shard in SHARDS]
    return all(int(epoch or 0) > 0 for epoch in leases) and sum(listed) == tables


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: round(value, 4) for name, value in measure().items()}) + "\n")
