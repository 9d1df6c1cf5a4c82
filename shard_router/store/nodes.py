"""What nodes write into Redis: leases, announcements, lobby. Raises ``RedisAway`` when it does not answer."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property

import trio
from attrs import evolve, frozen

from cardroom.ids import SeatIndex, ShardId, TableId, UserId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway, redis_errors
from cardroom.wire import keys
from cardroom.wire.codec import Malformed
from cardroom.wire.presence import TableSummary, announcement_codec, read_lease
from shard_router.rules.placement import Announced, Closed, Holder, Place, place_shard
from shard_router.store.lobby_picture import LobbyPicture


@frozen(eq=False)
class Directory:
    """All tables by id, and where each shard is played, at one moment."""

    tables: Mapping[TableId, TableSummary]
    places: Mapping[ShardId, Place | Closed]
    is_stale: bool = False
    """Whether Redis does not answer, so that nobody knows if it is still so."""

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
    """Reads leases and announcements at once; the lobby is a picture that is followed."""

    def __init__(self, redis: Redis, shards: Sequence[ShardId], log: Log) -> None:
        self._redis = redis
        self._shards = tuple(sorted(shards))
        self._log = log
        self._announcements = announcement_codec()
        self._known_places: dict[ShardId, Place | Closed] = dict.fromkeys(self._shards, Closed.NOT_HELD)
        self.picture = LobbyPicture(redis, self._shards, log)

    async def place(self, shard: ShardId) -> Place | Closed:
        """Say where a shard is played now."""
        return (await self._places((shard,)))[shard]

    async def directory(self) -> Directory:
        """Give the lobby and the places of all shards as they are now."""
        with redis_errors():
            await self.picture.refresh()
        self._known_places = await self._places(self._shards)
        return self.known()

    def known(self) -> Directory:
        """Give the lobby as far as it was heard of, and the places as they were read last."""
        return Directory(self.picture.tables, self._known_places)

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
    """One reading of the directory for all who ask within ``seconds``; a failure stands as long.

    While Redis is away the last reading is given, marked stale, until it is ``stale_seconds`` old. Who asks
    does not wait for it longer than ``patience_seconds``, if there is one.
    """

    def __init__(
        self, nodes: Nodes, seconds: float, stale_seconds: float = 0.0, patience_seconds: float = 1.0
    ) -> None:
        self._nodes = nodes
        self._seconds = seconds
        self._stale_seconds = stale_seconds
        self._patience_seconds = patience_seconds
        self._reading = trio.Lock()
        self._found: Directory | None = None
        self._read_at = float("-inf")
        self._trouble: RedisAway | None = None
        self._renew_at = float("-inf")

    async def look(self) -> Directory:
        """Give the directory, at most ``seconds`` old unless it is marked stale. Raises ``RedisAway``."""
        if trio.current_time() >= self._renew_at:
            async with self._reading:
                if trio.current_time() >= self._renew_at:
                    await self._renew()
        if self._found is None or (self._found.is_stale and not self._may_be_shown()):
            raise RedisAway("the lobby cannot be read") from self._trouble
        return self._found

    async def _renew(self) -> None:
        asked_at, is_read = trio.current_time(), False
        patience = self._patience_seconds if self._may_be_shown() else math.inf
        with trio.move_on_after(patience):
            try:
                self._found, self._read_at, is_read = await self._nodes.directory(), asked_at, True
                self._renew_at = asked_at + self._seconds
            except RedisAway as error:
                self._trouble = error
        if not is_read:
            self._renew_at = trio.current_time() + self._seconds
            if self._found is not None and not self._found.is_stale:
                self._found = evolve(self._found, is_stale=True)

    def _may_be_shown(self) -> bool:
        age = trio.current_time() - self._read_at
        return self._found is not None and age <= self._stale_seconds + self._seconds
