"""The copy of the newest batches in Redis: one stream per shard, its entries numbered by their batches."""

from collections.abc import Iterator, Sequence
from typing import Final

from coredis import PureToken

from cardroom.ids import ShardId
from cardroom.service.redis import Redis, redis_errors
from cardroom.wire import keys
from wallet_worker.audit.line import AuditLine, write_line

# Appends only behind the batch that the caller believes to be the last one. Entries that lie in Redis after
# it was lost, or trimmed to nothing, remember a higher id: the stream begins anew.
_APPEND: Final = """
local found = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local last = '0'
if found[1] then last = string.match(found[1][1], '^%d+') else redis.call('DEL', KEYS[1]) end
if last ~= ARGV[1] then return last end
for i = 4, #ARGV, 2 do
  redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], ARGV[i] .. '-1', ARGV[3], ARGV[i + 1])
end
return ARGV[1]
"""

_KEPT_SHARE: Final = 0.8
_CALL_BYTES: Final = 4 * 1024 * 1024


class CopyMoved(Exception):
    """The copy ends with another batch than was believed: it was lost, or somebody else wrote it too."""


class RedisCopy:
    """One shard's copy. All calls raise ``RedisAway`` and may be repeated: Redis refuses a second entry."""

    def __init__(self, redis: Redis, shard: ShardId, batches: int, most_bytes: int) -> None:
        self._redis = redis
        self._key = keys.audit(shard)
        self._batches = batches
        self._most_bytes = most_bytes
        self._script = redis.register_script(_APPEND)

    async def last_batch(self) -> int:
        """Give the number of the newest batch that stands there, 0 for none."""
        with redis_errors():
            found = await self._redis.xrevrange(self._key, count=1)
        return number_of(found[0].identifier) if found else 0

    async def append(self, lines: Sequence[AuditLine], after: int) -> None:
        """Add batches behind batch ``after`` (0: to an empty copy) and trim; raises ``CopyMoved``."""
        for part in _parts(lines):
            words: list[str | bytes] = [str(after), str(self._batches), keys.AUDIT_FIELD]
            for number, data in part:
                words += (str(number), data)
            with redis_errors():
                last: object = await self._script(keys=[self._key], args=words)
            assert isinstance(last, bytes), "the script gives a number in text"
            if int(last) != after:
                raise CopyMoved(f"the copy ends with batch {int(last)}, not {after}")
            after = part[-1][0]
        await self._trim()

    async def _trim(self) -> None:
        """Drop the oldest batches while the copy takes more memory than it may; one batch always stays."""
        with redis_errors():
            taken = await self._redis.memory_usage(self._key) or 0
            if taken > self._most_bytes:
                length = await self._redis.xlen(self._key)
                kept = max(1, int(length * _KEPT_SHARE * self._most_bytes / taken))
                await self._redis.xtrim(self._key, PureToken.MAXLEN, threshold=kept)

    async def read(self, after: int, count: int) -> list[tuple[int, bytes | None]]:
        """Give up to ``count`` entries above batch ``after``, by number; None for one of another form."""
        with redis_errors():
            found = await self._redis.xrange(self._key, start=f"{after}-2", end="+", count=count)
        entries = []
        for entry in found:
            values = dict(entry.field_values)
            is_ours = set(values) == {keys.AUDIT_FIELD}
            value = values.get(keys.AUDIT_FIELD) if is_ours else None
            entries.append((number_of(entry.identifier), value if isinstance(value, bytes) else None))
        return entries


def _parts(lines: Sequence[AuditLine]) -> Iterator[list[tuple[int, bytes]]]:
    """Split into calls that don't keep Redis busy for long; each has one batch at least."""
    part: list[tuple[int, bytes]] = []
    size = 0
    for line in lines:
        data = write_line(line)
        if part and size + len(data) > _CALL_BYTES:
            yield part
            part, size = [], 0
        part.append((line.number, data))
        size += len(data)
    if part:
        yield part


def number_of(identifier: str | bytes) -> int:
    """Give the batch that an entry's id names."""
    text = identifier.decode("ascii") if isinstance(identifier, bytes) else identifier
    return int(text.partition("-")[0])
