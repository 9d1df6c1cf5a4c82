"""Sees to it that players who have to go, go, and that those who want it are told of time and money.

What holds for whom stands in Redis, written by the wallet workers; only players who sit here are asked for.
While Redis is away the last word stands: an end that was known is kept.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Mapping

import trio
from attrs import frozen

from cardroom.ids import UserId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway, redis_errors
from cardroom.wire import keys
from cardroom.wire.codec import Malformed
from cardroom.wire.protection import PlayerTerms, terms_codec
from cardroom.wire.refusals import Refusal
from node.settings import ProtectionSettings
from node.tables.commands import EndPlay, TellReality
from node.tables.directory import Directory, TableEntry

Seated = Mapping[UserId, Collection[TableEntry]]
"""At which tables of this node a player has a seat."""


@frozen
class _Told:
    """When a player was told last, or was first seen sitting; and how often it is to be."""

    unix_ms: int
    every_ms: int


class ProtectionWatch:
    """Looks again and again; tables do the rest. Nothing is asked while nobody sits."""

    def __init__(self, redis: Redis, directory: Directory, settings: ProtectionSettings, log: Log) -> None:
        self._redis = redis
        self._directory = directory
        self._settings = settings
        self._log = log
        self._codec = terms_codec()
        self._terms: dict[UserId, PlayerTerms] = {}
        self._told: dict[UserId, _Told] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            seated = self._seated()
            try:
                await self.read(seated)
            except RedisAway as away:
                self._log.warning("protection.terms_not_read", reason=str(away))
            self.look(seated, time.time_ns() // 1_000_000)
            await trio.sleep(self._settings.watch_seconds)

    async def read(self, users: Collection[UserId]) -> None:
        """Read what holds for these players; raises ``RedisAway``, and then nothing is another."""
        if not users:
            self._terms = {}
            return
        names = [str(user) for user in users]
        with redis_errors():
            found = await self._redis.hmget(keys.player_terms(), names)
        read = {user: self._read_one(user, data) for user, data in zip(users, found, strict=True)}
        self._terms = {user: terms for user, terms in read.items() if terms is not None}

    def look(self, seated: Seated, unix_ms: int) -> None:
        """Tell the tables what is due now."""
        for user, entries in seated.items():
            terms = self._terms.get(user)
            reason = None if terms is None else _why_play_ends(terms, unix_ms)
            if reason is not None:
                for entry in entries:
                    entry.inbox.deliver(EndPlay(user, reason))
            self._check_reality(user, entries, unix_ms)
        self._told = {user: told for user, told in self._told.items() if user in seated}

    def _check_reality(self, user: UserId, entries: Collection[TableEntry], unix_ms: int) -> None:
        """Each ``every_ms`` from when the player was first seen sitting, at all of the player's tables."""
        terms = self._terms.get(user)
        own_ms = terms.reality_check_seconds * 1000 if terms is not None else 0
        every_ms = own_ms or self._settings.reality_check_minutes * 60_000
        told = self._told.get(user)
        if every_ms == 0:
            self._told.pop(user, None)
        elif told is None or told.every_ms != every_ms:
            self._told[user] = _Told(unix_ms, every_ms)
        elif unix_ms - told.unix_ms >= every_ms:
            self._told[user] = _Told(unix_ms, every_ms)
            for entry in entries:
                entry.inbox.deliver(TellReality(user, unix_ms))

    def _seated(self) -> Seated:
        found: dict[UserId, list[TableEntry]] = defaultdict(list)
        for entry in self._directory:
            for seat in entry.summary.seats:
                found[seat.user_id].append(entry)
        return found

    def _read_one(self, user: UserId, data: bytes | None) -> PlayerTerms | None:
        try:
            return None if data is None else self._codec.decode(data)
        except Malformed as fault:
            self._log.warning("protection.terms_unreadable", user_id=user, reason=fault.code.value)
            return self._terms.get(user)


def _why_play_ends(terms: PlayerTerms, unix_ms: int) -> Refusal | None:
    until_ms = terms.play_until_unix_ms
    return terms.reason if until_ms is not None and until_ms <= unix_ms else None
