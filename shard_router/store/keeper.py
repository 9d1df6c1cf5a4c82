"""Closes extra tables again that stand empty; one router at a time does it, for all of them."""

from contextlib import suppress
from typing import Final

import trio
from prometheus_client import Counter

from cardroom.ids import TableId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway
from cardroom.wire import keys
from shard_router.rules.extra_tables import tables_to_close
from shard_router.settings import KeeperSettings
from shard_router.store.extra_tables import ExtraTables
from shard_router.store.floor import standing_tables
from shard_router.store.locks import Lock
from shard_router.store.nodes import Directory, DirectoryCache
from shard_router.store.reserved_seats import ReservedSeats

CLOSED: Final = Counter("holdem_router_extra_tables_closed_total", "Extra tables closed, as they stood empty")
_RELEASE_SECONDS: Final = 1.0


class Keeper:
    """Looks at the tables again and again, while it is this router that keeps them.

    Since when a table is empty it knows from its own looking; who takes the place of another keeper begins
    anew. A table that was not closed when it should be is let alone for another quiet time.
    """

    def __init__(
        self,
        redis: Redis,
        cache: DirectoryCache,
        extra: ExtraTables,
        seats: ReservedSeats,
        settings: KeeperSettings,
        log: Log,
    ) -> None:
        self._cache = cache
        self._extra = extra
        self._seats = seats
        self._settings = settings
        self._log = log
        self._lock = Lock(redis, keys.keeper(), settings.lock_seconds)
        self._empty_since: dict[TableId, float] = {}

    async def run(self) -> None:
        """Keep the tables until cancelled; while Redis is away nothing is closed."""
        try:
            while True:
                try:
                    await self.keep_once()
                except RedisAway as away:
                    self._empty_since.clear()
                    self._log.warning("keeper.away", reason=str(away))
                await trio.sleep(self._settings.every_seconds)
        finally:
            with trio.move_on_after(_RELEASE_SECONDS, shield=True), suppress(RedisAway):
                await self._lock.release()

    async def keep_once(self) -> int:
        """Look once, and give how many tables were closed. Raises ``RedisAway``."""
        if not await self._lock.hold():
            self._empty_since.clear()
            return 0
        directory, now, closed = await self._cache.look(), trio.current_time(), 0
        self._note_empty(directory, now)
        standing = standing_tables(directory, self._empty_since, now)
        chosen = tables_to_close(standing, self._settings.quiet_seconds, self._settings.spare_seats)
        for table in chosen[: self._settings.closed_at_once]:
            if not await self._lock.hold():
                break
            del self._empty_since[table.table_id]
            if await self._seats.close(table.table_id):
                closed += await self._extra.close(table.table_id, table.shard, self._settings.order_seconds)
        CLOSED.inc(closed)
        return closed

    def _note_empty(self, directory: Directory, now: float) -> None:
        self._empty_since = {
            table.table_id: self._empty_since.get(table.table_id, now)
            for table in directory.tables.values()
            if table.is_extra and not table.seats and table.waiting == 0
        }
