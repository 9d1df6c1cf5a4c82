"""Tell the routers, through Redis, where this node is reached and what its tables look like."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import trio
from attrs import frozen

from cardroom.ids import ShardId, TableId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway, make_line, redis_errors
from cardroom.service.redis_line import Word
from cardroom.wire import keys
from cardroom.wire.presence import NodeAnnouncement, TableSummary, announcement_codec, summary_codec
from node.tables.directory import Directory

_RUN_ID: Final = re.compile(rb"^run_id:(\w+)", re.MULTILINE)


@frozen
class PresenceServices:
    """What is announced, and how often."""

    redis: Redis
    directory: Directory
    announcement: Callable[[], NodeAnnouncement]
    open_shards: Callable[[], Iterable[ShardId]]
    seconds: float
    log: Log


Summaries = Mapping[TableId, TableSummary]


class Presence:
    """Announces again and again; what did not change is not written again but for its time to live.

    Unless the lobby is not what was written: Redis was emptied or started again, or is another server now.
    """

    def __init__(self, services: PresenceServices) -> None:
        self._services = services
        self._line = make_line(services.redis)
        self._announcements = announcement_codec()
        self._summaries = summary_codec()
        self._told: dict[ShardId, Summaries] = {}
        self._server: object = None
        self._is_withdrawn = False

    async def run(self) -> None:
        """Announce until cancelled or withdrawn; while Redis is away the routers see this node go.

        A shard that was just opened is told of at once: players may be waiting for it.
        """
        while not self._is_withdrawn:
            settled = self._services.directory.settled
            try:
                with redis_errors():
                    await self.announce()
            except RedisAway as away:
                self._services.log.warning("presence.not_announced", reason=str(away))
                self._told.clear()
            with trio.move_on_after(self._services.seconds):
                await settled.wait()

    async def withdraw(self) -> None:
        """Say, for good, that this node takes no more players; raises ``RedisAway``."""
        self._is_withdrawn = True
        with redis_errors():
            await self._forget_node()

    async def _forget_node(self) -> None:
        await self._services.redis.delete([keys.node(self._services.announcement().node)])

    async def announce(self) -> None:
        """Tell once what is to be told; raises what ``redis_errors`` translates."""
        held = set(self._services.open_shards())
        is_lobby_there = await self._tell_of_node(held)
        if self._is_withdrawn:  # it was withdrawn while this was under way
            await self._forget_node()
            return
        if not is_lobby_there:
            self._told.clear()
        summaries = self._by_shard(held)
        for shard in held - self._told.keys():
            await self._tell_whole(shard, summaries[shard])
            self._told[shard] = summaries[shard]
        changes = [
            change for shard in held if (change := self._change(shard, self._told[shard], summaries[shard]))
        ]
        if changes:
            await self._line.ask(*changes)
        self._told = summaries

    async def _tell_of_node(self, held: set[ShardId]) -> bool:
        """Say where this node is; find out if the same server as last time has as many tables as it was told.

        The name is said again each time, too: Redis may have lost it.
        """
        announcement = self._services.announcement()
        told = [(shard, len(summaries)) for shard, summaries in self._told.items() if shard in held]
        data = self._announcements.encode(announcement)
        _, _, info, *lengths = await self._line.ask(
            (b"SET", keys.node(announcement.node), data, b"EX", keys.NODE_SECONDS),
            (b"SADD", keys.nodes(), announcement.node),
            (b"INFO", b"server"),
            *((b"HLEN", keys.lobby(shard)) for shard, _ in told),
        )
        assert isinstance(info, bytes), "INFO answers with a text"
        found = _RUN_ID.search(info)
        server = found and found[1]
        is_same, self._server = server == self._server, server
        return is_same and all(
            isinstance(length, int) and length >= count
            for length, (_, count) in zip(lengths, told, strict=True)
        )

    def _by_shard(self, held: Iterable[ShardId]) -> dict[ShardId, Summaries]:
        found: dict[ShardId, dict[TableId, TableSummary]] = {shard: {} for shard in held}
        for entry in self._services.directory:
            summary = entry.summary
            if summary.shard in found:
                found[summary.shard][summary.table_id] = summary
        return dict(found)

    def _change(self, shard: ShardId, told: Summaries, now: Summaries) -> list[Word]:
        """Write what changed since it was told; nothing if nothing did."""
        words: list[Word] = []
        for table_id, one in now.items():
            before = told.get(table_id)
            if before is not one and before != one:
                words += (str(table_id), self._summaries.encode(one))
        return [b"HSET", keys.lobby(shard), *words] if words else []

    async def _tell_whole(self, shard: ShardId, summaries: Summaries) -> None:
        """Put all tables of a shard in the place of what an earlier owner told, at once.

        A router that found a played shard without its tables would say that they do not exist.
        """
        change = self._change(shard, {}, summaries)
        whole = [(b"DEL", keys.lobby(shard)), *([change] if change else [])]
        await self._line.ask((b"MULTI",), *whole, (b"EXEC",))
