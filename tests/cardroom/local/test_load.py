"""A cluster that is to bear a load: what is planned, and that it plays and its ledger is sound."""

import json
import os
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
import trio

from cardroom.client import Account, connect, open_account
from cardroom.ids import TableId
from cardroom.local.cluster import SHARD_ROUTER, WALLET_WORKER
from cardroom.local.configuration import credential_names, prepare_configs
from cardroom.local.cores import nodes_apart
from cardroom.local.credentials import BOTS_PASSWORD
from cardroom.local.load import LoadPlan, open_load
from cardroom.service.settings import load_settings
from node.settings import NodeSettings
from shard_router.settings import RouterSettings
from wallet_worker.settings import WalletSettings

T = TypeVar("T")

PLAYERS = 30


def test_one_node_has_every_shard_and_room_for_all(project_root: Path, tmp_path: Path) -> None:
    load = LoadPlan(players=1000, tables=7, seats=9, nodes=1, has_human_pauses=True)
    plan = load.cluster_plan(project_root, tmp_path)
    assert plan.nodes == ("node-1",)
    assert [table.shard for table in plan.tables] == [0, 1, 2, 3, 0, 1, 2]
    assert {table.seat_count for table in plan.tables} == {9}
    node = _read(NodeSettings, _prepare(load, project_root, tmp_path)["node-1.toml"])
    assert node.shards == (0, 1, 2, 3)
    assert node.standby_for == ()
    assert node.sessions.connections >= 1000
    assert (node.tables.between_hands_seconds, node.tables.after_showdown_seconds) == (3.0, 6.0)
    worker = _read(WalletSettings, _prepare(load, project_root, tmp_path)["wallet_worker.toml"])
    assert len(worker.nodes) == 1


def test_settings_can_be_changed_one_by_one(project_root: Path, tmp_path: Path) -> None:
    more = {"node-2.toml": {"sessions.ping_seconds": 5.0}}
    load = LoadPlan(players=6, tables=1, connections=50, handshakes_per_second=9.0, settings=more)
    node = _read(NodeSettings, _prepare(load, project_root, tmp_path)["node-2.toml"])
    assert node.shards == (1, 3)
    assert node.sessions.ping_seconds == 5.0
    assert node.sessions.connections == 50
    assert node.sessions.handshakes_per_second == 9.0
    assert node.tables.between_hands_seconds < 1.0


def test_cheap_logins_are_asked_for(project_root: Path, tmp_path: Path) -> None:
    for is_cheap, kib in ((False, 19_456), (True, 1024)):
        load = LoadPlan(players=6, tables=1, has_cheap_logins=is_cheap)
        router = _read(RouterSettings, _prepare(load, project_root, tmp_path)["shard_router.toml"])
        assert router.hashing.memory_kib == kib


@pytest.mark.timeout(120)
async def test_a_crowd_is_there_with_money_and_the_ledger_is_sound(
    project_root: Path, tmp_path: Path
) -> None:
    load = LoadPlan(players=PLAYERS, tables=3, nodes=1, has_cheap_logins=True, cores=nodes_apart())
    said: list[str] = []
    async with open_load(load.cluster_plan(project_root, tmp_path), said.append) as cluster:
        servers = cluster.servers
        assert set(cluster.children) == {WALLET_WORKER, SHARD_ROUTER, "node-1"}
        pid = cluster.children["node-1"].pid
        assert pid is not None
        assert os.sched_getaffinity(pid) == (servers.plan.cores.nodes or os.sched_getaffinity(0))
        async with open_account(cluster.router_url) as account:
            login = await account.log_in(f"bot-{PLAYERS}@bots.invalid", servers.credential(BOTS_PASSWORD))
            async with httpx.AsyncClient(base_url=cluster.wallet_url) as http:
                bearer = {"Authorization": f"Bearer {login.token}"}
                wallet = (await http.get("/api/v1/wallet/balance", headers=bearer)).json()
            assert wallet["krw_balance"] == servers.plan.bots.grant
            table_id = await _find_open_table(account)
            async with connect(await account.ticket(table_id)) as table:
                await table.sit_down(table.view.max_buy_in, posts_blind=True)
        verdict = await servers.run_command(WALLET_WORKER, "verify", "--json", seconds=30.0)
    assert verdict.returncode == 0
    assert json.loads(verdict.stdout.splitlines()[-1])["krw_total"] == PLAYERS * servers.plan.bots.grant
    assert said == []


async def _find_open_table(account: Account) -> TableId:
    with trio.fail_after(20):
        while True:
            for table in await account.lobby():
                if table.is_open:
                    return table.table_id
            await trio.sleep(0.1)


def _prepare(load: LoadPlan, project: Path, folder: Path) -> dict[str, Path]:
    plan = load.cluster_plan(project, folder)
    return dict(prepare_configs(plan.configs, plan.ports, folder, "/elsewhere", plan.settings))


def _read(kind: type[T], file: Path) -> T:
    names = credential_names({file.name: file})
    return load_settings(kind, file, {f"HOLDEM_{name.upper()}": f"{name:s>64}" for name in names})
