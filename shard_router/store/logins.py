"""Login sessions in Redis, by the hash of their token. Raises ``RedisAway`` when Redis does not answer."""

import hashlib
import secrets
import time
from typing import Final

from attrs import field, frozen

from cardroom.ids import UserId
from cardroom.service.redis import Redis, redis_errors
from cardroom.wire import keys

_TOKEN_BYTES: Final = 32
_MAX_TOKEN_LETTERS: Final = 128
_USER_ID: Final = b"user_id"
_NICKNAME: Final = b"nickname"


@frozen
class NewLogin:
    """A token, shown once: only its hash is kept."""

    token: str = field(repr=False)
    expires_unix_ms: int


@frozen
class Login:
    """Who is asking."""

    user_id: UserId
    nickname: str


class Logins:
    """The open login sessions. Pipelines, because they are not repeated: their time limit is one call's."""

    def __init__(self, redis: Redis, session_seconds: int) -> None:
        self._redis = redis
        self._session_ms = session_seconds * 1000

    async def open(self, login: Login) -> NewLogin:
        """Open a session; a repeat opens another."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        expires_unix_ms = time.time_ns() // 1_000_000 + self._session_ms
        fields = {_USER_ID: str(login.user_id).encode(), _NICKNAME: login.nickname.encode()}
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(_key(token), fields)
                pipeline.pexpire(_key(token), self._session_ms)
        return NewLogin(token, expires_unix_ms)

    async def find(self, token: str) -> Login | None:
        """Find an open session by its token."""
        if not 0 < len(token) <= _MAX_TOKEN_LETTERS:
            return None
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                answer = pipeline.hgetall(_key(token))
            fields = await answer
        if not fields:
            return None
        return Login(UserId(int(fields[_USER_ID])), fields[_NICKNAME].decode())

    async def close(self, token: str) -> None:
        """End a session; a repeat does nothing."""
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.delete([_key(token)])


def _key(token: str) -> str:
    return keys.login(hashlib.sha256(token.encode()).hexdigest())
