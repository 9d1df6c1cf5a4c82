"""A cluster of the load test's own, on this machine: tables, seats and players as its profile wants."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from attrs import evolve, frozen

from cardroom.local.cluster import Cluster, http_url
from cardroom.local.cores import ANYWHERE, Cores, nodes_apart, servers_apart
from cardroom.local.credentials import ADMIN_TOKEN, BOTS_PASSWORD
from cardroom.local.load import LoadPlan, open_load
from cardroom.local.ports import NODE_1_ADMIN, NODE_2_ADMIN
from cardroom.local.processes import Say
from loadtest.course import Surroundings
from loadtest.profile import Profile
from loadtest.server import Watched

_NODE_PAGES: Final = (NODE_1_ADMIN, NODE_2_ADMIN)
PINS: Final = {"nowhere": lambda: ANYWHERE, "nodes": nodes_apart, "servers": servers_apart}
"""What stays on the first core, away from the players: nothing, the nodes, or all processes of ours."""


@frozen
class OwnCluster:
    """How the cluster is made: one node or two, and what stays on a core of its own.

    ``is_sampled``: a profiler looks into its nodes.
    """

    nodes: int = 1
    pin: str = "nowhere"
    is_sampled: bool = False


@asynccontextmanager
async def open_own_cluster(
    own: OwnCluster, profile: Profile, say: Say
) -> AsyncIterator[tuple[Profile, Surroundings]]:
    """Run a cluster for a profile; gives the profile with its address, and where it may be asked."""
    cores = PINS[own.pin]()
    tables = profile.tables or -(-profile.players // profile.seats)
    load = LoadPlan(
        players=profile.players,
        tables=tables,
        seats=profile.seats,
        nodes=own.nodes,
        connections=_connections(profile),
        has_human_pauses=profile.pace.name == "human",
        cores=cores,
        names=profile.names,
    )
    _stay_on(cores)
    with TemporaryDirectory(prefix="loadtest-") as folder:
        async with open_load(load.cluster_plan(Path.cwd(), Path(folder)), say) as cluster:
            yield evolve(_at(profile, cluster), tables=tables), _surroundings(cluster, own)


def _connections(profile: Profile) -> int:
    """Leave room for all players twice, as after a storm, and for those who read slowly."""
    slow = profile.scenarios.slow_readers
    return 2 * profile.players + (0 if slow is None else slow.connections) + 100


def _at(profile: Profile, cluster: Cluster) -> Profile:
    return evolve(profile, router_url=cluster.router_url, password=cluster.servers.credential(BOTS_PASSWORD))


def _surroundings(cluster: Cluster, own: OwnCluster) -> Surroundings:
    plan = cluster.servers.plan
    watched = (
        *(
            Watched(f"node-{number}", "node", http_url(plan, page))
            for number, page in enumerate(_NODE_PAGES[: own.nodes], 1)
        ),
        Watched("wallet_worker", "wallet_worker", cluster.wallet_url),
        Watched("shard_router", "shard_router", cluster.router_url),
    )
    sampled = {
        name: pid for name in plan.nodes if own.is_sampled and (pid := cluster.children[name].pid) is not None
    }
    return Surroundings(watched, cluster.wallet_url, cluster.servers.credential(ADMIN_TOKEN), sampled)


def _stay_on(cores: Cores) -> None:
    """Keep this process, and those that it starts to play, off the server's core."""
    if cores.clients is not None:
        os.sched_setaffinity(0, cores.clients)
