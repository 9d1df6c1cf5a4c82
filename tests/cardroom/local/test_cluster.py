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

from cardroom.client import Account, ClientLimits, RequestRefused, connect, open_account
from cardroom.client.account import open_http
from cardroom.ids import TableId
from cardroom.local.cluster import Cluster, http_url, open_processes, open_servers, wait_until_ready
from cardroom.local.credentials import ADMIN_TOKEN
from cardroom.local.patience import Patience
from cardroom.local.plan import TABLES, ClusterPlan
from cardroom.local.ports import NODE_1_ADMIN, free_ports
from cardroom.local.processes import Workplace
from cardroom.local.record import claim_folder
from cardroom.local.seeding import ask
from cardroom.wire.lobby import LobbyTable
from cardroom.wire.refusals import Refusal

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


async def make_private_table(cluster: Cluster, shard: int) -> tuple[TableId, str]:
    """Make a table as an administrator does; gives its number and its code."""
    table = {"shard": shard, "name": "Back room", "stake": "low", "seat_count": 6, "private": True}
    body = table | {"reason": "a test", "idempotency_key": "back room"}
    token = cluster.servers.credential(ADMIN_TOKEN)
    async with open_http(cluster.wallet_url, ClientLimits()) as http:
        made = await ask(http, "POST", "/admin/tables", token, body)
    return TableId(made["table_id"]), made["invitation"]


async def wait_for_table(account: Account, table_id: TableId) -> None:
    """Wait until a new table can be reached: the lobby does not list every one."""
    with trio.fail_after(20):
        while True:
            try:
                await account.ticket(table_id)
            except RequestRefused as refused:
                if refused.code not in (Refusal.NO_SUCH_TABLE, Refusal.TABLE_UNAVAILABLE):
                    raise
            else:
                return
            await trio.sleep(0.1)


async def assert_only_the_code_opens(account: Account, table_id: TableId, code: str) -> None:
    await wait_for_table(account, table_id)
    for wrong in ("", code[::-1]):
        with pytest.raises(RequestRefused, match="invitation_needed"):
            async with connect(await account.ticket(table_id), invitation=wrong):
                pass
    async with connect(await account.ticket(table_id), invitation=code) as connected:
        assert connected.view.is_private
        assert connected.view.name == "Back room"
    assert table_id not in [table.table_id for table in await account.lobby()]


async def test_a_killed_node_comes_back_with_its_tables_and_a_new_private_one(
    project_root: Path, tmp_path: Path
) -> None:
    told = Told()
    async with (
        open_cluster(project_root, tmp_path, told) as cluster,
        open_account(cluster.router_url) as account,
    ):
        tables = await open_tables(account, len(TABLES))
        assert {table.stake for table in tables} == {"low", "low_action", "middle", "high"}
        await account.register("tester", "tester@bots.invalid", "a long password")
        await account.log_in("tester@bots.invalid", "a long password")

        private, code = await make_private_table(cluster, shard=0)
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
        await assert_only_the_code_opens(account, private, code)
        assert node.pid != first
        pids = [child.pid for child in cluster.children.values()]
        assert await is_ready(cluster.wallet_url)
        logs = [file.read_text(encoding="utf-8") for file in cluster.servers.plan.logs.iterdir()]
        assert any("shard.opened" in text for text in logs)
        assert not any(code in text for text in logs)
    assert told.lines == ["node-1 was ended by SIGKILL; starting it again in 0.25 s"]
    assert not any(pid is not None and psutil.pid_exists(pid) for pid in pids)
