"""Who shows a token: the login session in Redis, or, where Redis has lost it, in PostgreSQL.

Redis answers nearly always. A token that it does not know is looked up in PostgreSQL and put back with the
time that it has left, so that a Redis that lost its data logs nobody out. Whoever sends tokens that do not
exist costs the database little, however many they are: one that was never drawn carries no fitting checksum;
what was not found is remembered; no more than ``at_once`` look-ups run, ``waiting`` more stand in line, and
who comes then is told to come back.
"""

import base64
import binascii
import hashlib
import math
import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID
from zlib import crc32

import trio
from attrs import field, frozen
from attrs.validators import ge

from cardroom.ids import UserId
from cardroom.service.http import RefusedRequest
from cardroom.service.postgres import Postgres
from cardroom.service.redis import Redis, RedisAway, redis_errors
from cardroom.wire import keys
from cardroom.wire.refusals import Refusal

_SECRET_BYTES: Final = 32
_CHECKSUM_BYTES: Final = 4
_MAX_TOKEN_LETTERS: Final = 128
_REDIS_AWAY_SECONDS: Final = 1.0
_USER_ID: Final = b"user_id"
_NICKNAME: Final = b"nickname"
_SESSION_ID: Final = b"session_id"
_HAS_SECOND_FACTOR: Final = b"has_second_factor"
_STEPPED_UP_UNTIL: Final = b"stepped_up_until"
_SEEN: Final = b"seen"
_NO_SESSION: Final = UUID(int=0)

_NOTE_SEEN: Final = """
if redis.call('HEXISTS', KEYS[1], 'user_id') == 1 then redis.call('HSET', KEYS[1], 'seen', ARGV[1]) end
return 0
"""
"""A session that was ended meanwhile does not come back by it."""

FIND_SESSION: Final = """
SELECT user_id, nickname, remaining_ms, session_id, has_second_factor, stepped_up_until_ms
FROM find_session($1)
"""


@frozen
class Login:
    """Who is asking, and by which session."""

    user_id: UserId
    nickname: str
    session_id: UUID = _NO_SESSION
    """What the session is called where its player looks at the list; not the token."""
    has_second_factor: bool = False
    stepped_up_until_ms: int = 0
    """Unix time up to which a code of the second factor that this session has shown counts; 0: none."""


@frozen
class LookupSettings:
    """What look-ups of unknown tokens may cost PostgreSQL; ``remembered`` tokens are not looked up again.

    When a session was last seen is noted once in ``seen_seconds``, by each process that serves it.
    """

    at_once: int = field(default=2, validator=ge(1))
    waiting: int = field(default=64, validator=ge(1))
    remembered: int = field(default=4096, validator=ge(1))
    seen_seconds: float = field(default=60.0, validator=ge(0.0))


class LoginsBusy(Exception):
    """As many look-ups wait as may; nothing was looked up, and nothing is known of the token."""


def require_step_up(login: Login, now_ms: int) -> None:
    """Refuse whoever has not shown a code of the second factor a short time ago; ``now_ms`` is Unix time.

    Refused: accounts without a second factor (``second_factor_off``), sessions that have to step up first
    (``step_up_needed``). Nothing is changed.
    """
    if not login.has_second_factor:
        raise RefusedRequest(403, Refusal.SECOND_FACTOR_OFF)
    if login.stepped_up_until_ms <= now_ms:
        raise RefusedRequest(403, Refusal.STEP_UP_NEEDED)


def draw_token() -> str:
    """Draw a token that nobody guesses, 256 bits of the operating system, with its checksum: 48 letters."""
    secret = secrets.token_bytes(_SECRET_BYTES)
    return base64.urlsafe_b64encode(secret + _checksum(secret)).decode()


def is_drawn(token: str) -> bool:
    """Say whether a token has the form of ``draw_token``; what is mistyped or made up at random has not."""
    try:
        data = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    secret, checksum = data[:_SECRET_BYTES], data[_SECRET_BYTES:]
    return len(secret) == _SECRET_BYTES and checksum == _checksum(secret)


