"""``/admin/nodes`` and ``/admin/shards``: who is there, and who plays what."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from quart_trio import QuartTrio

from cardroom.ids import NodeId, ShardId
from cardroom.service.openapi import ADMIN, Page
from cardroom.wire.presence import Lease, NodeAnnouncement
from shard_router.api.admin_answers import NodeList, ShardList
from shard_router.api.admin_services import AdminServices
from shard_router.rules.placement import Announced, Closed, Holder, place_shard
from shard_router.store.nodes import Directory


def add_cluster_pages(app: QuartTrio, services: AdminServices) -> None:
    """Add the pages."""

    @app.get("/admin/nodes")
    @Page(tag="cluster", who=ADMIN, answers={200: NodeList})
    async def nodes() -> dict[str, Any]:
        """List every node that ever took players: what it announces, and the shards it holds."""
        announced = await services.cluster.nodes()
        leases = await services.cluster.leases()
        return {"nodes": [_write_node(name, one, leases) for name, one in announced.items()]}

    @app.get("/admin/shards")
    @Page(tag="cluster", who=ADMIN, answers={200: ShardList})
    async def shards() -> dict[str, Any]:
        """List every shard of the map: its lease, how it stands, how many play there."""
        leases = await services.cluster.leases()
        announced = await services.cluster.nodes()
        directory = await services.nodes.directory()
        tables, players = _count(directory)
        return {
            "shards": [
                _write_shard(shard, lease, announced) | {"tables": tables[shard], "players": players[shard]}
                for shard, lease in leases.items()
            ]
        }


def _count(directory: Directory) -> tuple[Counter[ShardId], Counter[ShardId]]:
    tables: Counter[ShardId] = Counter()
    players: Counter[ShardId] = Counter()
    for table in directory.tables.values():
        tables[table.shard] += 1
        players[table.shard] += len(table.seats)
    return tables, players


def _write_node(
    name: NodeId, announced: NodeAnnouncement | None, leases: Mapping[ShardId, Lease | None]
) -> dict[str, Any]:
    held = [shard for shard, lease in leases.items() if lease is not None and lease.node == name]
    facts = {"node": name, "is_there": announced is not None, "shards": held}
    if announced is None:
        return facts | dict.fromkeys(("boot", "url", "connections", "connection_limit", "takes"))
    return facts | {
        "boot": announced.boot,
        "url": announced.player_url,
        "connections": announced.connections,
        "connection_limit": announced.connection_limit,
        "takes": list(announced.takes),
    }


def _write_shard(
    shard: ShardId, lease: Lease | None, announced: Mapping[NodeId, NodeAnnouncement | None]
) -> dict[str, Any]:
    found = announced.get(lease.node) if lease is not None else None
    known = None if found is None else Announced(found.node, found.boot, found.player_url)
    holder = None if lease is None else Holder(lease.node, lease.boot, lease.epoch)
    place = place_shard(holder, known)
    return {
        "shard": shard,
        "state": place.value if isinstance(place, Closed) else "open",
        "owner": None if lease is None else lease.node,
        "epoch": None if lease is None else lease.epoch,
        "boot": None if lease is None else lease.boot,
        "counter": None if lease is None else lease.counter,
    }
