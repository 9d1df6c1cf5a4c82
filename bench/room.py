"""Places that bear a load for a bench: the product's cluster, the replaced design, or bare uvicorn.

All processes that serve players are on the first core; players, PostgreSQL and Valkey on the others.
"""

import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx
import psutil
import trio
from attrs import field, frozen

from cardroom.local.cluster import Cluster, http_url
from cardroom.local.cores import Cores, pin, servers_apart
from cardroom.local.credentials import BOTS_PASSWORD
from cardroom.local.engines import run_postgres, run_valkey
from cardroom.local.load import LoadPlan, open_load
from cardroom.local.patience import Patience
from cardroom.local.plan import Limits
from cardroom.local.ports import NODE_1_ADMIN
from cardroom.local.processes import ProcessFailed, ProcessSpec, Workplace, keep_running
from cardroom.local.record import RunRecord, claim_folder
from cardroom.local.servers import free_port
from cardroom.service.postgres import Postgres, open_postgres
from cardroom.service.settings import PostgresSettings

PYTHON_OF_BASELINE: Final = Path(".venv-baseline/bin/python")
_READY_SECONDS: Final = 20.0
_TRANSACTIONS: Final = (
    "SELECT xact_commit AS committed FROM pg_stat_database WHERE datname = current_database()"
)


@frozen
class Room:
    """Where players come in, what the load test may ask, and the engines' processes by name."""

    arguments: tuple[str, ...]
    engines: Mapping[str, int] = field(factory=dict)
    cluster: Cluster | None = None
    postgres: Postgres | None = None

    async def read_worker(self) -> Mapping[str, float]:
        """Give what the wallet worker counts of its hands; nothing where there is none."""
        if self.cluster is None:
            return {}
        async with httpx.AsyncClient(trust_env=False) as http:
            page = (await http.get(f"{self.cluster.wallet_url}/metrics")).text
        return sum_metrics(
            page, ("holdem_ledger_settled_hands_total", "holdem_ledger_settling_batches_total")
        )

    async def count_transactions(self) -> int:
        """Give how many transactions PostgreSQL has committed, as far as its processes have told by now.

        The question is one of them.
        """
        if self.postgres is None:
            return 0
        async with self.postgres.transaction() as transaction:
            row = await transaction.fetch_one(_TRANSACTIONS)
        assert row is not None, "a database counts itself"
        return int(row["committed"])

    def engine_seconds(self) -> dict[str, float]:
        """Give the processor time that each engine has taken, with all its processes."""
        return {name: cpu_seconds(pid) for name, pid in self.engines.items()}


def sum_metrics(page: str, names: Sequence[str]) -> dict[str, float]:
    """Read counters from a page of metrics; those of one name with different labels are added up."""
    sums: dict[str, float] = {}
    for line in page.splitlines():
        name = line.partition(" ")[0].partition("{")[0]
        if name in names:
            sums[name] = sums.get(name, 0.0) + float(line.rpartition(" ")[2])
    return sums


def end_in_order_on_sigterm() -> None:
    """Let SIGTERM do what Ctrl-C does: what was started is stopped first."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what runs behind
    signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))


@contextmanager
def players_apart(cores: Cores) -> Iterator[None]:
    """Keep this process, and what it starts to play, on the players' cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores.clients or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@asynccontextmanager
async def open_cluster_room(load: LoadPlan) -> AsyncIterator[Room]:
    """Run the whole product with one node."""
    with TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        async with open_load(load.cluster_plan(Path.cwd(), folder), _say) as cluster:
            engines = {one: pid for one, pid in _recorded(folder).items() if one in ("postgres", "valkey")}
            settings = PostgresSettings(dsn=cluster.servers.postgres_dsn, connections=1)
            async with open_postgres(settings) as postgres:
                yield Room(_cluster_arguments(cluster), engines, cluster, postgres)


def _cluster_arguments(cluster: Cluster) -> tuple[str, ...]:
    plan = cluster.servers.plan
    return (
        "--router", cluster.router_url,
        "--password-file", str(plan.credentials / BOTS_PASSWORD),
        "--admin-token-file", str(plan.credentials / "admin_token"),
        "--node-admin", f"node-1={http_url(plan, NODE_1_ADMIN)}",
        "--wallet-admin", cluster.wallet_url,
        "--router-admin", cluster.router_url,
    )  # fmt: skip


