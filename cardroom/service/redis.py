"""The only place that opens a Redis client: one server's, or that of whichever server the sentinels name.

What is refused because a server is not, or not yet, the primary counts as Redis being away; the connection is
dropped, and the next call looks for the primary anew.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Final

import coredis
import trio
from coredis.commands import CommandRequest
from coredis.exceptions import ConnectionError as ConnectionFailed
from coredis.exceptions import RedisError
from coredis.response._callbacks import IntCallback
from coredis.retry import ConstantRetryPolicy, NoRetryPolicy

from cardroom.service.redis_ear import QUIET_SECONDS, RedisEar
from cardroom.service.redis_line import RedisLine
from cardroom.service.redis_pool import PrimaryPool, WholePool
from cardroom.service.sentinels import Sentinels
from cardroom.service.settings import Confirmation, RedisSettings, split_address

Redis = coredis.Redis[bytes]

_TROUBLES: Final = (
    RedisError,
    OSError,
    TimeoutError,
    trio.TooSlowError,
    trio.BrokenResourceError,
    trio.ClosedResourceError,
)


class RedisAway(Exception):
    """Redis did not answer in time, or refused. Whether the command was carried out is not known."""


@asynccontextmanager
async def open_redis(settings: RedisSettings) -> AsyncIterator[Redis]:
    """Give a client with a pool; it connects when first used."""
    client: Redis
    if settings.sentinels:
        client = coredis.Redis(connection_pool=_primary_pool(settings), retry_policy=_retries(settings))
    else:
        client = coredis.Redis(
            host=settings.host,
            port=settings.port,
            connect_timeout=settings.connect_seconds,
            stream_timeout=settings.call_seconds,
            max_connections=settings.connections,
            pool_timeout=settings.call_seconds,
            connection_pool_cls=WholePool,
            retry_policy=_retries(settings),
            decode_responses=False,
        )
    async with client:
        try:
            yield client
        finally:
            _pool_of(client).close_lines()


def make_line(redis: Redis) -> RedisLine:
    """Give a line to the server that the client speaks to; who has it closes it, or at last the client.

    What goes over it belongs into ``redis_errors``, as all calls do.
    """
    return _pool_of(redis).make_line()


def make_ear(redis: Redis, quiet_seconds: float = QUIET_SECONDS) -> RedisEar:
    """Give an ear at the server that the client speaks to: it hears what is published there.

    What goes over it belongs into ``redis_errors``, as all calls do.
    """
    return _pool_of(redis).make_ear(quiet_seconds)


def _pool_of(redis: Redis) -> WholePool:
    pool = redis.connection_pool
    assert isinstance(pool, WholePool), "clients are opened here"
    return pool


def _primary_pool(settings: RedisSettings) -> PrimaryPool:
    clients = [partial(_sentinel, settings, address) for address in settings.sentinels]
    return PrimaryPool(
        Sentinels(clients, settings.service, settings.watch_seconds, settings.connect_seconds),
        connect_timeout=settings.connect_seconds,
        stream_timeout=settings.call_seconds,
        max_connections=settings.connections,
        timeout=settings.call_seconds,
        decode_responses=False,
    )


def _sentinel(settings: RedisSettings, address: str) -> Redis:
    host, port = split_address(address)
    seconds = settings.connect_seconds
    return coredis.Redis(
        host=host,
        port=port,
        connect_timeout=seconds,
        stream_timeout=seconds,
        max_connections=1,
        pool_timeout=seconds,
        connection_pool_cls=WholePool,
        retry_policy=NoRetryPolicy(),
        decode_responses=False,
    )


def _retries(settings: RedisSettings) -> ConstantRetryPolicy:
    """A call goes over another connection when one breaks; what was not answered is not asked again."""
    return ConstantRetryPolicy((ConnectionFailed,), retries=2, delay=0.01, deadline=settings.connect_seconds)


@contextmanager
def redis_errors() -> Iterator[None]:
    """Translate the library's errors around one call into ``RedisAway``."""
    try:
        yield
    except _TROUBLES as error:
        raise RedisAway(str(error) or type(error).__name__) from error


async def set_if_absent(redis: Redis, key: str, value: bytes, seconds: int) -> bool:
    """Set a key that expires, unless it is there; say whether it was set. Raises ``RedisAway``."""
    with redis_errors():
        is_set: object = await redis.set(key, value, ex=seconds, condition=coredis.PureToken.NX)
    return bool(is_set)


async def ask_confirmed(
    redis: Redis, request: CommandRequest[Any], confirmation: Confirmation
) -> tuple[object, bool]:
    """Ask one thing, and wait until enough replicas have what it wrote; gives the answer, and if they do.

    Request and ``WAIT`` go together over one connection: one round trip, and nobody else's writes are waited
    for. It is never sent twice by itself. Raises coredis's errors, ``NoScriptError`` among them.
    """
    words = [request]
    if confirmation.replicas:
        wait_ms = int(confirmation.seconds * 1000)
        words.append(redis.create_request(b"WAIT", confirmation.replicas, wait_ms, callback=IntCallback()))
    async with redis.connection_pool.acquire() as connection:
        answers = await connection.create_request_batch(words)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    confirmed = answers[1] if confirmation.replicas else 0
    assert isinstance(confirmed, int), "WAIT answers with a number"
    return answers[0], confirmed >= confirmation.replicas
