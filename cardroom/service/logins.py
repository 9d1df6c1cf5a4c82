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
import secrets
from collections.abc import Mapping
from typing import Final
from zlib import crc32

import trio
from attrs import field, frozen
from attrs.validators import ge

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres
from cardroom.service.redis import Redis, redis_errors
from cardroom.wire import keys

_SECRET_BYTES: Final = 32
_CHECKSUM_BYTES: Final = 4
_MAX_TOKEN_LETTERS: Final = 128
_USER_ID: Final = b"user_id"
_NICKNAME: Final = b"nickname"

FIND_SESSION: Final = "SELECT user_id, nickname, remaining_ms FROM find_session($1)"


@frozen
class Login:
    """Who is asking."""

    user_id: UserId
    nickname: str


@frozen
class LookupSettings:
    """What look-ups of unknown tokens may cost PostgreSQL; ``remembered`` tokens are not looked up again."""

    at_once: int = field(default=2, validator=ge(1))
    waiting: int = field(default=64, validator=ge(1))
    remembered: int = field(default=4096, validator=ge(1))


class LoginsBusy(Exception):
    """As many look-ups wait as may; nothing was looked up, and nothing is known of the token."""


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

    async def find(self, token: str) -> Login | None:
        """Find the open session of a token; may be repeated.

        Raises ``RedisAway``; and of a token that Redis does not know ``LoginsBusy`` or ``PostgresAway``.
        """
        if not 0 < len(token) <= _MAX_TOKEN_LETTERS:
            return None
        token_hash = hash_token(token)
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                answer = pipeline.hgetall(_key(token_hash))
            fields = await answer
        if fields:
            return _read_login(fields)
        if token_hash in self._unknown or not is_drawn(token):
            return None
        return await self._look_up(token_hash)

    async def put(self, token_hash: bytes, login: Login, milliseconds: int) -> None:
        """Write a session into Redis for so long; raises ``RedisAway``."""
        fields = {_USER_ID: str(login.user_id).encode(), _NICKNAME: login.nickname.encode()}
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(_key(token_hash), fields)
                pipeline.pexpire(_key(token_hash), milliseconds)

    async def remove(self, token_hash: bytes) -> None:
        """Remove a session from Redis; raises ``RedisAway``."""
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.delete([_key(token_hash)])

    async def _look_up(self, token_hash: bytes) -> Login | None:
        if self._lookups.statistics().tasks_waiting >= self._settings.waiting:
            raise LoginsBusy
        async with self._lookups, self._postgres.transaction() as transaction:
            row = await transaction.fetch_one(FIND_SESSION, token_hash)
            if row is None or row["remaining_ms"] <= 0:
                self._remember(token_hash)
                return None
            login = Login(UserId(row["user_id"]), row["nickname"])
            # The session's row is locked until the transaction ends: a logout comes before this or after it.
            await self.put(token_hash, login, row["remaining_ms"])
        return login

    def _remember(self, token_hash: bytes) -> None:
        """Remember that a token has no session: none begins to have one, and what has ended stays so."""
        while len(self._unknown) >= self._settings.remembered:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[token_hash] = None


def _read_login(fields: Mapping[bytes, bytes]) -> Login:
    return Login(UserId(int(fields[_USER_ID])), fields[_NICKNAME].decode())


def _key(token_hash: bytes) -> str:
    return keys.login(token_hash.hex())


def _checksum(secret: bytes) -> bytes:
    return crc32(secret).to_bytes(_CHECKSUM_BYTES, "big")
