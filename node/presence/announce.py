"""Tell the routers, through Redis, where this node is reached and what its tables look like."""

from collections.abc import Callable, Iterable

import trio
from attrs import frozen

from cardroom.ids import ShardId, TableId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway, redis_errors
from cardroom.wire import keys
from cardroom.wire.presence import NodeAnnouncement, TableSummary, announcement_codec, summary_codec
from node.tables.directory import Directory


@frozen
class PresenceServices:
    """What is announced, and how often."""

    redis: Redis
    directory: Directory
    announcement: Callable[[], NodeAnnouncement]
    open_shards: Callable[[], Iterable[ShardId]]
    seconds: float
    log: Log


class Presence:
    """Announces again and again; what did not change is not written again but for its time to live.

    Unless the lobby is not what was written: Redis was emptied or started again, or is another server now.
    """

    def __init__(self, services: PresenceServices) -> None:
        self._services = services
        self._announcements = announcement_codec()
        self._summaries = summary_codec()
        self._told: dict[TableId, TableSummary] = {}
        self._told_shards: set[ShardId] = set()
        self._server: object = None
        self._is_withdrawn = False

    async def run(self) -> None:
        """Announce until cancelled or withdrawn; while Redis is away the routers see this node go."""
        while not self._is_withdrawn:
            try:
                with redis_errors():
                    await self.announce()
            except RedisAway as away:
                self._services.log.warning("presence.not_announced", reason=str(away))
                self._forget_what_was_told()
            await trio.sleep(self._services.seconds)

    async def withdraw(self) -> None:
        """Say, for good, that this node takes no more players; raises ``RedisAway``."""
        self._is_withdrawn = True
        with redis_errors():
            await self._forget_node()

    async def _forget_node(self) -> None:
        await self._services.redis.delete([keys.node(self._services.announcement().node)])

    async def announce(self) -> None:
        """Tell once what is to be told; raises coredis's errors."""
        redis, announcement = self._services.redis, self._services.announcement()
        await redis.set(
            keys.node(announcement.node),
            self._announcements.encode(announcement),
            ex=keys.NODE_SECONDS,
        )
        if self._is_withdrawn:  # it was withdrawn while this was under way
            await self._forget_node()
            return
        held = set(self._services.open_shards())
        if not await self._is_lobby_there(held):
            self._forget_what_was_told()
        summaries = {entry.summary.table_id: entry.summary for entry in self._services.directory}
        for shard in held - self._told_shards:
            await self._tell_whole(shard, [one for one in summaries.values() if one.shard == shard])
        changed = [one for one in summaries.values() if self._told.get(one.table_id) != one]
        async with redis.pipeline(transaction=False) as pipe:
            for summary in changed:
                fields = {str(summary.table_id): self._summaries.encode(summary)}
                pipe.hset(keys.lobby(summary.shard), fields)
        self._told, self._told_shards = summaries, held

    async def _tell_whole(self, shard: ShardId, summaries: Iterable[TableSummary]) -> None:
        """Put all tables of a shard in the place of what an earlier owner told, at once.

        A router that found a played shard without its tables would say that they do not exist.
        """
        lobby = keys.lobby(shard)
        fields = {str(one.table_id): self._summaries.encode(one) for one in summaries}
        async with self._services.redis.pipeline(transaction=True) as pipeline:
            pipeline.delete([lobby])
            if fields:
                pipeline.hset(lobby, fields)

    async def _is_lobby_there(self, held: set[ShardId]) -> bool:
        """Say whether the same server as last time has as many tables as it was told of."""
        redis = self._services.redis
        server = (await redis.info("server")).get("run_id")
        is_same, self._server = server == self._server, server
        if not is_same:
            return False
        for shard in held & self._told_shards:
            told = sum(one.shard == shard for one in self._told.values())
            if await redis.hlen(keys.lobby(shard)) < told:
                return False
        return True

    def _forget_what_was_told(self) -> None:
        self._told.clear()
        self._told_shards.clear()
