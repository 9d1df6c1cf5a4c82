"""One shard in Redis: its lease, its journal, its stream of commands and the replies; see ``ShardStore``."""

from collections.abc import Collection, Sequence
from hashlib import sha1
from typing import Final

from coredis.exceptions import NoScriptError

from cardroom.ids import Epoch, NodeId, ShardId, TableId
from cardroom.service.redis import Redis, RedisAway, ask_confirmed, make_line, redis_errors
from cardroom.service.redis_line import Word
from cardroom.service.settings import Confirmation
from cardroom.wire import keys
from cardroom.wire.presence import Lease, read_lease
from node.journal.port import (
    Behind,
    Fenced,
    Flush,
    FlushOutcome,
    Kept,
    ServerChanged,
    StoredJournals,
    Unheld,
)
from node.shards.lease import NodeIdentity

SERVER_FIELD: Final = b"server"
"""Which start of the server has acknowledged a journal."""

_LOOK: Final = """
redis.call('HDEL', KEYS[1], '')
return redis.call('HGETALL', KEYS[1])
"""
"""It removes nothing, but is refused by a server that takes no writes: there no owner could renew its lease
either, so whoever waits for that to stop must not take such a time for the owner's silence. So it is where
too few replicas would confirm what an owner writes."""
_TAKE: Final = """
local node = redis.call('HGET', KEYS[1], 'node')
if node and node ~= ARGV[1] then return 0 end
if not node and ARGV[4] ~= '1' then return 0 end
redis.call('HSET', KEYS[1], 'node', ARGV[1], 'boot', ARGV[2], 'epoch', '0', 'counter', '0')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""
_TAKE_OVER: Final = """
local now = redis.call('HMGET', KEYS[1], 'node', 'boot', 'counter')
if now[1] and (now[1] ~= ARGV[4] or now[2] ~= ARGV[5] or now[3] ~= ARGV[6]) then return 0 end
redis.call('HSET', KEYS[1], 'node', ARGV[1], 'boot', ARGV[2], 'epoch', '0', 'counter', '0')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""
_OFFER: Final = """
if redis.call('HGET', KEYS[1], 'boot') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'node', ARGV[2], 'boot', '')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""
_TAKE_BACK: Final = """
local now = redis.call('HMGET', KEYS[1], 'node', 'boot')
if now[1] ~= ARGV[1] or now[2] ~= '' then return 0 end
redis.call('HSET', KEYS[1], 'node', ARGV[2], 'boot', ARGV[3], 'epoch', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
"""
_RELEASE: Final = """
if redis.call('HGET', KEYS[1], 'boot') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""

_REMOVE: Final = """
if redis.call('HGET', KEYS[1], 'boot') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[2])
"""

_FLUSH: Final = """
local lease = redis.call('HMGET', KEYS[1], 'boot', 'epoch')
if not lease[1] then return {1} end
local epoch, held = tonumber(ARGV[2]), tonumber(lease[2])
if lease[1] ~= ARGV[1] or (epoch ~= 0 and epoch < held) then return {2} end
local behind, at = {}, 6
for t = 3, #KEYS do
  local stands = redis.call('HMGET', KEYS[t], 'seq', 'epoch')
  if ARGV[at] ~= '*' then
    if stands[1] ~= ARGV[at] then behind[#behind + 1] = t - 3 end
  elseif stands[1] then
    local written = tonumber(stands[2])
    if written > epoch or (written == epoch and tonumber(stands[1]) > tonumber(ARGV[at + 1])) then
      behind[#behind + 1] = t - 3
    end
  end
  at = at + 3 + 2 * tonumber(ARGV[at + 2])
  at = at + 1 + tonumber(ARGV[at])
end
if #behind > 0 then return {3, unpack(behind)} end
at = 6
for t = 3, #KEYS do
  if ARGV[at] == '*' then
    redis.call('DEL', KEYS[t])
    redis.call('HSET', KEYS[t], 'server', ARGV[5], 'epoch', ARGV[2])
  end
  local last = at + 2 + 2 * tonumber(ARGV[at + 2])
  redis.call('HSET', KEYS[t], 'seq', ARGV[at + 1], unpack(ARGV, at + 3, last))
  local count = tonumber(ARGV[last + 1])
  if count > 0 then redis.call('HDEL', KEYS[t], unpack(ARGV, last + 2, last + 1 + count)) end
  at = last + 2 + count
end
local answer = {0}
for c = at, #ARGV do
  answer[#answer + 1] = redis.call('XADD', KEYS[2], '*', ARGV[4], ARGV[c])
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'counter', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return answer
"""
"""All or nothing. A flush that was held up on its way, and comes after a later one, finds a newer epoch, or a
journal that is further on: it must not put an older state in the place of a newer one."""

_REPLIES_AT_ONCE: Final = 100

_KEPT, _UNHELD, _FENCED, _BEHIND = range(4)


class RedisShardStore:
    """``ShardStore`` over Redis.

    The text of the flushing script belongs to this node start and this start of the server, and scripts do
    not outlive a server: where it is not known the server was started again, or another one has taken its
    place; also one that had been the primary before.
    """

    def __init__(
        self,
        shard: ShardId,
        identity: NodeIdentity,
        redis: Redis,
        dead_seconds: float,
        confirmation: Confirmation | None = None,
    ) -> None:
        self._shard = shard
        self._identity = identity
        self._redis = redis
        self._confirmation = confirmation or Confirmation()
        self._dead_ms = int(dead_seconds * 1000)
        self._lease = keys.lease(shard)
        self._commands = keys.commands(shard)
        self._replies = keys.replies(shard, identity.boot)
        self._line = make_line(redis)
        self._replies_line = make_line(redis)
        self._flush_sha = ""
        self._server: bytes | None = None

    def close(self) -> None:
        """Hang up; for who works with the shard no more."""
        self._line.close()
        self._replies_line.close()

    async def look(self) -> Lease | None:
        """Read the lease, at a server that takes writes."""
        with redis_errors():
            request = self._redis.eval(_LOOK, keys=[self._lease])
            words, is_confirmed = await ask_confirmed(self._redis, request, self._confirmation)
        if not is_confirmed:
            raise RedisAway("too few replicas are there")
        assert isinstance(words, Sequence), "fields and their values in turn"
        return read_lease(dict(zip(words[::2], words[1::2], strict=True)))

    async def take(self, *, absent: bool) -> bool:
        """Take a lease that names this node, or an absent one where that is allowed."""
        return await self._run(_TAKE, *self._me(), self._dead_ms, int(absent))

    async def take_over(self, seen: Lease | None) -> bool:
        """Take a lease that has not changed since it was seen."""
        was = ("", "", "") if seen is None else (seen.node, seen.boot, seen.counter)
        return await self._run(_TAKE_OVER, *self._me(), self._dead_ms, *was)

    async def offer(self, to: NodeId) -> bool:
        """Give one's own lease to another node."""
        return await self._run(_OFFER, self._identity.boot, to, self._dead_ms)

    async def take_back(self, to: NodeId, epoch: Epoch) -> bool:
        """Take an offer back that was not taken."""
        return await self._run(_TAKE_BACK, to, *self._me(), epoch, self._dead_ms)

    async def release(self) -> None:
        """Remove one's own lease."""
        await self._run(_RELEASE, self._identity.boot)

    async def flush(self, flush: Flush) -> FlushOutcome:
        """Keep all of it or nothing."""
        if self._server is None:
            return await self._meet_server()
        with redis_errors():
            try:
                answer, is_confirmed = await self._line.ask_confirmed(
                    self._command(flush, self._server), self._confirmation
                )
            except NoScriptError:
                answer, is_confirmed = None, False
        if answer is None:
            return await self._meet_server()
        assert isinstance(answer, Sequence), "the script answers with a list"
        outcome = _outcome(answer, flush)
        if isinstance(outcome, Kept) and not is_confirmed:  # what is refused needs no replica to be so
            raise RedisAway("too few replicas confirmed")
        return outcome

    async def read_journals(self, tables: Collection[TableId]) -> StoredJournals:
        """Read the journals that the present start of the server has acknowledged."""
        found: dict[TableId, dict[bytes, bytes]] = {}
        with redis_errors():
            server = await self._read_server()
            async with self._redis.pipeline(transaction=False) as pipeline:
                answers = [(one, pipeline.hgetall(keys.journal(self._shard, one))) for one in tables]
            for table_id, answer in answers:
                found[table_id] = dict(await answer)
        return {key: one for key, one in found.items() if one.get(SERVER_FIELD) == server}

    async def remove_journal(self, table_id: TableId) -> None:
        """Remove a journal, while the lease is this node start's."""
        both = [self._lease, keys.journal(self._shard, table_id)]
        with redis_errors():
            await self._redis.eval(_REMOVE, keys=both, args=[self._identity.boot])

    async def next_replies(self, seconds: float) -> Sequence[bytes]:
        """Take the next replies to this node start, those that are there."""
        asking = (b"BLMPOP", seconds, 1, self._replies, b"LEFT", b"COUNT", _REPLIES_AT_ONCE)
        with redis_errors():
            (found,) = await self._replies_line.ask(asking, wait_seconds=seconds)
        if found is None:
            return ()
        assert isinstance(found, Sequence), "the list's name and its entries"
        return tuple(found[1])

    async def stands_in_stream(self, entry: bytes) -> bool:
        """Say whether a command still stands in the stream."""
        with redis_errors():
            found = await self._redis.xrange(self._commands, start=entry, end=entry)
        return bool(found)

    def _me(self) -> tuple[str, str]:
        return self._identity.node, self._identity.boot

    async def _run(self, script: str, *arguments: str | int) -> bool:
        with redis_errors():
            done: object = await self._redis.eval(script, keys=[self._lease], args=list(arguments))
        return done == 1

    async def _meet_server(self) -> FlushOutcome:
        """Make oneself known to a server that does not know this node start."""
        with redis_errors():
            server = await self._read_server()
            script = f"-- {self._identity.boot} {self._shard} {server.decode()}\n{_FLUSH}"
            async with self._redis.pipeline(transaction=False) as pipeline:
                loading, asking = pipeline.script_load(script), pipeline.info("server")
            await loading
            now = str((await asking)["run_id"]).encode()
        if now != server:
            raise RedisAway("another server took its place while it was met")
        self._line.close()  # it may still lead to the server before
        self._server = server
        self._flush_sha = sha1(script.encode(), usedforsecurity=False).hexdigest()
        return ServerChanged()

    async def _read_server(self) -> bytes:
        """Give the id of this start of the server."""
        return str((await self._redis.info("server"))["run_id"]).encode()

    def _command(self, flush: Flush, server: bytes) -> list[Word]:
        """Write the call of the flushing script: its keys, then what they are to hold."""
        tables = flush.tables
        words: list[Word] = [b"EVALSHA", self._flush_sha, 2 + len(tables), self._lease, self._commands]
        words += [keys.journal(self._shard, change.table_id) for change in tables]
        words += [self._identity.boot, flush.epoch, self._dead_ms, keys.COMMAND_FIELD, server]
        for change in tables:
            words += ["*" if change.expected is None else change.expected, change.number, len(change.fields)]
            for field in change.fields.items():
                words += field
            words += [len(change.removed), *change.removed]
        words += flush.commands
        return words


def _outcome(answer: Sequence[object], flush: Flush) -> FlushOutcome:
    kind, *rest = answer
    if kind == _KEPT:
        return Kept(tuple(entry for entry in rest if isinstance(entry, bytes)))
    if kind == _UNHELD:
        return Unheld()
    if kind == _FENCED:
        return Fenced()
    assert kind == _BEHIND, f"{kind!r} is no outcome of a flush"
    return Behind(tuple(flush.tables[place].table_id for place in rest if isinstance(place, int)))
