"""What is written into a real Valkey: hash and stream together, by the holder of the lease alone."""

from collections.abc import AsyncIterator

import pytest
from attrs import evolve, frozen

from cardroom.ids import BootNonce, ShardId, TableId
from cardroom.local.servers import EmbeddedValkey
from cardroom.money import Krw
from cardroom.service.redis import Redis, make_line, open_redis
from cardroom.service.redis_line import RedisLine
from cardroom.wire import keys
from cardroom.wire.presence import CHANGE_AFTER, LOBBY_AT, TableSummary, summary_codec
from node.presence.lobby_writer import TABLES_AT_ONCE, LobbyWriter

SHARD = ShardId(77)
BOOT = BootNonce("mine")
NAMES = [keys.lease(SHARD), keys.lobby(SHARD), keys.lobby_changes(SHARD)]


def table(number: int, hand_no: int = 0) -> TableSummary:
    """Give a table of the shard."""
    won = Krw(100)
    return TableSummary(
        TableId(number),
        SHARD,
        "Seoul",
        "low",
        won,
        won,
        won,
        won,
        6,
        (),
        hand_no,
        is_private=False,
        waiting=0,
    )


def tables(*summaries: TableSummary) -> dict[TableId, TableSummary]:
    return {one.table_id: one for one in summaries}


@frozen
class Written:
    """A lobby in Redis and who writes it."""

    redis: Redis
    line: RedisLine
    writer: LobbyWriter

    async def hold(self, boot: str) -> None:
        await self.redis.hset(keys.lease(SHARD), {b"boot": boot.encode()})

    async def hands(self) -> dict[int, int]:
        rows = await self.redis.hgetall(keys.lobby(SHARD))
        return {
            int(name): summary_codec().decode(data).hand_no for name, data in rows.items() if name != LOBBY_AT
        }

    async def changes(self) -> list[dict[bytes, bytes]]:
        """Give the entries of the stream, which must hang together and end where the hash says."""
        (entries,) = await self.line.ask((b"XRANGE", keys.lobby_changes(SHARD), b"-", b"+"))
        assert isinstance(entries, list)
        found: list[dict[bytes, bytes]] = []
        before = b""
        for entry, words in entries:
            fields = dict(zip(words[::2], words[1::2], strict=True))
            assert fields.pop(CHANGE_AFTER) in (before, b"")
            before = entry
            found.append(fields)
        assert await self.redis.hget(keys.lobby(SHARD), LOBBY_AT) == before
        return found


@pytest.fixture
async def written(valkey: EmbeddedValkey) -> AsyncIterator[Written]:
    async with open_redis(valkey.settings) as redis:
        await redis.delete(NAMES)
        await redis.script_flush()
        yield Written(redis, make_line(redis), LobbyWriter(make_line(redis)))


async def test_changes_go_into_hash_and_stream(written: Written) -> None:
    await written.hold(BOOT)
    assert await written.writer.write_whole(BOOT, SHARD, tables(table(1), table(2)))
    assert await written.hands() == {1: 0, 2: 0}
    assert await written.changes() == [{}]
    await written.writer.write_changes(BOOT, SHARD, {**tables(table(1), table(2, 5), table(3))})
    assert await written.hands() == {1: 0, 2: 5, 3: 0}
    assert (await written.changes())[1].keys() == {b"2", b"3"}, "the first is as it was"
    await written.writer.write_changes(BOOT, SHARD, {TableId(1): None})
    assert await written.hands() == {2: 5, 3: 0}
    assert (await written.changes())[2:] == [{b"1": b""}]
    assert written.writer.shards == {SHARD}


async def test_nothing_is_written_where_nothing_changed(written: Written) -> None:
    await written.hold(BOOT)
    await written.writer.write_whole(BOOT, SHARD, tables(table(1)))
    await written.writer.write_changes(BOOT, SHARD, {TableId(1): table(1), TableId(9): None})
    assert await written.changes() == [{}]
    assert written.writer.shards == {SHARD}


async def test_many_changes_are_several_entries(written: Written) -> None:
    await written.hold(BOOT)
    count = 2 * TABLES_AT_ONCE + 1
    await written.writer.write_whole(BOOT, SHARD, tables(*map(table, range(count))))
    await written.writer.write_changes(BOOT, SHARD, {TableId(n): table(n, 1) for n in range(count)})
    assert await written.hands() == dict.fromkeys(range(count), 1)
    assert [len(fields) for fields in await written.changes()] == [0, TABLES_AT_ONCE, TABLES_AT_ONCE, 1]


async def test_whoever_lost_the_shard_changes_nothing_when_it_wakes(written: Written) -> None:
    await written.hold(BOOT)
    await written.writer.write_whole(BOOT, SHARD, tables(table(1)))
    await written.hold("another")
    other = LobbyWriter(make_line(written.redis))
    assert await other.write_whole(BootNonce("another"), SHARD, tables(table(1, 8)))
    await written.writer.write_changes(BOOT, SHARD, tables(table(1, 3)))
    assert written.writer.shards == frozenset()
    assert not await written.writer.write_whole(BOOT, SHARD, tables(table(1, 3)))
    assert await written.hands() == {1: 8}
    await written.redis.delete([keys.lease(SHARD)])
    assert not await written.writer.write_whole(BOOT, SHARD, tables(table(1, 3)))
    assert await written.hands() == {1: 8}


@pytest.mark.parametrize("is_seen", [True, False])
async def test_what_is_not_what_was_written_is_written_anew(written: Written, is_seen: bool) -> None:
    await written.hold(BOOT)
    await written.writer.write_whole(BOOT, SHARD, tables(table(1), table(2)))
    await written.redis.delete([keys.lobby(SHARD), keys.lobby_changes(SHARD)])
    if is_seen:
        await written.writer.check()
    else:
        await written.writer.write_changes(BOOT, SHARD, tables(evolve(table(1), hand_no=4)))
    assert written.writer.shards == frozenset()
    assert await written.hands() == {}, "half a lobby would be worse than none"
    assert await written.writer.write_whole(BOOT, SHARD, tables(table(1, 4), table(2)))
    assert await written.hands() == {1: 4, 2: 0}


async def test_what_stands_is_not_doubted(written: Written) -> None:
    await written.writer.check()
    await written.hold(BOOT)
    await written.writer.write_whole(BOOT, SHARD, tables(table(1)))
    await written.writer.check()
    assert written.writer.shards == {SHARD}
