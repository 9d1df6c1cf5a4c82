"""The cluster that faults are done to: real servers and processes, a network of proxies between them."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import trio
from attrs import define, field, frozen

from cardroom.local.configuration import credential_names
from cardroom.local.credentials import (
    ADMIN_TOKEN,
    ADMINS_FILE,
    BOTS_PASSWORD,
    make_admins,
    make_credentials,
    read_credential,
)
from cardroom.local.plan import BotPlan, TablePlan
from cardroom.local.seeding import make_tables, provide_players
from cardroom.local.servers import free_port
from cardroom.service.retry import wait_for_start
from tests.chaos.process import Process, Program, running
from tests.chaos.proxy import Link, Proxy, find_owner, open_proxy, to_port
from tests.chaos.replicated import ReplicatedServers
from tests.chaos.servers import Servers, SingleServers, Target
from tests.chaos.settings import NODES, ROUTER, WORKERS, Addresses, write_settings

BOTS: Final = "bots"
TABLES: Final = (
    TablePlan(shard=0, name="Han", stake="low"),
    TablePlan(shard=1, name="Nakdong", stake="low"),
    TablePlan(shard=2, name="Geum", stake="middle"),
    TablePlan(shard=3, name="Seomjin", stake="middle"),
)

_MODULES: Final = {
    **dict.fromkeys(NODES, "node"),
    **dict.fromkeys(WORKERS, "wallet_worker"),
    ROUTER: "shard_router",
}
_READY_SECONDS: Final = 30.0
_COMMAND_SECONDS: Final = 60.0
_CLOCK: Final = Path(__file__).parent / "clock"


class ClusterFailed(Exception):
    """The cluster does not come up, or its bots do not play."""


@frozen
class Place:
    """Where a run keeps its files, and what it plays with."""

    project: Path
    folder: Path
    seed: int
    players: int

    @property
    def logs(self) -> Path:
        """The folder of logs."""
        return self.folder / "logs"

    @property
    def record(self) -> Path:
        """What the bots saw."""
        return self.folder / "seen.jsonl"

    def clock_of(self, worker: str) -> Path:
        """Say where it stands by how much a worker's clock is wrong."""
        return self.folder / f"clock-{worker}"


@define
class Cluster:
    """Everything runs."""

    place: Place
    servers: Servers
    addresses: Addresses
    configs: Mapping[str, Path]
    environment: Mapping[str, str]
    proxies: dict[str, Proxy] = field(factory=dict)
    processes: dict[str, Process] = field(factory=dict)

    @property
    def dsn(self) -> str:
        """The owner's way to the database, past the proxies."""
        return self.servers.dsn(self.servers.ports)

    def url(self, process: str) -> str:
        """Give where a process answers by HTTP."""
        return f"http://127.0.0.1:{self.addresses.pages[process]}"

    def links(self, client: str, server: str) -> list[Link]:
        """Give the links between two processes; a server may stand for several that take its place."""
        return [proxy.link(client) for name, proxy in self.proxies.items() if name.startswith(server)]

    def target(self, name: str) -> Target:
        """Give what a fault is done to: one of our processes, or whichever server serves now."""
        return self.processes[name] if name in self.addresses.pages else self.servers.target(name)

    def find_client(self, port: int) -> str:
        """Name the process that a port belongs to."""
        return find_owner(
            port, {name: one.pid for name, one in self.processes.items() if one.pid is not None}
        )

    def credential(self, name: str) -> str:
        """Read a secret."""
        return read_credential(self.place.folder / "credentials", name)

    async def verify(self, worker: str, *, is_full: bool = False) -> dict[str, Any]:
        """Let the ledger be checked, with the copies that a worker keeps; gives the report."""
        words = ("verify", "--json", "--config", str(self.configs[worker]), *(["--full"] if is_full else []))
        done = await self.run_command(worker, *words)
        if not done.stdout:
            return {"ok": False, "error": done.stderr.decode()[-2000:]}
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    async def run_command(self, name: str, *words: str) -> "subprocess.CompletedProcess[bytes]":
        """Run a command of a process to its end."""
        with trio.fail_after(_COMMAND_SECONDS):
            return await trio.run_process(
                [sys.executable, "-m", _MODULES[name], *words],
                capture_stdout=True, capture_stderr=True, check=False,
                cwd=self.place.project, env=dict(self.environment),
            )  # fmt: skip

    def program(self, name: str) -> Program:
        """Give what to run for one of our processes."""
        environment = dict(self.environment)
        if name in WORKERS:
            paths = f"{_CLOCK}{os.pathsep}{environment.get('PYTHONPATH', '')}".rstrip(os.pathsep)
            environment |= {"PYTHONPATH": paths, "CLOCK_OFFSET_FILE": str(self.place.clock_of(name))}
        command = (sys.executable, "-m", _MODULES[name], "--config", str(self.configs[name]))
        return Program(name, command, self.place.project, self.place.logs / f"{name}.log", environment)

    def bots(self) -> Program:
        """Give what runs the players."""
        folder = self.place.folder
        command = (
            sys.executable, "-m", "loadtest",
            "--router", self.url(ROUTER),
            "--password-file", str(folder / "credentials" / BOTS_PASSWORD),
            "--players", str(self.place.players),
            "--think-ms", "40-200",
            "--hands-per-visit", "500",
            "--longest-pause-seconds", "1",
            "--answer-seconds", "3",
            "--leave-seconds", "10",
            "--seed", str(self.place.seed),
            "--json", str(folder / "bots.json"),
            "--record", str(self.place.record),
        )  # fmt: skip
        return Program(
            BOTS,
            command,
            self.place.project,
            self.place.logs / "bots.log",
            self.environment,
            stop_seconds=15.0,
        )


