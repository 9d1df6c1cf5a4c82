"""Who follows their wallets at this worker, and what they are told.

Each worker hears all notices and passes on those to its own followers: it makes no difference which worker a
player asks, nor which one books the payment.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import trio
from prometheus_client import Counter, Gauge

from cardroom.ids import UserId
from cardroom.service.http import RefusedRequest
from cardroom.service.logs import Log
from cardroom.service.player_notices import NoticeEar, NoticeListener
from cardroom.service.redis import Redis
from cardroom.wire.codec import message_name
from cardroom.wire.notices import NoticesMissed, PlayerNotice, WalletEvent, event_codec
from cardroom.wire.refusals import Refusal
from wallet_worker.payment_settings import NoticeSettings

FOLLOWING: Final = Gauge("holdem_wallet_followers", "Players' open streams of wallet events")
SLOW: Final = Counter(
    "holdem_wallet_followers_slow_total", "Streams of wallet events that were ended: too much was unread"
)

_CODEC: Final = event_codec()
_STOPPING_SECONDS: Final = 1
_BUSY_SECONDS: Final = 5


def write_event(event: WalletEvent) -> bytes:
    """Write a server-sent event; JSON has no line feed in it."""
    return b"event: %s\ndata: %s\n\n" % (message_name(type(event)).encode(), _CODEC.encode(event))


class Follower:
    """One stream: what is to be told, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._put, self._events = trio.open_memory_channel[bytes](limit)

    def offer(self, event: bytes) -> None:
        """Let an event wait for its turn; who has too many unread is told no more, and may come back."""
        try:
            self._put.send_nowait(event)
        except trio.WouldBlock:
            SLOW.inc()
            self.close()
        except trio.ClosedResourceError:
            pass

    def close(self) -> None:
        """Tell nothing more but what waits already. May be repeated."""
        self._put.close()

    async def next(self) -> bytes | None:
        """Wait for the next event; None when there are no more."""
        try:
            return await self._events.receive()
        except trio.EndOfChannel:
            return None


class EventFeed:
    """The followers of one worker, few of each player and a bounded number in all."""

    def __init__(self, redis: Redis, settings: NoticeSettings, log: Log) -> None:
        self._settings = settings
        self._of_user: dict[UserId, list[Follower]] = {}
        self._count = 0
        self._is_stopped = False
        listener = NoticeListener(self._of_user.__contains__, self.pass_on, self.tell_missed)
        self._ear = NoticeEar(redis, listener, log)

    def __len__(self) -> int:
        return self._count

    @property
    def is_listening(self) -> bool:
        """Say whether notices are heard now, as far as is known."""
        return self._ear.is_listening

    async def run(self) -> None:
        """Listen until cancelled; comes back by itself when Redis was away."""
        await self._ear.run()

    def stop(self) -> None:
        """End all streams, for good: the worker stops."""
        self._is_stopped = True
        for follower in self._all():
            follower.close()

    def check(self, user_id: UserId) -> None:
        """Refused: ``unavailable`` while the worker stops, ``rate_limited`` and ``busy`` over the limits."""
        if self._is_stopped:
            raise RefusedRequest(503, Refusal.UNAVAILABLE, retry_seconds=_STOPPING_SECONDS)
        if len(self._of_user.get(user_id, ())) >= self._settings.followers_per_user:
            raise RefusedRequest(429, Refusal.RATE_LIMITED, "too many streams of one player")
        if self._count >= self._settings.followers:
            raise RefusedRequest(503, Refusal.BUSY, retry_seconds=_BUSY_SECONDS)

    @contextmanager
    def follow(self, user_id: UserId) -> Iterator[Follower]:
        """Follow a player's wallet. Refused as ``check`` says.

        The first event is ``NoticesMissed``: whoever asks the wallet's pages after it misses nothing.
        """
        self.check(user_id)
        follower = Follower(self._settings.waiting_events)
        follower.offer(write_event(NoticesMissed()))
        own = self._of_user.setdefault(user_id, [])
        own.append(follower)
        self._change(1)
        try:
            yield follower
        finally:
            own.remove(follower)
            if not own:
                self._of_user.pop(user_id, None)
            self._change(-1)

    def pass_on(self, user_id: UserId, notice: PlayerNotice) -> None:
        """Tell all streams of a player; never waits."""
        event = write_event(notice)
        for follower in self._of_user.get(user_id, ()):
            follower.offer(event)

    def tell_missed(self) -> None:
        """Tell everybody that notices may have been lost."""
        event = write_event(NoticesMissed())
        for follower in self._all():
            follower.offer(event)

    def _all(self) -> list[Follower]:
        return [follower for own in self._of_user.values() for follower in own]

    def _change(self, by: int) -> None:
        self._count += by
        FOLLOWING.set(self._count)
