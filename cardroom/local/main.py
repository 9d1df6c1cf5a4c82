"""What ``make run`` runs: the whole product on this machine, with bots that play.

``RUN_SECONDS=30`` ends it after so long and lets the ledger be the judge; else Ctrl-C ends it.
"""

import argparse
import json
import os
import secrets
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import trio

from cardroom.client import ClientError
from cardroom.local.cluster import Cluster, http_url, open_processes, open_servers
from cardroom.local.console import Console
from cardroom.local.patience import Patience
from cardroom.local.plan import FOLDERS, ClusterPlan
from cardroom.local.play import Round, judge
from cardroom.local.ports import NODE_1_ADMIN, NODE_2_ADMIN, ROUTER_ADMIN, check_ports, read_ports
from cardroom.local.processes import ProcessFailed, Workplace
from cardroom.local.record import AlreadyRunning, RunRecord, claim_folder
from cardroom.local.servers import ServerFailed
from cardroom.service.settings import BadSettings

EXIT_FAILED: Final = 1
EXIT_CANNOT_START: Final = 2

_FAILURES: Final = (ProcessFailed, ServerFailed, ClientError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a cluster in ``.run/``, or remove the data of earlier ones; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m cardroom.local", description="The cluster on one machine."
    )
    parser.add_argument("--clean", action="store_true", help="remove the data of earlier runs, and end")
    parser.add_argument("--folder", type=Path, default=Path(".run"), help="where the data is (.run)")
    options = parser.parse_args(arguments)
    console = Console(sys.stdout)
    project, folder = Path.cwd(), options.folder.resolve()
    try:
        if options.clean:
            return clean(folder, console)
        run_seconds = read_run_seconds(os.environ)
        ports = read_ports(project / "configs" / "dev", os.environ)
        plan = ClusterPlan(project, folder, ports, has_payments=True)
        with claim_folder(plan.folder) as (record, ended):
            if ended:
                console.say(f"Ended what an earlier run left behind: {', '.join(ended)}.")
            check_ports(plan.ports, plan.configs)
            return trio.run(run_until_signalled, plan, record, console, run_seconds)
    except (BadSettings, AlreadyRunning, OSError) as fault:
        sys.stderr.write(f"{fault}\n")
        return EXIT_CANNOT_START


def clean(folder: Path, console: Console) -> int:
    """Remove all data, and nothing that is not ours; refused while a cluster runs on it."""
    if folder.is_dir():
        with claim_folder(folder):
            for name in FOLDERS:
                shutil.rmtree(folder / name, ignore_errors=True)
            for file in folder.glob("*.json"):
                file.unlink()
        with suppress(OSError):  # somebody else keeps something there
            folder.rmdir()
    console.say(f"Removed the data in {folder}.")
    return 0


def read_run_seconds(environment: Mapping[str, str]) -> float | None:
    """Read how long to run; None without a limit."""
    text = environment.get("RUN_SECONDS", "")
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise BadSettings(f"RUN_SECONDS={text} is no number of seconds above 0")
    return seconds


async def run_until_signalled(
    plan: ClusterPlan, record: RunRecord, console: Console, run_seconds: float | None
) -> int:
    """Run the cluster until its time is over or a signal comes; then stop it in order."""
    patience = Patience()
    code = 0 if run_seconds is None else EXIT_FAILED
    running = trio.CancelScope()
    async with trio.open_nursery() as nursery:
        await nursery.start(_watch_signals, running, patience, console)
        with running:
            try:
                code = await run_cluster(plan, record, patience, console, run_seconds)
            except* _FAILURES as group:
                console.end_status()
                for reason in _reasons(group):
                    sys.stderr.write(f"{reason}\n")
                code = EXIT_FAILED
        nursery.cancel_scope.cancel()
    return code


async def run_cluster(
    plan: ClusterPlan, record: RunRecord, patience: Patience, console: Console, run_seconds: float | None
) -> int:
    """Bring everything up, let the bots play, stop in order; gives the exit code of a run that was judged."""
    plan.logs.mkdir(parents=True, exist_ok=True)
    workplace = Workplace(plan.project, plan.logs, record, console.say)
    console.say("Starting PostgreSQL, Valkey, payments, the wallet worker, the router and two nodes ...")
    async with open_servers(plan, workplace, patience) as servers:
        async with open_processes(servers) as cluster:
            tell_addresses(cluster, console)
            played = await Round(cluster, console).play(secrets.token_hex(8), run_seconds)
            console.end_status()
            console.say("Stopping in order ...")
        result = await judge(servers, played)
    console.say(json.dumps(result, separators=(",", ":")))
    return 0 if has_passed(result) else EXIT_FAILED


def has_passed(result: Mapping[str, Any]) -> bool:
    """Say whether a run is good: the ledger balances and hands were settled."""
    return bool(result["ledger_balanced"]) and result["hands_settled"] > 0


def tell_addresses(cluster: Cluster, console: Console) -> None:
    """Say where everything is."""
    plan = cluster.servers.plan
    console.say(f"  router  {cluster.router_url}/docs")
    console.say(f"  router  {http_url(plan, ROUTER_ADMIN)}/docs (administrators)")
    console.say(f"  wallet  {cluster.wallet_url}/docs")
    console.say(f"  node-1  {http_url(plan, NODE_1_ADMIN)}/docs (administrators)")
    console.say(f"  node-2  {http_url(plan, NODE_2_ADMIN)}/docs (administrators)")
    if plan.has_payments:
        console.say(f"  payments {cluster.payments_url}/docs (a sandbox: gateway, chains, rates)")
    console.say(f"  tokens of administrators in {plan.credentials}, logs in {plan.logs}")
    console.say("Ctrl-C stops everything in order.")


async def _watch_signals(
    running: trio.CancelScope,
    patience: Patience,
    console: Console,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        task_status.started()
        async for _ in signals:
            if not running.cancel_called:
                console.end_status()
                console.say("Stopping in order, at once ...")
            patience.hurry()
            running.cancel()


def _reasons(error: BaseException) -> list[str]:
    if isinstance(error, BaseExceptionGroup):
        return [reason for inner in error.exceptions for reason in _reasons(inner)]
    return [str(error)]
