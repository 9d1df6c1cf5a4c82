"""Publishes what players are told of their coins; nobody waits for it, and what cannot be told is dropped.

A payment is booked whether its player hears of it or not. So a notice is put into a bounded queue, and one
task publishes what is there; a notice that Redis does not take is not kept for later: by then it would be
old, and the wallet's pages say what is so.
"""

from typing import Final

import trio
from attrs import evolve
from prometheus_client import Counter

from cardroom.ids import UserId
from cardroom.service.errors import report_unforeseen
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway, redis_errors
from cardroom.wire import keys
from cardroom.wire.notices import PlayerNotice, notice_codec

TOLD: Final = Counter(
    "holdem_notices_told_total", "Notices to players, by whether they were published or why not", ["outcome"]
)
_PUBLISHED: Final = TOLD.labels("published")
_DROPPED_FULL: Final = TOLD.labels("dropped_full")
_DROPPED_AWAY: Final = TOLD.labels("dropped_away")
_DROPPED_UNWRITABLE: Final = TOLD.labels("dropped_unwritable")

_REASON_LETTERS: Final = 100
"""A longer reason, such as an administrator's words, is cut; the wallet's pages have all of it."""

_AT_ONCE: Final = 64
"""So many notices go to Redis together."""

_Written = tuple[str, bytes]


class RedisNoticeBoard:
    """The ``NoticeBoard`` of a worker; ``run`` must be running, or nothing is published."""

    def __init__(self, redis: Redis, waiting: int, log: Log) -> None:
        """``waiting`` notices may wait to be published; more are dropped."""
        self._redis = redis
        self._log = log
        self._codec = notice_codec()
        self._put, self._waiting = trio.open_memory_channel[tuple[UserId, PlayerNotice]](waiting)
        self._is_away_told = False

    def tell(self, user_id: UserId, notice: PlayerNotice) -> None:
        """Hand a notice over; never waits, never raises. One that cannot be told is dropped and counted."""
        try:
            self._put.send_nowait((user_id, notice))
        except trio.WouldBlock:
            _DROPPED_FULL.inc()

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            told = [await self._waiting.receive()]
            while len(told) < _AT_ONCE:
                try:
                    told.append(self._waiting.receive_nowait())
                except trio.WouldBlock:
                    break
            written = [one for one in (self._write(*each) for each in told) if one is not None]
            if written:
                await self._publish(written)

    def _write(self, user_id: UserId, notice: PlayerNotice) -> _Written | None:
        try:
            if notice.reason is not None:
                notice = evolve(notice, reason=notice.reason[:_REASON_LETTERS])
            data = self._codec.encode(notice)
        except Exception as error:  # noqa: BLE001 (the border of one job run: others are to be told)
            _DROPPED_UNWRITABLE.inc()
            report_unforeseen(self._log, "notice", error)
            return None
        return keys.user(user_id), data

    async def _publish(self, written: list[_Written]) -> None:
        try:
            with redis_errors():
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for channel, data in written:
                        pipeline.publish(channel, data)
        except RedisAway as away:
            _DROPPED_AWAY.inc(len(written))
            if not self._is_away_told:
                self._is_away_told = True
                self._log.warning("notices.not_published", reason=str(away))
            return
        self._is_away_told = False
        _PUBLISHED.inc(len(written))
