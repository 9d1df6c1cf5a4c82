"""The only place that opens a Redis client."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import coredis
import trio
from coredis.exceptions import RedisError

from cardroom.service.settings import RedisSettings

Redis = coredis.Redis[bytes]


class _WholePool(coredis.ConnectionPool[coredis.TCPConnection]):
    """A pool whose slots don't get lost; coredis 6.9 loses one for good in two ways.

    When its taker is cancelled while the connection is being opened (a client that hangs up at the right
    moments could use up the pool): so taking one is not cut off, it has a limit of its own. And when it
    breaks while it is taken, as in a cancelled or cut-off blocking call: so the slot goes back empty.
    """

    async def get_connection(self, **options: Any) -> coredis.TCPConnection:
        with trio.CancelScope(shield=True):
            connection: coredis.TCPConnection = await super().get_connection(**options)
        return connection

    def release(self, connection: coredis.TCPConnection) -> None:
        super().release(connection)
        if not connection.usable:
            self._available_connections.append_nowait(None)


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
        connection_pool_cls=_WholePool,
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
