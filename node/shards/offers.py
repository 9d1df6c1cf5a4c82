"""Word from node to node that a shard is offered, so that it is taken at once; and a router's orders.

Only the lease says what is offered to whom: a word that is lost costs time, one too much costs a look.
"""

from collections.abc import Callable
from contextlib import closing
from typing import Final

import trio
from attrs import frozen

from cardroom.ids import NodeId, ShardId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway, make_line, redis_errors
from cardroom.wire import keys
from cardroom.wire.codec import Malformed
from cardroom.wire.presence import ShardOffer, offer_codec

_POLL_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 0.5
_CODEC: Final = offer_codec()


@frozen
class Offers:
    """The offers to one node, and from it to others."""

    node: NodeId
    redis: Redis
    log: Log

    async def tell(self, to: NodeId, shard: ShardId) -> None:
        """Say that a lease names another node now. May be repeated; raises ``RedisAway``."""
        key = keys.offers(to)
        with redis_errors():
            async with self.redis.pipeline(transaction=True) as pipeline:
                pipeline.rpush(key, [_CODEC.encode(ShardOffer(shard))])
                pipeline.expire(key, keys.OFFERS_SECONDS)

    async def listen(self, on_offer: Callable[[ShardId], None], on_order: Callable[[bytes], None]) -> None:
        """Pass on each offer to this node, and each order about its tables, until cancelled."""
        orders = keys.orders(self.node)
        waiting = (b"BLPOP", keys.offers(self.node), orders, _POLL_SECONDS)
        with closing(make_line(self.redis)) as line:
            while True:
                try:
                    with redis_errors():
                        (found,) = await line.ask(waiting, wait_seconds=_POLL_SECONDS)
                except RedisAway as away:
                    self.log.warning("offers.redis_away", reason=str(away))
                    await trio.sleep(_RETRY_SECONDS)
                    continue
                if isinstance(found, list) and found[0] == orders.encode():
                    on_order(found[1])
                elif isinstance(found, list):
                    self._pass_on(found[1], on_offer)

    def _pass_on(self, data: bytes, on_offer: Callable[[ShardId], None]) -> None:
        try:
            on_offer(_CODEC.decode(data).shard)
        except Malformed as fault:
            self.log.warning("offers.bad_offer", reason=fault.code.value)
