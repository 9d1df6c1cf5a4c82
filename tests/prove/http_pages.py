"""Every page of every service, asked by schemathesis as its own OpenAPI document says, well and badly.

A cluster is started for it and thrown away: orders of administrators are carried out. No answer may be a
fault of the server or differ from the document; what fits the document may not be called malformed, and what
does not fit may not be accepted. After all of it the ledger must still be right.
"""

import io
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import trio
from attrs import evolve, field, frozen

from cardroom.client import open_account
from cardroom.local.cluster import WALLET_WORKER, Cluster, http_url, open_processes, open_servers
from cardroom.local.console import Console
from cardroom.local.patience import Patience
from cardroom.local.plan import BotPlan, ClusterPlan
from cardroom.local.ports import NODE_1_ADMIN, ROUTER_ADMIN, free_ports
from cardroom.local.processes import Workplace
from cardroom.local.record import claim_folder
from cardroom.local.seeding import provide_players
from cardroom.service.openapi_document import UNDOCUMENTED

_BOTS: Final = BotPlan(players=2, names="asked")
_CONFIG: Final = """
hooks = "tests.prove.schemathesis_hooks"

[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 503]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 413, 415]

# They have no end: who asks would wait for ever. What is not selected is not counted.
[[operations]]
include-path = "/api/v1/lobby/events"
enabled = false

[[operations]]
include-path = "/api/v1/wallet/events"
enabled = false
"""


@frozen
class Effort:
    """How much is asked: ``examples`` of each operation, again and again for ``seconds``; 0: only once."""

    examples: int
    seconds: int
    seed: int = 1

    @property
    def arguments(self) -> list[str]:
        """Give what schemathesis is told of it. Without time it leaves the borders of values out."""
        numbers = ["--max-examples", str(self.examples), "--seed", str(self.seed)]
        if self.seconds == 0:
            return [*numbers, "--phases", "fuzzing"]
        return [*numbers, "--phases", "coverage,fuzzing,stateful", "--max-time", str(self.seconds)]


@frozen
class Asked:
    """What became of asking the pages of one document."""

    service: str
    operations: int
    tested: int
    cases: int
    accepted: int
    """How many cases were carried out, of those that fit the document."""
    faults: Sequence[str]
    output: str = field(default="", repr=False)
    """What schemathesis wrote, with how to repeat what failed."""

    @property
    def is_clean(self) -> bool:
        """Whether every page was asked and answered as it says."""
        return not self.faults and 0 < self.operations == self.tested


@asynccontextmanager
async def open_house(folder: Path) -> AsyncIterator[Cluster]:
    """Run a cluster at which nobody plays, with two players who have money."""
    plan = ClusterPlan(Path.cwd(), folder, free_ports(), bots=_BOTS, has_payments=True)
    plan.logs.mkdir(parents=True)
    with claim_folder(folder) as (record, _):
        workplace = Workplace(plan.project, plan.logs, record, Console(io.StringIO()).say)
        async with open_servers(plan, workplace, Patience()) as servers, open_processes(servers) as cluster:
            secrets = (servers.credential("admin_token"), servers.credential("bots_password"))
            await provide_players(cluster.router_url, cluster.wallet_url, _BOTS, secrets, "prove")
            yield cluster


def documents_of(cluster: Cluster) -> dict[str, str]:
    """Give the addresses of all documents."""
    return {
        "router": f"{cluster.router_url}/openapi.json",
        "wallet": f"{cluster.wallet_url}/openapi.json",
        "node": f"{http_url(cluster.servers.plan, NODE_1_ADMIN)}/openapi.json",
        "router_admin": f"{http_url(cluster.servers.plan, ROUTER_ADMIN)}/openapi.json",
    }


