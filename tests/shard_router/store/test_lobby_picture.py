"""The picture of the lobby in a real Valkey: followed change by change, read whole where there is a gap."""

from collections.abc import AsyncIterator, Callable

import pytest
import trio
from attrs import evolve

from cardroom.ids import TableId
from cardroom.service.logs import Log
from cardroom.service.redis import Redis
from cardroom.wire import keys
from cardroom.wire.presence import CHANGE_AFTER, LOBBY_AT, summary_codec
from shard_router.store.lobby_picture import LobbyPicture
from tests.shard_router.front import SHARDS, NodeHand, table_summary

CODEC = summary_codec()
LOBBY, CHANGES = keys.lobby(SHARDS[0]), keys.lobby_changes(SHARDS[0])


@pytest.fixture
async def picture(redis: Redis, log: Log, nursery: trio.Nursery) -> AsyncIterator[LobbyPicture]:
    """Follow a lobby of one table."""
    await NodeHand(redis).publish(table_summary(1))
    followed = LobbyPicture(redis, SHARDS, log)
    nursery.start_soon(followed.follow)
    await until(followed, lambda: hands(followed) == {1: 7})
    yield followed
    nursery.cancel_scope.cancel()


def hands(picture: LobbyPicture) -> dict[int, int]:
    return {int(key): one.hand_no for key, one in picture.tables.items()}


async def until(picture: LobbyPicture, is_so: Callable[[], bool]) -> None:
    """Wait until the picture is so, by its own word that it has changed."""
    with trio.fail_after(10):
        while not is_so():
            await picture.changed.wait()


async def test_changes_are_heard_of_without_asking(picture: LobbyPicture, redis: Redis) -> None:
    node, table, before = NodeHand(redis), table_summary(1), picture.tables
    await node.publish(evolve(table, hand_no=8), table_summary(12, 1), table_summary(3))
    await until(picture, lambda: list(hands(picture).items()) == [(1, 8), (3, 7), (12, 7)])
    assert {int(key) for key in before} == {1}, "what was given does not change"
    await node.write(table.shard, TableId(1), b"")
    await until(picture, lambda: hands(picture) == {3: 7, 12: 7})


async def test_a_gap_is_read_whole(picture: LobbyPicture, redis: Redis) -> None:
    table = table_summary(1)
    async with redis.pipeline(transaction=True) as pipeline:  # so that the follower hears nothing between
        pipeline.hset(LOBBY, {b"1": CODEC.encode(evolve(table, hand_no=9)), LOBBY_AT: b"9999999999999-1"})
        pipeline.xadd(CHANGES, {CHANGE_AFTER: b"9999999999998-0"}, identifier="9999999999999-1")
    await until(picture, lambda: hands(picture) == {1: 9})
    async with redis.pipeline(transaction=True) as pipeline:
        pipeline.hset(LOBBY, {LOBBY_AT: b"9999999999999-2", b"2": CODEC.encode(table_summary(2))})
        pipeline.hdel(LOBBY, [b"1"])
        pipeline.xadd(CHANGES, {CHANGE_AFTER: b""}, identifier="9999999999999-2")
    await until(picture, lambda: hands(picture) == {2: 7})


async def test_an_emptied_server_whose_numbers_start_again(picture: LobbyPicture, redis: Redis) -> None:
    await redis.delete([LOBBY, CHANGES])
    await picture.refresh()
    assert hands(picture) == {}
    await redis.hset(LOBBY, {LOBBY_AT: b"5-1", b"4": CODEC.encode(table_summary(4))})
    await redis.xadd(CHANGES, {CHANGE_AFTER: b""}, identifier="5-1")
    await picture.refresh()
    assert hands(picture) == {4: 7}
    await redis.hset(LOBBY, {LOBBY_AT: b"5-2", b"4": CODEC.encode(evolve(table_summary(4), hand_no=8))})
    await picture.refresh()
    assert hands(picture) == {4: 8}


async def test_a_refresh_is_as_good_as_following(redis: Redis, log: Log) -> None:
    picture, node = LobbyPicture(redis, SHARDS, log), NodeHand(redis)
    await node.publish(table_summary(1), table_summary(2, 1))
    await picture.refresh()
    first = picture.tables
    assert hands(picture) == {1: 7, 2: 7}
    await picture.refresh()
    assert picture.tables is first
    await node.publish(evolve(table_summary(1), hand_no=8))
    await picture.refresh()
    assert hands(picture) == {1: 8, 2: 7}
    assert picture.tables[TableId(2)] is first[TableId(2)]