def hash_token(token: str) -> bytes:
    """Give what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


class LoginLookup:
    """Finds sessions by their tokens. Pipelines, because they are not repeated: their limit is one call's."""

    def __init__(self, redis: Redis, postgres: Postgres, settings: LookupSettings) -> None:
        self._redis = redis
        self._postgres = postgres
        self._settings = settings
        self._lookups = trio.CapacityLimiter(settings.at_once)
        self._unknown: dict[bytes, None] = {}
        self._noted: dict[bytes, float] = {}
        self._ask_redis_at = -math.inf
        self._is_redis_away = False

    async def find(self, token: str) -> Login | None:
        """Find the open session of a token; may be repeated.

        Raises, of a token that Redis does not know, ``LoginsBusy`` or ``PostgresAway``. While Redis is away
        that is every token: PostgreSQL has all sessions, and is asked no more at once than otherwise.
        """
        if not 0 < len(token) <= _MAX_TOKEN_LETTERS:
            return None
        token_hash = hash_token(token)
        fields = await self._ask_redis(token_hash)
        if fields:
            await self._note_seen(token_hash)
            return _read_login(fields)
        if token_hash in self._unknown or not is_drawn(token):
            return None
        return await self._look_up(token_hash)

    async def _ask_redis(self, token_hash: bytes) -> Mapping[bytes, bytes]:
        """Give what Redis knows; nothing while it is away, and then it is asked again after a while."""
        now = trio.current_time()
        if now < self._ask_redis_at:
            return {}
        if self._is_redis_away:  # this request finds out whether it still is; others don't wait for that
            self._ask_redis_at = now + _REDIS_AWAY_SECONDS
        try:
            with redis_errors():
                async with self._redis.pipeline(transaction=False) as pipeline:
                    answer = pipeline.hgetall(_key(token_hash))
                fields: Mapping[bytes, bytes] = await answer
        except RedisAway:
            self._is_redis_away = True
            self._ask_redis_at = trio.current_time() + _REDIS_AWAY_SECONDS
            return {}
        self._is_redis_away = False
        self._ask_redis_at = -math.inf
        return fields

    async def put(self, token_hash: bytes, login: Login, milliseconds: int) -> None:
        """Write a session into Redis for so long, as seen now; raises ``RedisAway``."""
        fields = _write_login(login) | {_SEEN: b"%d" % (time.time_ns() // 1_000_000)}
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(_key(token_hash), fields)
                pipeline.pexpire(_key(token_hash), milliseconds)

    async def remove(self, token_hashes: Collection[bytes]) -> None:
        """Remove sessions from Redis; raises ``RedisAway``.

        Inside of the transaction that has changed their rows: it holds them locked, so that no look-up puts
        an old state back, and if Redis does not answer nothing is changed at all.
        """
        if token_hashes:
            with redis_errors():
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for token_hash in token_hashes:  # one by one: they lie in different slots
                        pipeline.delete([_key(token_hash)])

    async def seen(self, token_hashes: Sequence[bytes]) -> list[int]:
        """Say when each session was last seen, Unix milliseconds; 0 where Redis does not know it."""
        if not token_hashes:
            return []
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                answers = [pipeline.hget(_key(token_hash), _SEEN) for token_hash in token_hashes]
            return [int(await answer or 0) for answer in answers]

    async def _note_seen(self, token_hash: bytes) -> None:
        """Note once in a while that a session is used; whether that was kept matters to no request."""
        now = trio.current_time()
        if now - self._noted.get(token_hash, -float("inf")) < self._settings.seen_seconds:
            return
        while len(self._noted) >= self._settings.remembered:
            del self._noted[next(iter(self._noted))]
        self._noted[token_hash] = now
        with suppress(RedisAway), redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.eval(_NOTE_SEEN, [_key(token_hash)], [time.time_ns() // 1_000_000])

    async def _look_up(self, token_hash: bytes) -> Login | None:
        if self._lookups.statistics().tasks_waiting >= self._settings.waiting:
            raise LoginsBusy
        async with self._lookups, self._postgres.transaction() as transaction:
            row = await transaction.fetch_one(FIND_SESSION, token_hash)
            if row is None or row["remaining_ms"] <= 0:
                self._remember(token_hash)
                return None
            login = Login(
                UserId(row["user_id"]),
                row["nickname"],
                UUID(str(row["session_id"])),
                row["has_second_factor"],
                row["stepped_up_until_ms"],
            )
            # The session's row is locked until the transaction ends: a logout comes before this or after it.
            if not self._is_redis_away:
                with suppress(RedisAway):
                    await self.put(token_hash, login, row["remaining_ms"])
        return login

    def _remember(self, token_hash: bytes) -> None:
        """Remember that a token has no session: none begins to have one, and what has ended stays so."""
        while len(self._unknown) >= self._settings.remembered:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[token_hash] = None


def _read_login(fields: Mapping[bytes, bytes]) -> Login:
    """Read a session; one that an older version has written has no name, and no second factor is known."""
    return Login(
        UserId(int(fields[_USER_ID])),
        fields[_NICKNAME].decode(),
        UUID(fields[_SESSION_ID].decode()) if _SESSION_ID in fields else _NO_SESSION,
        fields.get(_HAS_SECOND_FACTOR) == b"1",
        int(fields.get(_STEPPED_UP_UNTIL, b"0")),
    )


def _write_login(login: Login) -> dict[bytes, bytes]:
    return {
        _USER_ID: b"%d" % login.user_id,
        _NICKNAME: login.nickname.encode(),
        _SESSION_ID: str(login.session_id).encode(),
        _HAS_SECOND_FACTOR: b"%d" % login.has_second_factor,
        _STEPPED_UP_UNTIL: b"%d" % login.stepped_up_until_ms,
    }


def _key(token_hash: bytes) -> str:
    return keys.login(token_hash.hex())


def _checksum(secret: bytes) -> bytes:
    return crc32(secret).to_bytes(_CHECKSUM_BYTES, "big")
