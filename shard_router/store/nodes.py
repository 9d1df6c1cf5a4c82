"""What nodes write into Redis: leases, announcements, lobby. Raises ``RedisAway`` when it does not answer."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import trio
from attrs import frozen

from cardroom.ids import SeatIndex, ShardId, TableId, UserId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway, redis_errors
from cardroom.wire import keys
from cardroom.wire.codec import Malformed
from cardroom.wire.presence import TableSummary, announcement_codec, read_lease, summary_codec
from shard_router.rules.placement import Announced, Closed, Holder, Place, place_shard


@frozen(eq=False)
class Directory:
    """All tables by id, and where each shard is played, at one moment."""

    tables: Mapping[TableId, TableSummary]
    places: Mapping[ShardId, Place | Closed]

    @property
    def is_complete(self) -> bool:
        """Whether every shard is played, so that a table that is not listed does not exist."""
        return not any(isinstance(place, Closed) for place in self.places.values())

    @property
    def knows_all_tables(self) -> bool:
        """Whether every shard is played or listed, so that a seat that is not listed does not exist."""
        listed = {table.shard for table in self.tables.values()}
        return all(isinstance(place, Place) or shard in listed for shard, place in self.places.items())

    def seats_of(self, user_id: UserId) -> Sequence[tuple[TableSummary, SeatIndex]]:
        """Give every seat of a player, by table id."""
        return self._seats.get(user_id, ())

    @cached_property
    def _seats(self) -> dict[UserId, list[tuple[TableSummary, SeatIndex]]]:
        found: dict[UserId, list[tuple[TableSummary, SeatIndex]]] = {}
        for table in self.tables.values():
            for seat in table.seats:
                found.setdefault(seat.user_id, []).append((table, seat.seat))
        return found


class Nodes:
    """Reads leases and announcements at once, and the lobby as one picture."""

    def __init__(self, redis: Redis, shards: Sequence[ShardId], log: Log) -> None:
        self._redis = redis
        self._shards = tuple(sorted(shards))
        self._log = log
        self._announcements = announcement_codec()
        self._summaries = summary_codec()
        self._read: dict[TableId, tuple[bytes, TableSummary | None]] = {}

    async def place(self, shard: ShardId) -> Place | Closed:
        """Say where a shard is played now."""
        return (await self._places((shard,)))[shard]

    async def directory(self) -> Directory:
        """Read the lobby of all shards."""
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                answers = [(shard, pipeline.hgetall(keys.lobby(shard))) for shard in self._shards]
            lobbies = [(shard, await answer) for shard, answer in answers]
        places = await self._places(self._shards)
        read = {}
        for shard, fields in lobbies:
            for name, data in fields.items():
                if name.isdigit():
                    table_id = TableId(int(name))
                    read[table_id] = (data, self._read_summary(shard, table_id, data))
        self._read = read
        tables = {table_id: found for table_id in sorted(read) if (found := read[table_id][1]) is not None}
        return Directory(tables, places)

    def _read_summary(self, shard: ShardId, table_id: TableId, data: bytes) -> TableSummary | None:
        """Read one summary; most have not changed since the last time. A bad one is left out."""
        known = self._read.get(table_id)
        if known is not None and known[0] == data:
            return known[1]
        try:
            summary = self._summaries.decode(data)
        except Malformed as fault:
            self._log.warning("lobby.bad_summary", table_id=table_id, shard=shard, reason=fault.code.value)
            return None
        if (summary.table_id, summary.shard) != (table_id, shard):
            self._log.warning("lobby.misplaced_summary", table_id=table_id, shard=shard)
            return None
        return summary

    async def _places(self, shards: Sequence[ShardId]) -> dict[ShardId, Place | Closed]:
        """Read the leases, then what their holders announce: in this order a new start is not missed."""
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                leases = [(shard, pipeline.hgetall(keys.lease(shard))) for shard in shards]
            holders = {shard: self._read_holder(shard, await lease) for shard, lease in leases}
            names = sorted({holder.node for holder in holders.values() if holder is not None})
            if not names:
                return dict.fromkeys(shards, Closed.NOT_HELD)
            async with self._redis.pipeline(transaction=False) as pipeline:
                answers = [(name, pipeline.get(keys.node(name))) for name in names]
            announced = {name: self._read_announcement(await answer) for name, answer in answers}
        return {
            shard: place_shard(holder, announced.get(holder.node) if holder is not None else None)
            for shard, holder in holders.items()
        }

    def _read_holder(self, shard: ShardId, fields: Mapping[bytes, bytes]) -> Holder | None:
        try:
            lease = read_lease(dict(fields))
        except (KeyError, ValueError):
            self._log.warning("lease.unreadable", shard=shard)
            return None
        return None if lease is None else Holder(lease.node, lease.boot, lease.epoch)

    def _read_announcement(self, data: bytes | None) -> Announced | None:
        if data is None:
            return None
        try:
            node = self._announcements.decode(data)
        except Malformed as fault:
            self._log.warning("node.bad_announcement", reason=fault.code.value)
            return None
        return Announced(node.node, node.boot, node.player_url, node.connections, node.connection_limit)


class DirectoryCache:
    """One reading of the directory for all who ask within ``seconds``; a failure stands as long."""

    def __init__(self, nodes: Nodes, seconds: float) -> None:
        self._nodes = nodes
        self._seconds = seconds
        self._reading = trio.Lock()
        self._found: Directory | RedisAway | None = None
        self._stale_at = float("-inf")

    async def look(self) -> Directory:
        """Give the directory, at most ``seconds`` old."""
        if trio.current_time() >= self._stale_at:
            async with self._reading:
                if trio.current_time() >= self._stale_at:
                    await self._renew()
        if isinstance(self._found, Directory):
            return self._found
        raise RedisAway("the lobby cannot be read") from self._found

    async def _renew(self) -> None:
        asked_at = trio.current_time()
        try:
            self._found = await self._nodes.directory()
            self._stale_at = asked_at + self._seconds
        except RedisAway as error:
            self._found = error
            self._stale_at = trio.current_time() + self._seconds
