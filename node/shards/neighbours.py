"""The other nodes: which there are, where they are reached, and what each would take."""

from attrs import field, frozen

from cardroom.ids import NodeId, ShardId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, redis_errors
from cardroom.wire import keys
from cardroom.wire.codec import Codec, Malformed
from cardroom.wire.presence import NodeAnnouncement, announcement_codec


@frozen
class Neighbours:
    """All nodes but this one, as they announce themselves."""

    node: NodeId
    redis: Redis
    log: Log
    _codec: Codec[NodeAnnouncement] = field(factory=announcement_codec)

    async def find(self, name: NodeId) -> NodeAnnouncement | None:
        """Give what a node announces now, if it is there; raises ``RedisAway``."""
        with redis_errors():
            return self._read(await self.redis.get(keys.node(name)))

    async def takers(self, shard: ShardId) -> tuple[NodeAnnouncement, ...]:
        """Give the nodes that would take a shard, the one with most room first; raises ``RedisAway``."""
        with redis_errors():
            names = sorted(name.decode() for name in await self.redis.smembers(keys.nodes()))
        found = [await self.find(NodeId(name)) for name in names if name != self.node]
        takers = [one for one in found if one is not None and shard in one.takes]
        return tuple(sorted(takers, key=lambda one: one.connections - one.connection_limit))

    def _read(self, data: bytes | None) -> NodeAnnouncement | None:
        if data is None:
            return None
        try:
            return self._codec.decode(data)
        except Malformed as fault:
            self.log.warning("neighbours.bad_announcement", reason=fault.code.value)
            return None
