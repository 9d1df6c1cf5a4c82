"""A shard's command stream in Redis, and the lists that take the replies."""

from collections.abc import Sequence
from typing import Any, Final

import trio

from cardroom.ids import BootNonce, ShardId
from cardroom.service.redis import Redis, RedisAway, make_line, redis_errors
from cardroom.wire import keys
from wallet_worker.ledger.batch import Answer
from wallet_worker.ledger.entries import Entry, EntryReader

_HEAD: Final = b"0"


class CommandStream:
    """Reads a shard's stream from its head; what is not removed is read again. Raises ``RedisAway``.

    It reads over a line of its own: most of what an idle worker does is to wait for a stream.
    """

    def __init__(self, redis: Redis, shard: ShardId, reader: EntryReader) -> None:
        self._redis = redis
        self._shard = shard
        self._key = keys.commands(shard)
        self._reader = reader
        self._line = make_line(redis)
        self._waiting = trio.CancelScope()

    async def read(self, count: int, block_ms: int, behind: bytes = _HEAD) -> Sequence[Entry]:
        """Give the oldest entries behind one, at most ``count``; waits ``block_ms`` for the first."""
        asking = (b"XREAD", b"COUNT", count, b"BLOCK", block_ms, b"STREAMS", self._key, behind)
        answer: Any = None
        with redis_errors(), trio.CancelScope() as self._waiting:
            (answer,) = await self._line.ask(asking, wait_seconds=block_ms / 1000)
        if answer is None:
            return []
        ((_, entries),) = answer
        return [
            self._reader.read(stream_id, dict(zip(words[::2], words[1::2], strict=True)))
            for stream_id, words in entries
        ]

    def stop_waiting(self) -> None:
        """Let a ``read`` that is under way give nothing, at once."""
        self._waiting.cancel()

    def close(self) -> None:
        """Hang up; for who reads no more."""
        self._line.close()

    async def finish(self, entries: Sequence[Entry], answers: Sequence[Answer]) -> None:
        """Push the replies and remove the entries, both or neither; after a commit only."""
        by_boot: dict[BootNonce, list[bytes]] = {}
        for answer in answers:
            by_boot.setdefault(answer.boot, []).append(answer.reply)
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipe:
                for boot, replies in by_boot.items():
                    key = keys.replies(self._shard, boot)
                    pipe.rpush(key, replies)
                    pipe.expire(key, keys.REPLIES_SECONDS)
                pipe.xdel(self._key, [entry.stream_id for entry in entries])

    async def backlog(self) -> tuple[float, float]:
        """Give how many entries wait and the age in seconds of the oldest, both at one moment; 0 for none.

        Time is Redis's, which the ids of entries are made of; the client gives it in whole seconds.
        """
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipe:
                length = pipe.xlen(self._key)
                oldest = pipe.xrange(self._key, count=1)
                now = pipe.time()
            first, asked_at = await oldest, await now
            if not first:
                return await length, 0.0
            text = _bytes(first[0].identifier).partition(b"-")[0]
            if not text.isdigit():
                raise RedisAway("a stream id that is no time")
            return await length, max(0.0, asked_at.timestamp() - int(text) / 1000)


def _bytes(value: str | bytes) -> bytes:
    """The client is told not to decode; its types don't know that."""
    assert isinstance(value, bytes), "the client gives bytes"
    return value
