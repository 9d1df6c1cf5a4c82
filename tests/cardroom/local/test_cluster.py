"""The whole product, every process real: started, hit, and stopped in order."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest
import trio

from cardroom.client import Account, connect, open_account
from cardroom.local.cluster import Cluster, http_url, open_processes, open_servers, wait_until_ready
from cardroom.local.patience import Patience
from cardroom.local.plan import TABLES, ClusterPlan
from cardroom.local.ports import NODE_1_ADMIN, free_ports
from cardroom.local.processes import Workplace
from cardroom.local.record import claim_folder
from cardroom.wire.lobby import LobbyTable

pytestmark = pytest.mark.timeout(120)


class Told:
    """What was said on the console."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.heard = trio.Event()

    def say(self, line: str) -> None:
        self.lines.append(line)
        self.heard.set()


@asynccontextmanager
async def open_cluster(project: Path, folder: Path, told: Told) -> AsyncIterator[Cluster]:
    plan = ClusterPlan(project=project, folder=folder, ports=free_ports())
    plan.logs.mkdir()
    with claim_folder(folder) as (record, _):
        workplace = Workplace(project, plan.logs, record, told.say)
        async with (
            open_servers(plan, workplace, Patience()) as servers,
            open_processes(servers) as cluster,
        ):
            yield cluster


async def open_tables(account: Account, count: int) -> list[LobbyTable]:
    """Wait until so many tables are open."""
    with trio.fail_after(20):
        while True:
            tables = [table for table in await account.lobby() if table.is_open]
            if len(tables) == count:
                return tables
            await trio.sleep(0.1)


async def is_ready(url: str) -> bool:
    async with httpx.AsyncClient() as http:
        return (await http.get(f"{url}/health/ready")).is_success


async def test_a_killed_node_comes_back_with_its_tables(project_root: Path, tmp_path: Path) -> None:
    told = Told()
    async with (
        open_cluster(project_root, tmp_path, told) as cluster,
        open_account(cluster.router_url) as account,
    ):
        tables = await open_tables(account, len(TABLES))
        assert {table.stake for table in tables} == {"low", "low_action", "middle", "high"}
        await account.register("tester", "tester@bots.invalid", "a long password")
        await account.log_in("tester@bots.invalid", "a long password")

        node = cluster.children["node-1"]
        first = node.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        with trio.fail_after(20):
            await told.heard.wait()
        await wait_until_ready(node, http_url(cluster.servers.plan, NODE_1_ADMIN), 20.0)

        for table in await open_tables(account, len(TABLES)):
            async with connect(await account.ticket(table.table_id)) as connected:
                assert connected.view.table_id == table.table_id
        assert node.pid != first
        pids = [child.pid for child in cluster.children.values()]
        assert await is_ready(cluster.wallet_url)
    assert told.lines == ["node-1 was ended by SIGKILL; starting it again in 0.25 s"]
    assert not any(pid is not None and psutil.pid_exists(pid) for pid in pids)
