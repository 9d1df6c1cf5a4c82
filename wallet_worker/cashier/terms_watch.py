"""Tells nodes, through Redis, which players' seats have to end, and when.

Every worker does, and all write the same, for all read it from the same tables. What stands in Redis is read
each time: so a Redis that lost it has it again a moment later, and a worker that slept undoes nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import trio
from attrs import frozen

from cardroom.ids import UserId
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from cardroom.service.protection import ProtectionSettings
from cardroom.service.redis import Redis, RedisAway, redis_errors
from cardroom.wire import keys
from cardroom.wire.protection import PlayerTerms, terms_codec
from cardroom.wire.refusals import Refusal
from wallet_worker.rules.protection import Limits, PlayEnds, end_of_play
from wallet_worker.store.read_seated import Seated, read_seated
from wallet_worker.store.read_terms import Usage, read_usage

_REFRESH_MS: Final = 15_000
"""Limits and time are counted anew this often; at once when a seat or a wish is another one."""

_REASONS: Final = {one: Refusal(one.value) for one in PlayEnds}


@frozen
class _Known:
    seats: int
    version: int
    read_ms: int
    usage: Usage


class TermsWatch:
    """Looks at all players who have money at tables, and terms or a block, again and again.

    ``blocked_users``: whether blocks of players count, as at the door.
    """

    def __init__(
        self,
        postgres: Postgres,
        redis: Redis,
        settings: ProtectionSettings,
        log: Log,
        *,
        blocked_users: bool = True,
    ) -> None:
        self._postgres = postgres
        self._redis = redis
        self._settings = settings
        self._log = log
        self._blocked_users = blocked_users
        self._codec = terms_codec()
        self._known: dict[UserId, _Known] = {}

    async def run(self) -> None:
        """Look until cancelled; while a server is away the last word stands."""
        while True:
            try:
                await self.look()
            except (PostgresAway, PostgresRefused, RedisAway) as trouble:
                self._log.warning("terms.not_told", trouble=str(trouble))
            await trio.sleep(self._settings.watch_seconds)

    async def look(self) -> None:
        """Find out once what holds, and write what Redis does not have so."""
        seated = await read_seated(self._postgres, blocked_users=self._blocked_users)
        await self._read_changed(seated)
        wanted = {
            str(one.user_id).encode(): self._codec.encode(self._terms(one, self._known[one.user_id].usage))
            for one in seated
        }
        await self._tell(wanted)

    async def _read_changed(self, seated: Sequence[Seated]) -> None:
        changed = {one.user_id: one for one in seated if self._is_changed(one)}
        usage = await read_usage(self._postgres, changed, self._settings) if changed else {}
        read = {
            user: _Known(one.seats, one.version, one.now_ms, usage[user]) for user, one in changed.items()
        }
        self._known = {one.user_id: read.get(one.user_id) or self._known[one.user_id] for one in seated}

    def _is_changed(self, one: Seated) -> bool:
        known = self._known.get(one.user_id)
        if known is None or (known.seats, known.version) != (one.seats, one.version):
            return True
        return one.now_ms - known.read_ms >= _REFRESH_MS

    def _terms(self, one: Seated, usage: Usage) -> PlayerTerms:
        limits = usage.limits
        if one.is_blocked:
            return _write(one.user_id, 0, PlayEnds.USER_BLOCKED, limits)
        if one.is_excluded:
            return _write(one.user_id, 0, PlayEnds.SELF_EXCLUDED, limits)
        end = end_of_play(limits, usage.risks, usage.sitting, one.money)
        if end is None:
            return _write(one.user_id, None, None, limits)
        return _write(one.user_id, end.at_ms, end.reason, limits)

    async def _tell(self, wanted: Mapping[bytes, bytes]) -> None:
        key = keys.player_terms()
        with redis_errors():
            told = await self._redis.hgetall(key)
            changed = {name: data for name, data in wanted.items() if told.get(name) != data}
            gone = [name for name in told if name not in wanted]
            if changed:
                await self._redis.hset(key, changed)
            if gone:
                await self._redis.hdel(key, gone)


def _write(user_id: UserId, until_ms: int | None, reason: PlayEnds | None, limits: Limits) -> PlayerTerms:
    code = None if reason is None else _REASONS[reason]
    return PlayerTerms(user_id, until_ms, code, limits.reality_check_seconds)
