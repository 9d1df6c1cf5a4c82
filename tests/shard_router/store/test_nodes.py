import trio
from attrs import evolve
from structlog.testing import LogCapture

from cardroom.ids import Epoch, ShardId, TableId, UserId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis
from cardroom.wire import keys
from cardroom.wire.presence import summary_codec
from shard_router.rules.placement import Closed, Place
from shard_router.store.nodes import DirectoryCache, Nodes
from tests.fakes.logs import captured_by
from tests.shard_router.front import BOOT, NODE, PLAYER_URL, SHARDS, NodeHand, table_summary

PLACE = Place(NODE, BOOT, Epoch(1), PLAYER_URL)


async def test_nothing_there(redis: Redis, log: Log) -> None:
    directory = await Nodes(redis, SHARDS, log).directory()
    assert directory.tables == {}
    assert directory.places == dict.fromkeys(SHARDS, Closed.NOT_HELD)
    assert not directory.is_complete


async def test_directory(redis: Redis, log: Log) -> None:
    node, nodes = NodeHand(redis), Nodes(redis, SHARDS, log)
    tables = table_summary(11, 1, 5), table_summary(2, 0, 5, 6)
    await node.publish(*tables)
    await node.open_both_shards()
    directory = await nodes.directory()
    assert list(directory.tables.values()) == [tables[1], tables[0]]
    assert directory.places == dict.fromkeys(SHARDS, PLACE)
    assert directory.is_complete
    assert [table.table_id for table, _ in directory.seats_of(UserId(5))] == [2, 11]
    assert directory.seats_of(UserId(9)) == ()


async def test_place_is_asked_anew(redis: Redis, log: Log) -> None:
    node, nodes = NodeHand(redis), Nodes(redis, SHARDS, log)
    assert await nodes.place(SHARDS[0]) is Closed.NOT_HELD
    await node.hold(0)
    assert await nodes.place(SHARDS[0]) is Closed.NODE_SILENT
    await node.announce()
    assert await nodes.place(SHARDS[0]) == PLACE


async def test_unreadable_values_close_only_what_they_are_about(redis: Redis, log: Log) -> None:
    node, nodes = NodeHand(redis), Nodes(redis, SHARDS, log)
    await node.open_both_shards()
    await redis.hset(keys.lease(SHARDS[0]), {b"epoch": b"many"})
    await node.publish(table_summary(1))
    misplaced = summary_codec().encode(table_summary(5, shard=1))
    await redis.hset(keys.lobby(SHARDS[0]), {b"2": b"\xc1", b"3": misplaced, b"x": b"", b"5": misplaced})
    lines = LogCapture()
    directory = await Nodes(redis, SHARDS, captured_by(lines)).directory()
    assert {line["event"] for line in lines.entries} == {
        "lease.unreadable",
        "lobby.bad_summary",
        "lobby.misplaced_summary",
    }
    assert list(directory.tables) == [TableId(1)]
    assert directory.places == {SHARDS[0]: Closed.NOT_HELD, SHARDS[1]: PLACE}
    await redis.set(keys.node(NODE), b"\xff")
    assert await nodes.place(SHARDS[1]) is Closed.NODE_SILENT


async def test_a_bad_summary_is_logged_once(redis: Redis) -> None:
    await redis.hset(keys.lobby(SHARDS[0]), {b"2": b"\xc1"})
    lines = LogCapture()
    nodes = Nodes(redis, SHARDS, captured_by(lines))
    await nodes.directory()
    await nodes.directory()
    assert len(lines.entries) == 1


async def test_changed_tables_are_read_again(redis: Redis, log: Log) -> None:
    node, nodes = NodeHand(redis), Nodes(redis, (ShardId(0),), log)
    table = table_summary(1)
    await node.publish(table)
    first = await nodes.directory()
    assert (await nodes.directory()).tables[TableId(1)] is first.tables[TableId(1)]
    await node.publish(evolve(table, hand_no=8))
    assert (await nodes.directory()).tables[TableId(1)].hand_no == 8


async def test_all_who_ask_at_once_share_one_reading(redis: Redis, log: Log) -> None:
    cache = DirectoryCache(Nodes(redis, SHARDS, log), seconds=60.0)
    found = []

    async def look() -> None:
        found.append(await cache.look())

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(look)
    assert len(found) == 10
    assert all(directory is found[0] for directory in found)


async def test_who_reads_for_all_may_be_cancelled(redis: Redis, log: Log) -> None:
    cache = DirectoryCache(Nodes(redis, SHARDS, log), seconds=60.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cache.look)
        await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert (await cache.look()).tables == {}
