"""The only place that opens a Redis client."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import coredis
import trio
from coredis.exceptions import RedisError

from cardroom.service.settings import RedisSettings

Redis = coredis.Redis[bytes]


class RedisAway(Exception):
    """Redis did not answer in time, or refused. Whether the command was carried out is not known."""


@asynccontextmanager
async def open_redis(settings: RedisSettings) -> AsyncIterator[Redis]:
    """Give a client with a pool; it connects when first used."""
    client: Redis = coredis.Redis(
        host=settings.host,
        port=settings.port,
        connect_timeout=settings.connect_seconds,
        stream_timeout=settings.call_seconds,
        max_connections=settings.connections,
        pool_timeout=settings.call_seconds,
        decode_responses=False,
    )
    async with client:
        yield client


@contextmanager
def redis_errors() -> Iterator[None]:
    """Translate the library's errors around one call into ``RedisAway``."""
    try:
        yield
    except (RedisError, OSError, TimeoutError, trio.BrokenResourceError, trio.ClosedResourceError) as error:
        raise RedisAway(str(error) or type(error).__name__) from error


async def set_if_absent(redis: Redis, key: str, value: bytes, seconds: int) -> bool:
    """Set a key that expires, unless it is there; say whether it was set. Raises ``RedisAway``."""
    with redis_errors():
        is_set: object = await redis.set(key, value, ex=seconds, condition=coredis.PureToken.NX)
    return bool(is_set)
