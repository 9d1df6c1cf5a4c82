"""Nodes and shards as administrators see them."""

from cardroom.ids import BootNonce, NodeId, ShardId
from cardroom.wire import keys
from tests.shard_router.front import BOOT, NODE, PLAYER_URL, table_summary
from tests.shard_router.office import Office

OTHER = NodeId("node-2")


async def test_nodes_are_listed_those_that_are_gone_too(office: Office) -> None:
    await office.redis.sadd(keys.nodes(), [NODE, OTHER])
    await office.node.announce()
    await office.node.hold(1)
    assert await office.get("/admin/nodes", role="viewer") == {
        "nodes": [
            {
                "node": NODE, "is_there": True, "shards": [1], "boot": BOOT, "url": PLAYER_URL,
                "connections": 0, "connection_limit": 600, "takes": [],
            },
            {
                "node": OTHER, "is_there": False, "shards": [], "boot": None, "url": None,
                "connections": None, "connection_limit": None, "takes": None,
            },
        ]
    }  # fmt: skip


async def test_shards_are_listed_with_lease_and_load(office: Office) -> None:
    await office.redis.sadd(keys.nodes(), [NODE])
    await office.node.announce()
    await office.node.hold(0, epoch=7)
    await office.node.publish(table_summary(1, 0, 11, 12), table_summary(2, 0, 13))
    first, second = (await office.get("/admin/shards", role="viewer"))["shards"]
    assert first == {
        "shard": 0, "state": "open", "owner": NODE, "epoch": 7, "boot": BOOT, "counter": 1,
        "tables": 2, "players": 3,
    }  # fmt: skip
    assert second == {
        "shard": 1, "state": "not_held", "owner": None, "epoch": None, "boot": None, "counter": None,
        "tables": 0, "players": 0,
    }  # fmt: skip


async def test_a_shard_says_why_nobody_plays_there(office: Office) -> None:
    await office.redis.sadd(keys.nodes(), [NODE, OTHER])
    await office.node.announce()
    for lease, state in (
        ({"epoch": 0}, "opening"),
        ({"epoch": 1, "boot": BootNonce("")}, "offered"),
        ({"epoch": 1, "boot": BootNonce("b" * 32)}, "node_restarted"),
        ({"epoch": 1, "node": OTHER}, "node_silent"),
    ):
        await office.node.hold(1, **lease)
        assert (await office.get("/admin/shards"))["shards"][1]["state"] == state


async def test_what_cannot_be_read_is_shown_as_absent(office: Office) -> None:
    await office.redis.sadd(keys.nodes(), [NODE])
    await office.redis.set(keys.node(NODE), b"garbage")
    await office.redis.hset(keys.lease(ShardId(0)), {b"node": b"x"})
    assert (await office.get("/admin/nodes"))["nodes"][0]["is_there"] is False
    assert (await office.get("/admin/shards"))["shards"][0]["state"] == "not_held"
