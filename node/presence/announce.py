"""Tell the routers, through Redis, where this node is reached and what its tables look like."""

import math
from collections.abc import Callable, Iterable
from typing import Final

import trio
from attrs import frozen

from cardroom.ids import ShardId, TableId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway, make_line, redis_errors
from cardroom.wire import keys
from cardroom.wire.presence import NodeAnnouncement, TableSummary, announcement_codec
from node.presence.lobby_writer import LobbyWriter
from node.tables.directory import Directory

FADE_SECONDS: Final = 30.0
"""So often the hands an hour of tables where none ends are looked at."""


@frozen
class PresenceServices:
    """What is announced, and how often: the node each ``seconds``, changed tables each ``tell_seconds``."""

    redis: Redis
    directory: Directory
    announcement: Callable[[], NodeAnnouncement]
    open_shards: Callable[[], Iterable[ShardId]]
    seconds: float
    log: Log
    tell_seconds: float = 0.25


class Presence:
    """Announces again and again; of the tables only what changed, soon after it did.

    Unless the lobby is not what was written: then it is written anew, as long as the shard is this node's.
    """

    def __init__(self, services: PresenceServices) -> None:
        self._services = services
        self._line = make_line(services.redis)
        self._lobby = LobbyWriter(self._line)
        self._announcements = announcement_codec()
        self._announce_at = -math.inf
        self._fade_at = -math.inf
        self._told_at = -math.inf
        self._refused: set[ShardId] = set()
        self._is_withdrawn = False

    async def run(self) -> None:
        """Announce until cancelled or withdrawn; while Redis is away the routers see this node go.

        A shard that was just opened is told of at once: players may be waiting for it. Tables that change
        all the time are told together, so that a change is not told later than ``tell_seconds`` after it.
        """
        settled = self._services.directory.settled
        while not self._is_withdrawn:
            is_due = settled.is_set() or trio.current_time() >= self._announce_at
            settled = self._services.directory.settled
            try:
                with redis_errors():
                    await (self.announce() if is_due else self._tell_tables())
            except RedisAway as away:
                self._services.log.warning("presence.not_announced", reason=str(away))
                self._forget_all()
                self._announce_at = trio.current_time() + self._services.seconds
                with trio.move_on_after(self._services.seconds):
                    await settled.wait()
            await self._rest(settled)

    async def _rest(self, settled: trio.Event) -> None:
        """Wait until something is to be told: the node again, a shard, or tables that have changed."""
        with trio.move_on_at(self._announce_at):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_wait_for, settled, nursery.cancel_scope)
                await self._services.directory.news.wait()
                await trio.sleep_until(self._told_at + self._services.tell_seconds)
                nursery.cancel_scope.cancel()

    async def withdraw(self) -> None:
        """Say, for good, that this node takes no more players; raises ``RedisAway``."""
        self._is_withdrawn = True
        with redis_errors():
            await self._forget_node()

    async def _forget_node(self) -> None:
        await self._services.redis.delete([keys.node(self._services.announcement().node)])

    async def announce(self) -> None:
        """Tell once what is to be told; raises what ``redis_errors`` translates."""
        self._announce_at = trio.current_time() + self._services.seconds
        await self._tell_of_node()
        if self._is_withdrawn:  # it was withdrawn while this was under way
            await self._forget_node()
            return
        await self._lobby.check()
        self._refused.clear()
        self._fade()
        await self._tell_tables()

    async def _tell_of_node(self) -> None:
        """Say where this node is; its name is said again each time, too: Redis may have lost it."""
        announcement = self._services.announcement()
        data = self._announcements.encode(announcement)
        await self._line.ask(
            (b"SET", keys.node(announcement.node), data, b"EX", keys.NODE_SECONDS),
            (b"SADD", keys.nodes(), announcement.node),
        )

    async def _tell_tables(self) -> None:
        self._told_at = trio.current_time()
        boot, held = self._services.announcement().boot, set(self._services.open_shards())
        changed = self._services.directory.news.take()
        for shard in self._lobby.shards - held:
            self._lobby.forget(shard)
        changes = self._changes(changed)
        for shard in self._lobby.shards & changes.keys():
            await self._lobby.write_changes(boot, shard, changes[shard])
        for shard, summaries in self._all_of(held - self._lobby.shards - self._refused).items():
            if not await self._lobby.write_whole(boot, shard, summaries):
                self._refused.add(shard)
                self._services.log.warning("presence.lobby_not_ours", shard=shard)

    def _changes(self, changed: Iterable[TableId]) -> dict[ShardId, dict[TableId, TableSummary | None]]:
        """Sort what changed by shards; one that is gone is gone from each."""
        found: dict[ShardId, dict[TableId, TableSummary | None]] = {}
        for table_id in changed:
            entry = self._services.directory.find(table_id)
            for shard in self._lobby.shards if entry is None else (entry.summary.shard,):
                found.setdefault(shard, {})[table_id] = None if entry is None else entry.summary
        return found

    def _all_of(self, shards: Iterable[ShardId]) -> dict[ShardId, dict[TableId, TableSummary]]:
        found: dict[ShardId, dict[TableId, TableSummary]] = {shard: {} for shard in shards}
        for entry in self._services.directory if found else ():
            if entry.summary.shard in found:
                found[entry.summary.shard][entry.summary.table_id] = entry.summary
        return found

    def _fade(self) -> None:
        now = trio.current_time()
        if now >= self._fade_at:
            self._fade_at = now + FADE_SECONDS
            for entry in self._services.directory:
                entry.fade(now)

    def _forget_all(self) -> None:
        for shard in self._lobby.shards:
            self._lobby.forget(shard)


async def _wait_for(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
