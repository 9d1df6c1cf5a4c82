"""What a shard map may lack; each trouble by itself, and none where there is none."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import NodeId, ShardId
from shard_router.rules.shard_map import MapFinding, MapTrouble, NodeShards, ShardMap, check_shard_map

ONE, TWO, THREE = map(NodeId, ("node-1", "node-2", "node-3"))


def node(name: NodeId, shards: Sequence[int], standby_for: Sequence[int] = ()) -> NodeShards:
    return NodeShards(name, tuple(map(ShardId, shards)), tuple(map(ShardId, standby_for)))


def found(shards: int, *nodes: NodeShards, factor: float = 1.0) -> Sequence[MapFinding]:
    return check_shard_map(ShardMap(tuple(map(ShardId, range(shards))), nodes), factor)


def test_a_sound_map() -> None:
    assert found(4, node(ONE, [0, 2], [1, 3]), node(TWO, [1, 3], [0, 2])) == []
    assert found(5, node(ONE, [0, 2, 4], [1, 3]), node(TWO, [1, 3], [0, 2, 4])) == [], "one more is no harm"


@pytest.mark.parametrize(
    ("nodes", "finding"),
    [
        (
            [node(ONE, [0], [1, 2]), node(TWO, [2], [0, 1])],
            MapFinding(MapTrouble.GAP, ShardId(1), (ONE, TWO)),
        ),
        (
            [node(ONE, [0, 1], [2]), node(TWO, [1, 2], [0]), node(THREE, [], [0, 1])],
            MapFinding(MapTrouble.DOUBLE, ShardId(1), (ONE, TWO)),
        ),
        (
            [node(ONE, [0, 1], [2]), node(TWO, [2], [0, 1]), node(ONE, [], [])],
            MapFinding(MapTrouble.NODE_TWICE, None, (ONE,)),
        ),
        (
            [node(ONE, [0, 1], [2, 9]), node(TWO, [2], [0, 1])],
            MapFinding(MapTrouble.UNKNOWN_SHARD, ShardId(9), (ONE,)),
        ),
        (
            [node(ONE, [0, 1], [2]), node(TWO, [2, 8], [0, 1])],
            MapFinding(MapTrouble.UNKNOWN_SHARD, ShardId(8), (TWO,)),
        ),
        (
            [node(ONE, [0, 1], [2]), node(TWO, [2], [0])],
            MapFinding(MapTrouble.NO_STANDBY, ShardId(1), (ONE,)),
        ),
        (
            [node(ONE, [0, 1], [1, 2]), node(TWO, [2], [0, 1])],
            MapFinding(MapTrouble.OWN_STANDBY, ShardId(1), (ONE,)),
        ),
    ],
)
def test_each_fault(nodes: Sequence[NodeShards], finding: MapFinding) -> None:
    faults = [one for one in found(3, *nodes) if not one.is_warning]
    assert faults[0] == finding
    assert {one.trouble for one in faults} == {finding.trouble}


def test_who_stands_by_for_oneself_is_no_standby() -> None:
    troubles = {one.trouble for one in found(2, node(ONE, [0], [0, 1]), node(TWO, [1], []))}
    assert troubles == {MapTrouble.OWN_STANDBY, MapTrouble.NO_STANDBY}


def test_a_node_alone_can_have_no_standby() -> None:
    (finding,) = found(1, node(ONE, [0]))
    assert (finding.trouble, finding.is_warning) == (MapTrouble.NO_STANDBY, True)


def test_unbalanced_nodes_are_warned_of() -> None:
    nodes = node(ONE, [0, 1, 2], [3]), node(TWO, [3], [0, 1, 2])
    warning = MapFinding(MapTrouble.UNBALANCED, None, (ONE, TWO), is_warning=True)
    assert found(4, *nodes) == [warning]
    assert found(4, *nodes, factor=2.9) == [warning]
    assert found(4, *nodes, factor=3.0) == []


def test_a_heavy_shard_counts_as_many() -> None:
    shards = tuple(map(ShardId, range(4)))
    nodes = node(ONE, [0, 1, 2], [3]), node(TWO, [3], [0, 1, 2])
    assert check_shard_map(ShardMap(shards, nodes, {ShardId(3): 3})) == []
    light = node(ONE, [0, 1], [2, 3]), node(TWO, [2, 3], [0, 1])
    (finding,) = check_shard_map(ShardMap(shards, light, {ShardId(0): 5, ShardId(1): 5}))
    assert finding.nodes == (ONE, TWO)


SHARDS = st.lists(st.integers(0, 5).map(ShardId), unique=True, max_size=6).map(tuple)
NODES = st.lists(st.builds(NodeShards, st.sampled_from([ONE, TWO, THREE]), SHARDS, SHARDS), max_size=3)


@given(NODES)
def test_every_shard_without_one_node_is_found(nodes: list[NodeShards]) -> None:
    findings = found(6, *nodes)
    for shard in map(ShardId, range(6)):
        owners = {one.node for one in nodes if shard in one.shards}
        told = {one.trouble for one in findings if one.shard == shard}
        assert (MapTrouble.GAP in told) is (not owners)
        assert (MapTrouble.DOUBLE in told) is (len(owners) > 1)