@asynccontextmanager
async def open_cluster(place: Place, *, replicated: bool = False) -> AsyncIterator[Cluster]:
    """Bring everything up, with bots that have begun to play when the block begins."""
    for folder in (place.logs, place.folder / "audit"):
        folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        servers = await _choose_servers(place, stack, replicated=replicated)
        cluster = await _prepare(place, servers, stack)
        proxies = {name: cluster.proxies[name].port for name in servers.ports}
        cluster.processes |= await servers.start(stack, proxies)
        await _migrate(cluster)
        await _start(cluster, stack, *map(cluster.program, WORKERS))
        await make_tables(cluster.url(WORKERS[0]), cluster.credential(ADMIN_TOKEN), TABLES)
        await _start(cluster, stack, *map(cluster.program, (ROUTER, *NODES)))
        await provide_players(
            cluster.url(ROUTER), cluster.url(WORKERS[0]), BotPlan(players=place.players),
            (cluster.credential(ADMIN_TOKEN), cluster.credential(BOTS_PASSWORD)), str(place.seed),
        )  # fmt: skip
        await _start(cluster, stack, cluster.bots())
        yield cluster


async def _choose_servers(place: Place, stack: AsyncExitStack, *, replicated: bool) -> Servers:
    if not replicated:
        return SingleServers(place.folder, place.logs)
    servers = ReplicatedServers(place.folder, place.logs)
    await servers.prepare(stack)
    return servers


async def _prepare(place: Place, servers: Servers, stack: AsyncExitStack) -> Cluster:
    """Choose ports, lay the network, write settings and secrets."""
    doors = {name: free_port() for name in NODES}
    pages = {name: free_port() for name in (*NODES, *WORKERS, ROUTER)}
    environment = dict(os.environ) | {"CREDENTIALS_DIRECTORY": str(place.folder / "credentials")}
    cluster = Cluster(place, servers, Addresses({}, doors, {}, pages), {}, environment)
    for name, port in (dict(servers.ports) | doors).items():
        proxy = open_proxy(name, to_port(port), cluster.find_client)
        cluster.proxies[name] = await stack.enter_async_context(proxy)
    seen = {name: proxy.port for name, proxy in cluster.proxies.items()}
    told = Addresses(servers.redis_settings(seen), doors, seen, pages)
    cluster.configs = write_settings(place.project / "configs", place.folder / "configs", told)
    names = credential_names(cluster.configs)
    make_credentials(place.folder / "credentials", names | {ADMIN_TOKEN, BOTS_PASSWORD}, servers.dsn(seen))
    make_admins(place.folder / "credentials", place.folder / ADMINS_FILE)
    return cluster


async def _run(cluster: Cluster, stack: AsyncExitStack, *programs: Program) -> tuple[Process, ...]:
    started = await stack.enter_async_context(running(*programs))
    cluster.processes |= {process.name: process for process in started}
    return started


async def _start(cluster: Cluster, stack: AsyncExitStack, *programs: Program) -> None:
    for process in await _run(cluster, stack, *programs):
        if process.name in cluster.addresses.pages:
            await wait_until_ready(cluster.url(process.name))


async def wait_until_ready(url: str) -> None:
    """Ask a process's health page until it is ready; raises ``ClusterFailed``."""
    timeout = httpx.Timeout(1.0)
    try:
        async with httpx.AsyncClient(timeout=timeout, trust_env=False) as http:
            async for attempt in wait_for_start(httpx.HTTPError, seconds=_READY_SECONDS):
                with attempt:
                    (await http.get(f"{url}/health/ready")).raise_for_status()
    except httpx.HTTPError as error:
        raise ClusterFailed(f"{url} is not ready: {error}") from error


async def _migrate(cluster: Cluster) -> None:
    worker = WORKERS[0]
    done = await cluster.run_command(worker, "migrate", "--config", str(cluster.configs[worker]))
    if done.returncode != 0:
        raise ClusterFailed(f"the migration failed: {done.stderr.decode()[-2000:]}")
