"""A shard's stream in Redis: read from its head; answers go out and entries are deleted in one step."""

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

from cardroom.ids import BootNonce, ShardId
from cardroom.service.redis import Redis, redis_errors
from cardroom.wire import keys

_ANSWER: Final = """
for i = 2, #KEYS do
  redis.call('RPUSH', KEYS[i], ARGV[i])
  redis.call('EXPIRE', KEYS[i], ARGV[1])
end
for i = #KEYS + 1, #ARGV do
  redis.call('XDEL', KEYS[1], ARGV[i])
end
return #ARGV - #KEYS
"""
"""Push the replies, each to its list, and delete the entries: both or nothing."""


@frozen
class Entry:
    """An entry of the stream, as it was read; empty bytes where it has not our field."""

    entry_id: str
    payload: bytes


@frozen
class Answer:
    """An encoded reply, and the node start that it goes to."""

    boot: BootNonce
    reply: bytes


class ShardStream:
    """The stream of one shard. Everything raises ``RedisAway`` and may be repeated."""

    def __init__(self, shard: ShardId, redis: Redis) -> None:
        self._shard = shard
        self._redis = redis
        self._answer_script = redis.register_script(_ANSWER)

    async def read(self, limit: int, block_seconds: float) -> list[Entry]:
        """Give the oldest entries, waiting for the first; none when the time is over."""
        with redis_errors():
            found = await self._redis.xread(
                {keys.commands(self._shard): "0"}, count=limit, block=int(block_seconds * 1000)
            )
        entries = next(iter(found.values())) if found else ()
        return [_entry(entry.identifier, entry.field_values) for entry in entries]

    async def answer(self, answers: Sequence[Answer], done: Sequence[Entry]) -> None:
        """Send replies and delete what they answer; replies that nobody reads go after a day."""
        lists = [keys.replies(self._shard, answer.boot) for answer in answers]
        with redis_errors():
            await self._answer_script(
                keys=[keys.commands(self._shard), *lists],
                args=[
                    keys.REPLIES_SECONDS,
                    *(answer.reply for answer in answers),
                    *(entry.entry_id for entry in done),
                ],
            )

    async def length(self) -> int:
        """Count the entries that wait."""
        with redis_errors():
            return int(await self._redis.xlen(keys.commands(self._shard)))


def _entry(identifier: str | bytes, fields: Mapping[str | bytes, str | bytes]) -> Entry:
    payload = fields.get(keys.COMMAND_FIELD, b"")
    assert isinstance(payload, bytes), "the client gives bytes"
    return Entry(identifier.decode() if isinstance(identifier, bytes) else identifier, payload)