@asynccontextmanager
async def open_baseline_room(load: LoadPlan, state: str) -> AsyncIterator[Room]:
    """Run the replaced design, its tables' state ``shared`` between workers or ``kept`` in its memory."""
    limits = Limits()
    with TemporaryDirectory(prefix="bench-") as name, claim_folder(Path(name)) as (record, _):
        folder = Path(name)
        async with (
            run_postgres(folder / "postgres", record, Patience(), limits.postgres) as postgres,
            run_valkey(folder / "valkey", free_port(), record, Patience(), limits.valkey) as valkey,
        ):
            engines = {"postgres": postgres.pid, "valkey": valkey.pid}
            for pid in engines.values():
                pin(pid, load.cores.engines)
            password = folder / "password"
            password.write_text("correct horse battery staple\n", encoding="utf-8")
            arguments = (
                "--redis-port", str(valkey.settings.port), "--dsn", postgres.dsn,
                "--tables", str(load.tables), "--seats", str(load.seats), "--state", state,
            )  # fmt: skip
            async with _keep_baseline(arguments, load.cores, folder, record) as url:
                yield Room(
                    ("--router", url, "--password-file", str(password), "--node-admin", f"baseline={url}"),
                    engines,
                )


@asynccontextmanager
async def open_bare_room(load: LoadPlan) -> AsyncIterator[Room]:
    """Run bare uvicorn."""
    with TemporaryDirectory(prefix="bench-") as name, claim_folder(Path(name)) as (record, _):
        arguments = ("--bare", "--seats", str(load.seats))
        async with _keep_baseline(arguments, load.cores, Path(name), record) as url:
            yield Room((url,))


@asynccontextmanager
async def _keep_baseline(
    arguments: tuple[str, ...], cores: Cores, folder: Path, record: RunRecord
) -> AsyncIterator[str]:
    """Run a process of loadtest/baseline; gives its address when it answers."""
    if not PYTHON_OF_BASELINE.exists():
        raise ProcessFailed("The baseline is not installed: make bench-baseline does that")
    port = free_port()
    command = (str(PYTHON_OF_BASELINE), "-m", "loadtest.baseline", "--port", str(port), *arguments)
    spec = ProcessSpec("baseline", command, dict(os.environ), cores=cores.nodes)
    workplace = Workplace(Path.cwd(), folder, record, _say)
    async with keep_running([spec], workplace, Patience(), Limits().doors_stop):
        url = f"http://127.0.0.1:{port}"
        await _wait_until_answering(f"{url}/metrics", folder / "baseline.log")
        yield url


async def _wait_until_answering(url: str, log_file: Path) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        with trio.move_on_after(_READY_SECONDS):
            while True:
                try:
                    (await http.get(url)).raise_for_status()
                except httpx.HTTPError:
                    await trio.sleep(0.1)
                else:
                    return
    log = await trio.Path(log_file).read_text(encoding="utf-8")
    raise ProcessFailed(f"The baseline did not start: {log[-2000:]}")


def cpu_seconds(pid: int) -> float:
    """Give the processor time that a process, its children and their threads have taken until now."""
    try:
        process = psutil.Process(pid)
        times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    except psutil.NoSuchProcess:
        return 0.0
    waited = process.cpu_times()  # backends that have ended are the postmaster's own account
    ended = waited.children_user + waited.children_system
    return float(sum(one.user + one.system for one in times) + ended)


def make_load(players: int, tables: int, seats: int = 6) -> LoadPlan:
    """Plan a cluster with one node; every process of ours on the first core."""
    return LoadPlan(
        players=players, tables=tables, seats=seats, nodes=1, cores=servers_apart(), has_cheap_logins=True
    )


def _recorded(folder: Path) -> dict[str, int]:
    document = json.loads((folder / "processes.json").read_text(encoding="utf-8"))
    return {str(one["name"]): int(one["pid"]) for one in document}


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
