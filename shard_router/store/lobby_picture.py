"""The lobby as nodes write it, followed: read whole once, then only what changed. Raises ``RedisAway``."""

from collections.abc import Mapping, Sequence
from typing import Final

import trio
from attrs import define, field

from cardroom.ids import ShardId, TableId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway, make_line, redis_errors
from cardroom.service.redis_line import Word
from cardroom.wire import keys
from cardroom.wire.codec import Malformed
from cardroom.wire.presence import CHANGE_AFTER, LOBBY_AT, TableSummary, summary_codec

LISTEN_SECONDS: Final = 5.0
"""After so much silence it is looked at whether the streams are still those that are followed."""

_AGAIN_SECONDS: Final = 0.5
_ENTRIES_AT_ONCE: Final = 100
_START: Final = b"0-0"

Fields = Mapping[bytes, bytes]


@define
class _ShardPicture:
    """One shard's lobby up to an entry of its stream; ``at`` is None where no such entry is known."""

    at: bytes | None = None
    heard: bytes = _START
    """The newest entry of the stream that was read, whether it fitted or not."""
    rows: dict[TableId, tuple[bytes, TableSummary | None]] = field(factory=dict)


class LobbyPicture:
    """All tables of the lobby as far as they were heard of; one task may ``follow``, any may ``refresh``.

    A change fits when it follows the one that was heard last. One that does not (the stream was cut off
    meanwhile, or Redis was emptied, or another server took its place) makes the shard be read whole.
    """

    def __init__(self, redis: Redis, shards: Sequence[ShardId], log: Log) -> None:
        self._redis = redis
        self._line = make_line(redis)
        self._log = log
        self._codec = summary_codec()
        self._shards = {shard: _ShardPicture() for shard in sorted(shards)}
        self._by_stream = {keys.lobby_changes(shard).encode(): shard for shard in self._shards}
        self._tables: dict[TableId, TableSummary] | None = None
        self._changed = trio.Event()

    @property
    def tables(self) -> Mapping[TableId, TableSummary]:
        """All tables by id; another mapping after each change."""
        if self._tables is None:
            found = [
                (table_id, summary)
                for shard in self._shards.values()
                for table_id, (_, summary) in shard.rows.items()
                if summary is not None
            ]
            self._tables = dict(sorted(found, key=lambda one: one[0]))
        return self._tables

    @property
    def changed(self) -> trio.Event:
        """What is set when a table changes next."""
        return self._changed

    async def refresh(self) -> None:
        """Make sure that all is known that was written before this was called. May be called by several."""
        before = {shard: picture.at for shard, picture in self._shards.items()}
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                answers = [(shard, pipeline.hget(keys.lobby(shard), LOBBY_AT)) for shard in self._shards]
            stands = {shard: await answer for shard, answer in answers}
        await self._read_whole(
            [
                shard
                for shard, at in stands.items()
                if at is None or (at != before[shard] and before[shard] == self._shards[shard].at)
            ]
        )

    async def follow(self) -> None:
        """Hear of every change when it is written, until cancelled; goes on when Redis was away."""
        is_away = False
        while True:
            try:
                await self.refresh()
                is_away = False
                while await self._listen():
                    pass
            except RedisAway as away:
                if not is_away:
                    self._log.warning("lobby.not_followed", reason=str(away))
                is_away = True
                await trio.sleep(_AGAIN_SECONDS)

    async def _listen(self) -> bool:
        """Wait for changes and take them in; False if there were none for long."""
        streams = list(self._by_stream)
        heard = [self._shards[shard].heard for shard in self._by_stream.values()]
        wait_ms = int(LISTEN_SECONDS * 1000)
        asking: tuple[Word, ...] = (b"XREAD", b"COUNT", _ENTRIES_AT_ONCE, b"BLOCK", wait_ms, b"STREAMS")
        with redis_errors():
            (found,) = await self._line.ask((*asking, *streams, *heard), wait_seconds=LISTEN_SECONDS)
        if found is None:
            return False
        assert isinstance(found, list), "streams and their entries"
        gaps = []
        for stream, entries in found:
            shard = self._by_stream[stream]
            fits = [self._take_entry(shard, entry, _pairs(words)) for entry, words in entries]
            if not all(fits):
                gaps.append(shard)
        await self._read_whole(gaps)
        return True

    def _take_entry(self, shard: ShardId, entry: bytes, fields: dict[bytes, bytes]) -> bool:
        """Take one entry of the stream in; False if it does not fit to what is known."""
        picture = self._shards[shard]
        picture.heard = entry
        if picture.at is not None and _number(entry) <= _number(picture.at):
            return True  # the hash had it already
        if fields.pop(CHANGE_AFTER, None) != picture.at:
            return False
        for name, data in fields.items():
            self._take_row(shard, picture.rows, name, data)
        picture.at = entry
        self._note_change()
        return True

    async def _read_whole(self, shards: Sequence[ShardId]) -> None:
        """Read lobbies from their hashes; what was heard meanwhile is newer, and read again if it must be."""
        if not shards:
            return
        before = {shard: self._shards[shard].at for shard in shards}
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                answers = [(shard, pipeline.hgetall(keys.lobby(shard))) for shard in shards]
            found = {shard: dict(await answer) for shard, answer in answers}
        for shard, fields in found.items():
            if self._shards[shard].at == before[shard]:
                self._take_whole(shard, fields)

    def _take_whole(self, shard: ShardId, fields: dict[bytes, bytes]) -> None:
        picture = self._shards[shard]
        at, known = fields.pop(LOBBY_AT, None), picture.rows
        rows: dict[TableId, tuple[bytes, TableSummary | None]] = {}
        for name, data in fields.items():
            if name.isdigit() and (same := known.get(TableId(int(name)))) is not None and same[0] == data:
                rows[TableId(int(name))] = same
            else:
                self._take_row(shard, rows, name, data)
        picture.at, picture.rows = at, rows
        picture.heard = at or picture.heard
        if rows != known:
            self._note_change()

    def _take_row(
        self,
        shard: ShardId,
        rows: dict[TableId, tuple[bytes, TableSummary | None]],
        name: bytes,
        data: bytes,
    ) -> None:
        """Take one table in; without data it is gone. One that cannot be read is not shown."""
        if not name.isdigit():
            return
        table_id = TableId(int(name))
        if data:
            rows[table_id] = (data, self._read_summary(shard, table_id, data))
        else:
            rows.pop(table_id, None)

    def _read_summary(self, shard: ShardId, table_id: TableId, data: bytes) -> TableSummary | None:
        try:
            summary = self._codec.decode(data)
        except Malformed as fault:
            self._log.warning("lobby.bad_summary", table_id=table_id, shard=shard, reason=fault.code.value)
            return None
        if (summary.table_id, summary.shard) != (table_id, shard):
            self._log.warning("lobby.misplaced_summary", table_id=table_id, shard=shard)
            return None
        return summary

    def _note_change(self) -> None:
        self._tables = None
        self._changed.set()
        self._changed = trio.Event()


def _pairs(words: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(words[::2], words[1::2], strict=True))


def _number(entry: bytes) -> tuple[int, int]:
    """Read an entry's id, which is made of a time and a number."""
    time, _, number = entry.partition(b"-")
    return int(time), int(number)
