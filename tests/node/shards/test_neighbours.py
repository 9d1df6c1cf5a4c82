"""Which nodes are there and what each would take, from a real Valkey."""

from cardroom.ids import BootNonce, NodeId, ShardId
from cardroom.local.servers import EmbeddedValkey
from cardroom.service.redis import Redis, open_redis
from cardroom.wire import keys
from cardroom.wire.presence import NodeAnnouncement, announcement_codec
from node.shards.neighbours import Neighbours
from tests.node.tables.house import LOG

ME, FULL, ROOMY, GONE, STRANGE = (NodeId(f"neighbour-{number}") for number in range(5))
SHARD, ANOTHER = ShardId(71), ShardId(72)


def announced(name: NodeId, connections: int, *takes: ShardId) -> NodeAnnouncement:
    return NodeAnnouncement(name, BootNonce("b"), f"ws://{name}", connections, 600, takes)


async def announce(redis: Redis, told: NodeAnnouncement) -> None:
    await redis.sadd(keys.nodes(), [told.node])
    await redis.set(keys.node(told.node), announcement_codec().encode(told), ex=keys.NODE_SECONDS)


async def test_who_would_take_a_shard_is_found_the_one_with_most_room_first(valkey: EmbeddedValkey) -> None:
    async with open_redis(valkey.settings) as redis:
        mine = Neighbours(ME, redis, LOG)
        full, roomy = announced(FULL, 500, SHARD, ANOTHER), announced(ROOMY, 3, SHARD)
        for told in (announced(ME, 0, SHARD), full, roomy):
            await announce(redis, told)
        await redis.sadd(keys.nodes(), [GONE, STRANGE])
        await redis.set(keys.node(STRANGE), b"\xc1", ex=keys.NODE_SECONDS)
        assert await mine.takers(SHARD) == (roomy, full)
        assert await mine.takers(ANOTHER) == (full,)
        assert await mine.takers(ShardId(73)) == ()
        assert [await mine.find(one) for one in (FULL, GONE, STRANGE)] == [full, None, None]
