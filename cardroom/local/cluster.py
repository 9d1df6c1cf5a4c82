"""The whole product on one machine, started and stopped in order: servers, payments, wallet worker, doors.

    async with open_servers(plan, workplace, patience) as servers, open_processes(servers) as cluster:
        ...

Stopping goes from the inside out, each step within its share.
"""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import trio
from attrs import frozen

from cardroom.local.configuration import credential_names, prepare_configs
from cardroom.local.cores import pin
from cardroom.local.credentials import (
    ADMIN_TOKEN,
    ADMINS_FILE,
    BOTS_PASSWORD,
    make_admins,
    make_credentials,
    read_credential,
)
from cardroom.local.engines import run_postgres, run_valkey
from cardroom.local.patience import Patience
from cardroom.local.plan import ClusterPlan
from cardroom.local.ports import (
    HOST,
    NODE_1_ADMIN,
    NODE_2_ADMIN,
    PAYMENTS,
    ROUTER,
    VALKEY,
    WALLET,
    PortOption,
)
from cardroom.local.processes import Child, ProcessFailed, ProcessSpec, Workplace, keep_running
from cardroom.local.seeding import make_tables
from cardroom.service.retry import wait_for_start

WALLET_WORKER: Final = "wallet_worker"
SHARD_ROUTER: Final = "shard_router"
PAYMENTS_SANDBOX: Final = "payments"
_MODULES: Final = {
    WALLET_WORKER: WALLET_WORKER,
    SHARD_ROUTER: SHARD_ROUTER,
    "node-1": "node",
    "node-2": "node",
    PAYMENTS_SANDBOX: "cardroom.local.payments",
}

_NODE_ADMIN: Final = {"node-1": NODE_1_ADMIN, "node-2": NODE_2_ADMIN}

_KILL_SECONDS: Final = 0.5


