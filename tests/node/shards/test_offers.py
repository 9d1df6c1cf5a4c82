"""Word of offers from node to node, over a real Valkey."""

from itertools import count

import trio

from cardroom.ids import NodeId, ShardId
from cardroom.local.servers import EmbeddedValkey
from cardroom.service.redis import open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from node.shards.offers import Offers
from tests.node.tables.house import LOG, until

NODES = count(1)


def no_order(order: bytes) -> None:
    """There is none here."""
    raise AssertionError(order)


async def test_each_offer_reaches_its_node_also_if_it_listens_later(valkey: EmbeddedValkey) -> None:
    name = NodeId(f"taker-{next(NODES)}")
    async with open_redis(valkey.settings) as redis, trio.open_nursery() as nursery:
        giver = Offers(NodeId("giver"), redis, LOG)
        await giver.tell(name, ShardId(3))
        assert 0 < await redis.ttl(keys.offers(name)) <= keys.OFFERS_SECONDS
        heard: list[ShardId] = []
        nursery.start_soon(Offers(name, redis, LOG).listen, heard.append, no_order)
        await until(lambda: heard == [3])
        await redis.rpush(keys.offers(name), [b"\xc1"])
        await giver.tell(name, ShardId(4))
        await until(lambda: heard == [3, 4])
        nursery.cancel_scope.cancel()


async def test_without_redis_it_listens_on() -> None:
    gone = RedisSettings(host="127.0.0.1", port=1, connect_seconds=0.2)
    async with open_redis(gone) as redis:
        with trio.move_on_after(0.7):
            await Offers(NodeId("taker"), redis, LOG).listen(lambda _: None, no_order)
