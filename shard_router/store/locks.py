"""Locks between routers, in Redis: they end by themselves. Raises ``RedisAway``."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import trio

from cardroom.service.redis import Redis, RedisAway, redis_errors

# Gives 1 if the lock is ours: it is renewed, or set where there is none.
_HOLD: Final = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RELEASE: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
_RELEASE_SECONDS: Final = 1.0


class Lock:
    """One lock, as one holder has it or not. Whoever holds it must be done before ``seconds`` are over."""

    def __init__(self, redis: Redis, key: str, seconds: float) -> None:
        self._redis = redis
        self._key = key
        self._life_ms = int(seconds * 1000)
        self._token = secrets.token_hex(16)
        self._may_be_held = False

    async def hold(self) -> bool:
        """Take the lock, or renew it; False while another has it."""
        with redis_errors():
            held: object = await self._redis.eval(_HOLD, keys=[self._key], args=[self._token, self._life_ms])
        self._may_be_held = held == 1
        return self._may_be_held

    async def release(self) -> None:
        """Give the lock up; does nothing if another has it. Asks nobody where it was not taken."""
        if self._may_be_held:
            self._may_be_held = False
            with redis_errors():
                await self._redis.eval(_RELEASE, keys=[self._key], args=[self._token])


@asynccontextmanager
async def held_once(redis: Redis, key: str, seconds: float) -> AsyncIterator[bool]:
    """Say whether the lock could be taken, and give it up at the end."""
    lock = Lock(redis, key, seconds)
    is_held = await lock.hold()
    try:
        yield is_held
    finally:
        if is_held:
            with trio.move_on_after(_RELEASE_SECONDS, shield=True), suppress(RedisAway):
                await lock.release()  # or it ends by itself
