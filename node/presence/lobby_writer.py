"""Writes the lobby of a shard into Redis: a hash of all tables, and a stream of what changed, in one step.

Only the holder of the shard's lease writes: a node that was frozen while another took the shard changes
nothing when it wakes. And only who knows what stands there: whatever is not what it wrote last, because Redis
was emptied or is another server now, it writes anew, whole.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha1
from typing import Final

from coredis.exceptions import NoScriptError

from cardroom.ids import BootNonce, ShardId, TableId
from cardroom.service.redis_line import RedisLine, Word
from cardroom.wire import keys
from cardroom.wire.presence import CHANGE_AFTER, LOBBY_AT, TableSummary, summary_codec

Summaries = Mapping[TableId, TableSummary]

KEPT_CHANGES: Final = 200
"""So many entries of the stream are kept, about: a minute of a busy shard. Who missed more reads the hash."""

TABLES_AT_ONCE: Final = 200
"""An entry of the stream has the changes of at most so many tables."""

_WRITE: Final = """
if redis.call('HGET', KEYS[1], 'boot') ~= ARGV[1] then return 0 end
local is_whole = ARGV[2] == ''
if is_whole then
  redis.call('DEL', KEYS[2])
elseif redis.call('HGET', KEYS[2], ARGV[4]) ~= ARGV[2] then
  return 0
end
for n = 6, #ARGV, 2 do
  if ARGV[n + 1] == '' then
    redis.call('HDEL', KEYS[2], ARGV[n])
  else
    redis.call('HSET', KEYS[2], ARGV[n], ARGV[n + 1])
  end
end
local told = is_whole and {} or {unpack(ARGV, 6)}
local entry = redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[3], '*', ARGV[5], ARGV[2], unpack(told))
redis.call('HSET', KEYS[2], ARGV[4], entry)
return entry
"""
_SHA: Final = sha1(_WRITE.encode(), usedforsecurity=False).hexdigest()


class LobbyWriter:
    """What one start of a node has written into the lobbies of its shards. Raises what the line raises."""

    def __init__(self, line: RedisLine) -> None:
        self._line = line
        self._codec = summary_codec()
        self._written: dict[ShardId, tuple[bytes, dict[TableId, TableSummary]]] = {}

    @property
    def shards(self) -> frozenset[ShardId]:
        """The shards whose lobbies stand as they were written, as far as is known."""
        return frozenset(self._written)

    def forget(self, shard: ShardId) -> None:
        """What stands in a shard's lobby is not known any more. May be repeated."""
        self._written.pop(shard, None)

    async def check(self) -> None:
        """Look whether what was written still stands."""
        written = [(shard, at) for shard, (at, _) in self._written.items()]
        if not written:
            return
        found = await self._line.ask(*((b"HGET", keys.lobby(shard), LOBBY_AT) for shard, _ in written))
        for (shard, at), now in zip(written, found, strict=True):
            if now != at:
                self.forget(shard)

    async def write_whole(self, boot: BootNonce, shard: ShardId, summaries: Summaries) -> bool:
        """Put all tables in the place of whatever stands there, at once; False if the shard is not ours.

        A router that found a played shard without its tables would say that they do not exist.
        """
        self.forget(shard)
        words = [word for one in summaries.values() for word in self._field(one.table_id, one)]
        at = await self._write(boot, shard, b"", words)
        if at is None:
            return False
        self._written[shard] = (at, dict(summaries))
        return True

    async def write_changes(
        self, boot: BootNonce, shard: ShardId, now: Mapping[TableId, TableSummary | None]
    ) -> None:
        """Write those of these tables that are not as they stand there; None is one that is gone.

        If the shard is not ours, or something else stands there, it is forgotten.
        """
        at, tables = self._written[shard]
        changes = [(one, summary) for one, summary in now.items() if tables.get(one) != summary]
        self.forget(shard)  # until it is known to stand there
        for first in range(0, len(changes), TABLES_AT_ONCE):
            some = changes[first : first + TABLES_AT_ONCE]
            words = [word for table_id, summary in some for word in self._field(table_id, summary)]
            next_at = await self._write(boot, shard, at, words)
            if next_at is None:
                return
            at = next_at
        for table_id, summary in changes:
            if summary is None:
                del tables[table_id]
            else:
                tables[table_id] = summary
        self._written[shard] = (at, tables)

    def _field(self, table_id: TableId, summary: TableSummary | None) -> tuple[str, bytes]:
        return str(table_id), b"" if summary is None else self._codec.encode(summary)

    async def _write(
        self, boot: BootNonce, shard: ShardId, after: bytes, words: Sequence[Word]
    ) -> bytes | None:
        names = (keys.lease(shard), keys.lobby(shard), keys.lobby_changes(shard))
        call = (3, *names, boot, after, KEPT_CHANGES, LOBBY_AT, CHANGE_AFTER, *words)
        try:
            (entry,) = await self._line.ask((b"EVALSHA", _SHA, *call))
        except NoScriptError:
            (entry,) = await self._line.ask((b"EVAL", _WRITE, *call))
        return entry if isinstance(entry, bytes) else None
