"""A cluster for load: as many tables, seats and players as wanted, on one node or two, on cores of their own.

load = LoadPlan(players=500, tables=80, nodes=1, cores=nodes_apart())
async with open_load(load.cluster_plan(project, folder), say) as cluster:
    ...  # all accounts are there and have money; their names begin with ``names``
"""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen
from attrs.validators import in_

from cardroom.local.cluster import Cluster, open_processes, open_servers
from cardroom.local.configuration import Changes
from cardroom.local.cores import ANYWHERE, Cores
from cardroom.local.crowding import provide_crowd
from cardroom.local.patience import Patience
from cardroom.local.plan import NODES, BotPlan, ClusterPlan, TablePlan
from cardroom.local.ports import NODE_1_ADMIN, Ports, free_ports
from cardroom.local.processes import Say, Workplace
from cardroom.local.record import claim_folder

SHARDS: Final = (0, 1, 2, 3)

_HUMAN_PAUSES: Final = {"tables.between_hands_seconds": 3.0, "tables.after_showdown_seconds": 6.0}
"""What real nodes have; the cluster of ``make run`` has short ones."""

_CHEAP_HASHING: Final = {"hashing.memory_kib": 1024, "hashing.time_cost": 1}


@frozen
class LoadPlan:
    """What is to bear a load.

    ``connections`` are those that one node takes (None: room for all players and some more).
    ``has_human_pauses``: between hands the tables wait as long as with people, else as in ``make run``.
    ``has_cheap_logins``: passwords cost little, so that thousands log in within seconds; their times then say
    nothing.
    """

    players: int
    tables: int
    seats: int = 6
    stake: str = "low"
    nodes: int = field(default=2, validator=in_((1, 2)))
    connections: int | None = None
    handshakes_per_second: float = 400.0
    has_human_pauses: bool = False
    has_cheap_logins: bool = False
    cores: Cores = ANYWHERE
    names: str = "bot"
    settings: Mapping[str, Changes] = {}

    def cluster_plan(self, project: Path, folder: Path, ports: Ports | None = None) -> ClusterPlan:
        """Give the plan of the whole cluster; without ``ports`` free ones are chosen."""
        ports = ports or free_ports()
        return ClusterPlan(
            project=project,
            folder=folder,
            ports=ports,
            tables=tuple(
                TablePlan(SHARDS[number % len(SHARDS)], f"Load {number + 1}", self.stake, self.seats)
                for number in range(self.tables)
            ),
            bots=BotPlan(players=self.players, names=self.names),
            nodes=NODES[: self.nodes],
            settings=self._settings(ports),
            cores=self.cores,
        )

    def _settings(self, ports: Ports) -> Mapping[str, Changes]:
        changes: dict[str, dict[str, Any]] = {f"{name}.toml": self._of_a_node() for name in NODES}
        if self.nodes == 1:
            changes["node-1.toml"] |= {"shards": list(SHARDS), "standby_for": []}
            url = f"http://127.0.0.1:{ports[NODE_1_ADMIN]}"
            changes["wallet_worker.toml"] = {"nodes": [{"admin_url": url}]}
        if self.has_cheap_logins:
            changes["shard_router.toml"] = dict(_CHEAP_HASHING)
        for name, more in self.settings.items():
            changes.setdefault(name, {}).update(more)
        return changes

    def _of_a_node(self) -> dict[str, Any]:
        connections = self.connections or self.players + self.players // 5 + 100
        return {
            "sessions.connections": connections,
            "sessions.handshakes_per_second": self.handshakes_per_second,
            **(_HUMAN_PAUSES if self.has_human_pauses else {}),
        }


@asynccontextmanager
async def open_load(plan: ClusterPlan, say: Say) -> AsyncIterator[Cluster]:
    """Run a cluster whose bots all have an account and money; stops all of it at the end of the block."""
    plan.logs.mkdir(parents=True, exist_ok=True)
    with claim_folder(plan.folder) as (record, _):
        workplace = Workplace(plan.project, plan.logs, record, say)
        async with open_servers(plan, workplace, Patience()) as servers, open_processes(servers) as cluster:
            await provide_crowd(cluster, secrets.token_hex(8))
            yield cluster