@frozen
class Servers:
    """PostgreSQL and Valkey are up, secrets and settings are written, the schema is the newest."""

    plan: ClusterPlan
    workplace: Workplace
    patience: Patience
    configs: Mapping[str, Path]
    environment: Mapping[str, str]
    postgres_dsn: str

    async def run_command(
        self, name: str, *arguments: str, seconds: float
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command of a process to its end, whatever that is; its messages go to the process's log."""
        command = [sys.executable, "-m", _MODULES[name], *arguments, "--config", str(self.config_of(name))]
        with (self.plan.logs / f"{name}.log").open("ab") as log, trio.move_on_after(seconds):
            return await trio.run_process(
                command, capture_stdout=True, stderr=log, check=False, cwd=self.plan.project,
                env=dict(self.environment), start_new_session=True, deliver_cancel=_kill_soon,
            )  # fmt: skip
        raise ProcessFailed(f"{' '.join(command[1:])} did not end within {seconds:g} s")

    def spec(self, name: str) -> ProcessSpec:
        """Give what to run for a process."""
        command = (sys.executable, "-m", _MODULES[name], "--config", str(self.config_of(name)))
        cores = self.plan.cores
        return ProcessSpec(
            name, command, self.environment,
            cores=cores.nodes if name in self.plan.nodes else cores.services,
        )  # fmt: skip

    def config_of(self, name: str) -> Path:
        """Give the settings file of a process."""
        return self.configs[f"{name}.toml"]

    def credential(self, name: str) -> str:
        """Read one of the cluster's secrets."""
        return read_credential(self.plan.credentials, name)


@frozen
class Cluster:
    """Everything runs and is ready."""

    servers: Servers
    children: Mapping[str, Child]

    @property
    def router_url(self) -> str:
        """Where players register, log in and find tables."""
        return http_url(self.servers.plan, ROUTER)

    @property
    def wallet_url(self) -> str:
        """Where wallets are."""
        return http_url(self.servers.plan, WALLET)

    @property
    def payments_url(self) -> str:
        """Where the payments sandbox is, if the plan has one."""
        return http_url(self.servers.plan, PAYMENTS)


def http_url(plan: ClusterPlan, option: PortOption) -> str:
    """Give the address of an HTTP listener."""
    return f"http://{HOST}:{plan.ports[option]}"


@asynccontextmanager
async def open_servers(plan: ClusterPlan, workplace: Workplace, patience: Patience) -> AsyncIterator[Servers]:
    """Start PostgreSQL and Valkey, and bring the schema to the newest version."""
    record, limits = workplace.record, plan.limits
    async with (
        run_postgres(plan.folder / "postgres", record, patience, limits.postgres) as postgres,
        run_valkey(plan.folder / "valkey", plan.ports[VALKEY], record, patience, limits.valkey) as valkey,
    ):
        for pid in (postgres.pid, valkey.pid):
            pin(pid, plan.cores.engines)
        configs = prepare_configs(
            plan.configs, plan.ports, plan.folder / "configs", plan.run_folder, plan.all_settings
        )
        names = credential_names(configs) | {ADMIN_TOKEN, BOTS_PASSWORD}
        make_credentials(plan.credentials, names, postgres.dsn)
        make_admins(plan.credentials, plan.folder / ADMINS_FILE)
        environment = dict(os.environ) | {"CREDENTIALS_DIRECTORY": str(plan.credentials)}
        servers = Servers(plan, workplace, patience, configs, environment, postgres.dsn)
        migration = await servers.run_command(WALLET_WORKER, "migrate", seconds=limits.migration_seconds)
        if migration.returncode != 0:
            raise ProcessFailed(f"The migration failed; see {plan.logs / WALLET_WORKER}.log")
        yield servers


@asynccontextmanager
async def open_processes(servers: Servers) -> AsyncIterator[Cluster]:
    """Start the wallet worker, make the tables, then start router and nodes; all are ready in the block."""
    plan, limits = servers.plan, servers.plan.limits
    wallet = [servers.spec(WALLET_WORKER)]
    doors = [servers.spec(name) for name in (SHARD_ROUTER, *plan.nodes)]
    places = (ROUTER, *(_NODE_ADMIN[name] for name in plan.nodes))
    async with (
        _payments_running(servers) as sandbox,
        keep_running(wallet, servers.workplace, servers.patience, limits.wallet_stop) as first,
    ):
        await wait_until_ready(first[0], http_url(plan, WALLET), limits.ready_seconds)
        await make_tables(http_url(plan, WALLET), servers.credential(ADMIN_TOKEN), plan.tables)
        async with keep_running(doors, servers.workplace, servers.patience, limits.doors_stop) as others:
            for child, option in zip(others, places, strict=True):
                await wait_until_ready(child, http_url(plan, option), limits.ready_seconds)
            for child in sandbox:
                await wait_until_ready(child, http_url(plan, PAYMENTS), limits.ready_seconds)
            yield Cluster(servers, {child.name: child for child in (*sandbox, *first, *others)})


@asynccontextmanager
async def _payments_running(servers: Servers) -> AsyncIterator[Sequence[Child]]:
    """Run the payments sandbox around all that pays by it; nothing where the plan has none."""
    specs = [servers.spec(PAYMENTS_SANDBOX)] if servers.plan.has_payments else []
    limit = servers.plan.limits.payments_stop
    async with keep_running(specs, servers.workplace, servers.patience, limit) as children:
        yield children


async def wait_until_ready(child: Child, url: str, seconds: float) -> None:
    """Ask a process's health page until it is ready; raises ``ProcessFailed`` after ``seconds``."""
    timeout = httpx.Timeout(connect=1.0, read=1.0, write=1.0, pool=1.0)
    try:
        async with httpx.AsyncClient(timeout=timeout, trust_env=False) as http:
            async for attempt in wait_for_start(httpx.HTTPError, seconds=seconds):
                with attempt:
                    (await http.get(f"{url}/health/ready")).raise_for_status()
    except httpx.HTTPError as error:
        reason = f"{child.name} was not ready within {seconds:g} s; see {child.log_file}"
        raise ProcessFailed(reason) from error


async def _kill_soon(process: trio.Process) -> None:
    process.terminate()
    await trio.sleep(_KILL_SECONDS)
    process.kill()
