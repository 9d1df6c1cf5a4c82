"""Hears what players are told of their coins, over one subscription of a process to all of their channels.

One pattern for all, and not a subscription for each player who is here. Notices are rare (some for each
deposit and withdrawal), and one that is for nobody here costs a look into a dict; players come and go far
more often, and thousands of them at once when a node or Redis has started anew, each with two commands of
its own and all to be said again on a new connection.
"""

import random
from collections.abc import Callable
from typing import Final

import trio
from attrs import frozen
from prometheus_client import Counter

from cardroom.ids import UserId
from cardroom.service.errors import report_unforeseen
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway, make_ear, redis_errors
from cardroom.service.redis_ear import QUIET_SECONDS
from cardroom.wire import keys
from cardroom.wire.codec import Malformed
from cardroom.wire.notices import PlayerNotice, notice_codec

HEARD: Final = Counter(
    "holdem_notices_heard_total",
    "Notices to players that this process has heard, by what became of them",
    ["outcome"],
)
_PASSED_ON: Final = HEARD.labels("passed_on")
_NOBODY_HERE: Final = HEARD.labels("nobody_here")
_UNREADABLE: Final = HEARD.labels("unreadable")

_RETRY_SECONDS: Final = (0.1, 0.5)


def _nothing() -> None:
    """Do nothing."""


@frozen
class NoticeListener:
    """Who listens in a process. None of this waits."""

    wants: Callable[[UserId], bool]
    """Whether a player is here; asked for every notice, of all players."""
    take: Callable[[UserId, PlayerNotice], None]
    """Takes a notice to a player who is here."""
    missed: Callable[[], None] = _nothing
    """Called when notices are heard again that may have been lost for a while, and the first time."""


class NoticeEar:
    """Passes notices on; comes back by itself when Redis was away, or another server is the primary.

    What is published meanwhile is lost, as all notices may be.
    """

    def __init__(
        self, redis: Redis, listener: NoticeListener, log: Log, quiet_seconds: float = QUIET_SECONDS
    ) -> None:
        self._ear = make_ear(redis, quiet_seconds)
        self._listener = listener
        self._log = log
        self._codec = notice_codec()
        self._is_away_told = False
        self.is_listening = False
        """Whether notices are heard now, as far as is known."""

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                with redis_errors():
                    await self._ear.listen(keys.all_users(), self._heed, self._begin)
            except RedisAway as away:
                if not self._is_away_told:
                    self._is_away_told = True
                    self._log.warning("notices.not_heard", reason=str(away))
            finally:
                self.is_listening = False
            await trio.sleep(random.uniform(*_RETRY_SECONDS))  # noqa: S311 (so that not all come at once)

    def _begin(self) -> None:
        if self._is_away_told:
            self._log.info("notices.heard_again")
        self._is_away_told, self.is_listening = False, True
        self._listener.missed()

    def _heed(self, channel: bytes, data: bytes) -> None:
        user_id = keys.user_of(channel)
        if user_id is None or not self._listener.wants(user_id):
            _NOBODY_HERE.inc()
            return
        try:
            notice = self._codec.decode(data)
        except Malformed as fault:
            _UNREADABLE.inc()
            self._log.warning("notices.unreadable", user_id=user_id, reason=fault.code.value)
            return
        try:
            self._listener.take(user_id, notice)
        except Exception as error:  # noqa: BLE001 (the border of one session: others go on hearing)
            report_unforeseen(self._log, "session", error)
            return
        _PASSED_ON.inc()
