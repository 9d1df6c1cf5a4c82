"""What nodes and shards say of themselves in Redis, for administrators. Raises ``RedisAway``."""

from collections.abc import Mapping, Sequence

from attrs import frozen

from cardroom.ids import NodeId, ShardId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, redis_errors
from cardroom.wire import keys
from cardroom.wire.codec import Malformed
from cardroom.wire.presence import Lease, NodeAnnouncement, announcement_codec, read_lease


@frozen
class Cluster:
    """Reads announcements and leases as they are now."""

    redis: Redis
    shards: Sequence[ShardId]
    log: Log

    async def nodes(self) -> Mapping[NodeId, NodeAnnouncement | None]:
        """Give what each node announces, by name; None for one that was here once and is not now."""
        with redis_errors():
            names = sorted(name.decode() for name in await self.redis.smembers(keys.nodes()))
            async with self.redis.pipeline(transaction=False) as pipeline:
                answers = [(NodeId(name), pipeline.get(keys.node(NodeId(name)))) for name in names]
            found = [(name, await answer) for name, answer in answers]
        return {name: self._read_announcement(name, data) for name, data in found}

    async def leases(self) -> Mapping[ShardId, Lease | None]:
        """Give the lease of each shard; None for one that nobody holds."""
        with redis_errors():
            async with self.redis.pipeline(transaction=False) as pipeline:
                answers = [(shard, pipeline.hgetall(keys.lease(shard))) for shard in sorted(self.shards)]
            found = [(shard, await answer) for shard, answer in answers]
        return {shard: self._read_lease(shard, dict(fields)) for shard, fields in found}

    def _read_announcement(self, name: NodeId, data: bytes | None) -> NodeAnnouncement | None:
        if data is None:
            return None
        try:
            return announcement_codec().decode(data)
        except Malformed as fault:
            self.log.warning("node.bad_announcement", node=name, reason=fault.code.value)
            return None

    def _read_lease(self, shard: ShardId, fields: dict[bytes, bytes]) -> Lease | None:
        try:
            return read_lease(fields)
        except (KeyError, ValueError):
            self.log.warning("lease.unreadable", shard=shard)
            return None