def document_faults(document: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with a document itself: pages that it does not know, names twice, open doors."""
    faults = [f"{rule} says nothing about itself" for rule in document.get(UNDOCUMENTED, ())]
    names: set[str] = set()
    for path, of_path in document["paths"].items():
        for one in of_path.values():
            faults += [f"{one['operationId']} is there twice"] if one["operationId"] in names else []
            names.add(one["operationId"])
            is_closed = any("administrator" in way for way in one.get("security", ()))
            if is_closed != (path.startswith("/admin/") and "service" not in one["tags"]):
                faults.append(f"{path} is not for whom its address says")
    return faults


async def ask_pages(cluster: Cluster, effort: Effort) -> list[Asked]:
    """Ask the pages of all documents at the same time: orders of one service change what others answer."""
    place = await _describe(cluster)
    found: list[Asked] = []

    async def ask(name: str, url: str) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            document = (await http.get(url)).raise_for_status().json()
        if document["paths"]:
            asked = await _ask(cluster.servers.plan.folder, name, url, place, effort)
            found.append(evolve(asked, faults=[*document_faults(document), *asked.faults]))

    async with trio.open_nursery() as nursery:
        for name, url in documents_of(cluster).items():
            nursery.start_soon(ask, name, url)
    return sorted(found, key=lambda one: one.service)


async def prove_pages(folder: Path, effort: Effort) -> tuple[list[Asked], bool]:
    """Ask all pages of a new cluster; say what became of it, and whether its ledger is right after it."""
    async with open_house(folder) as cluster:
        return await ask_pages(cluster, effort), await is_ledger_right(cluster)


async def is_ledger_right(cluster: Cluster) -> bool:
    """Let the wallet worker check every invariant of the ledger."""
    done = await cluster.servers.run_command(WALLET_WORKER, "verify", "--json", seconds=60)
    return done.returncode == 0


async def _describe(cluster: Cluster) -> Mapping[str, Any]:
    """Write down what the hooks need: who asks, and cursors as pages give them."""
    password = cluster.servers.credential("bots_password")
    async with open_account(cluster.router_url) as account:
        login = await account.log_in(f"{_BOTS.nickname(1)}@bots.invalid", password)
    return {
        "router": cluster.router_url,
        "administrator": cluster.servers.credential("admin_token"),
        "player": login.token,
        "cursors": ["ODQ4OTQ1NDMzMDQwOTYxLjIuNA", "ODQ4OTQ1NDMzMDQ3MDE4LjIuNQ"],
    }


async def _ask(folder: Path, name: str, url: str, place: Mapping[str, Any], effort: Effort) -> Asked:
    """Run schemathesis in a process of its own: it takes one thread, and hypothesis's settings are global."""
    config, report = folder / f"ask-{name}.toml", folder / f"asked-{name}.json"
    config.write_text(_CONFIG, encoding="utf-8")
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", url, "--no-color",
        *effort.arguments, "--workers", "1", "--continue-on-failure", "--request-timeout", "15",
        "--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off",
        "--report", "json", "--report-json-path", str(report),
    ]  # fmt: skip
    environment = dict(os.environ) | {"HOLDEM_PROVE": json.dumps(place)}
    done = await trio.run_process(
        command, capture_stdout=True, capture_stderr=True, check=False, env=environment
    )
    output = done.stdout.decode() + done.stderr.decode()
    if not report.exists():
        return Asked(name, 0, 0, 0, 0, ("there is no report",), output)
    return read_report(name, json.loads(report.read_text(encoding="utf-8")), output)


def read_report(name: str, found: Mapping[str, Any], output: str) -> Asked:
    """Read what became of it out of the report."""
    faults = [f"{one['title']}: {', '.join(one['operations'])}" for one in found["failures"]]
    rates = [rate for phases in found["valid_rates"].values() for rate in phases.values()]
    return Asked(
        service=name,
        operations=found["operations"]["selected"],
        tested=found["operations"]["tested"],
        cases=found["test_cases"]["generated"],
        accepted=sum(rate["accepted"] for rate in rates),
        faults=faults + [f"{one['title']} ({one['count']})" for one in found["errors"]],
        output=output,
    )
