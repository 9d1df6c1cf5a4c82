"""Whether the nodes' settings give every shard to one node, and to a standby; pure."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, unique
from typing import Final

from attrs import field, frozen

from cardroom.ids import NodeId, ShardId

_NO_WEIGHTS: Final[Mapping[ShardId, int]] = {}


@frozen
class NodeShards:
    """What one node's settings say: its own shards, and those that it stands by for."""

    node: NodeId
    shards: tuple[ShardId, ...]
    standby_for: tuple[ShardId, ...] = ()


@frozen
class ShardMap:
    """Every shard of the cluster, as the routers have it, and all nodes.

    A shard counts as much as its weight, 1 where there is none.
    """

    shards: tuple[ShardId, ...]
    nodes: tuple[NodeShards, ...]
    weights: Mapping[ShardId, int] = _NO_WEIGHTS

    def weight_of(self, node: NodeShards) -> int:
        """Give how much a node plays when every node is there."""
        return sum(self.weights.get(shard, 1) for shard in set(node.shards))

    @property
    def heaviest(self) -> int:
        """The weight of the heaviest shard."""
        return max(self.weights.get(shard, 1) for shard in self.shards)


@unique
class MapTrouble(Enum):
    """What may be wrong with a shard map."""

    GAP = "gap"
    """No node has the shard: nobody can play its tables."""
    DOUBLE = "double"
    """Several nodes have the shard as their own: at a start the quicker one plays it."""
    NODE_TWICE = "node_twice"
    """Two settings name one node."""
    UNKNOWN_SHARD = "unknown_shard"
    """A node has, or stands by for, a shard that the routers do not know: nobody finds its tables."""
    NO_STANDBY = "no_standby"
    """When its node is gone nobody plays the shard until the node is back."""
    OWN_STANDBY = "own_standby"
    """A node stands by for a shard of its own; it does not start so."""
    UNBALANCED = "unbalanced"
    """Some node plays much more than another."""


@frozen
class MapFinding:
    """One trouble; a warning if the cluster can be played so."""

    trouble: MapTrouble
    shard: ShardId | None
    nodes: tuple[NodeId, ...] = ()
    is_warning: bool = field(default=False)


def check_shard_map(shard_map: ShardMap, factor: float = 1.0) -> Sequence[MapFinding]:
    """Find everything that is wrong, faults first.

    Nodes are unbalanced when the one that plays most has more than one shard more than the one that plays
    least, and more than ``factor`` times as much.
    """
    found = [
        *_nodes_twice(shard_map),
        *(finding for shard in sorted(shard_map.shards) for finding in _look_at(shard, shard_map)),
        *_unknown(shard_map),
        *_unbalanced(shard_map, factor),
    ]
    return sorted(found, key=lambda one: one.is_warning)


def _look_at(shard: ShardId, shard_map: ShardMap) -> Sequence[MapFinding]:
    owners = _who(shard_map, lambda node: node.shards, shard)
    standbys = _who(shard_map, lambda node: node.standby_for, shard)
    found = []
    if not owners:
        found.append(MapFinding(MapTrouble.GAP, shard, standbys))
    if len(owners) > 1:
        found.append(MapFinding(MapTrouble.DOUBLE, shard, owners))
    if both := tuple(sorted(set(owners) & set(standbys))):
        found.append(MapFinding(MapTrouble.OWN_STANDBY, shard, both))
    if owners and not set(standbys) - set(owners):
        is_alone = len(shard_map.nodes) == 1
        found.append(MapFinding(MapTrouble.NO_STANDBY, shard, owners, is_warning=is_alone))
    return found


def _who(
    shard_map: ShardMap, of: Callable[[NodeShards], tuple[ShardId, ...]], shard: ShardId
) -> tuple[NodeId, ...]:
    return tuple(sorted({node.node for node in shard_map.nodes if shard in of(node)}))


def _nodes_twice(shard_map: ShardMap) -> Sequence[MapFinding]:
    names = [node.node for node in shard_map.nodes]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [MapFinding(MapTrouble.NODE_TWICE, None, (name,)) for name in twice]


def _unknown(shard_map: ShardMap) -> Sequence[MapFinding]:
    named = {shard for node in shard_map.nodes for shard in (*node.shards, *node.standby_for)}
    return [
        MapFinding(
            MapTrouble.UNKNOWN_SHARD,
            shard,
            _who(shard_map, lambda node: (*node.shards, *node.standby_for), shard),
        )
        for shard in sorted(named - set(shard_map.shards))
    ]


def _unbalanced(shard_map: ShardMap, factor: float) -> Sequence[MapFinding]:
    if len(shard_map.nodes) < 2:
        return ()
    by_weight = sorted(shard_map.nodes, key=lambda node: (shard_map.weight_of(node), node.node))
    least, most = by_weight[0], by_weight[-1]
    fewer, more = shard_map.weight_of(least), shard_map.weight_of(most)
    if more - fewer <= shard_map.heaviest or more <= factor * fewer:
        return ()
    return [MapFinding(MapTrouble.UNBALANCED, None, (most.node, least.node), is_warning=True)]
