"""The live lobby's feed on a real Valkey, without sockets: limits, slow followers, what is remembered."""

import pytest
import trio
import trio.testing
from attrs import evolve, frozen

from cardroom.service.http import RefusedRequest
from cardroom.service.logs import Log
from cardroom.service.redis import Redis
from cardroom.wire.lobby_live import LobbyDelta, LobbyMessage, LobbySnapshot, live_codec
from cardroom.wire.lobby_query import LobbyQuery
from cardroom.wire.refusals import Refusal
from shard_router.api.http import ComeBack
from shard_router.api.lobby_feed import FollowEnd, Follower, LobbyFeed
from shard_router.api.lobby_lines import LobbyLines
from shard_router.settings import LiveSettings
from shard_router.store.nodes import DirectoryCache, Nodes
from tests.shard_router.front import SHARDS, NodeHand, table_summary

LIVE = LiveSettings(tell_seconds=0.0, look_seconds=0.05, waiting_messages=2, kept_changes=2)
ALL = LobbyQuery()
HERE = "192.0.2.1"


@frozen
class Told:
    """A feed and the node's hand."""

    feed: LobbyFeed
    node: NodeHand
    nodes: Nodes

    async def change(self, hand_no: int) -> None:
        """Change a table, and let all who follow be told."""
        await self.node.publish(evolve(table_summary(1), hand_no=hand_no))
        await self.nodes.picture.refresh()
        await self.feed.catch_up()


@pytest.fixture
async def told(redis: Redis, log: Log) -> Told:
    nodes = Nodes(redis, SHARDS, log)
    node, cache = NodeHand(redis), DirectoryCache(nodes, seconds=0.0)
    await node.publish(table_summary(1))
    return Told(LobbyFeed(nodes, cache, LobbyLines(), LIVE), node, nodes)


async def heard(follower: Follower) -> LobbyMessage | None:
    with trio.fail_after(5):
        message = await follower.next()
    return None if message is None else live_codec().decode(message.text)


async def test_a_slow_follower_is_sent_away_and_the_others_are_told(told: Told) -> None:
    async with told.feed.follow(ALL, "", HERE) as slow, told.feed.follow(ALL, "", HERE) as quick:
        for hand_no in (8, 9, 10):
            await told.change(hand_no)
            assert await heard(quick) is not None
        assert slow.end is FollowEnd.SLOW
        assert slow.end.close_code == 1013
        assert await heard(slow) is None
        assert quick.end is None
    assert len(told.feed) == 0


async def test_all_with_the_same_filters_get_the_same_text(told: Told) -> None:
    async with told.feed.follow(ALL, "", HERE) as one, told.feed.follow(ALL, "", HERE) as other:
        await told.change(8)
        for _ in range(2):
            assert await one.next() is not None
        await other.next()
        await told.change(9)
        assert await one.next() is not None
        second = await other.next()
        assert second is not None
        assert isinstance(live_codec().decode(second.text), LobbyDelta)


async def test_what_is_told_is_one_object_for_all(told: Told) -> None:
    async with told.feed.follow(ALL, "", HERE) as one, told.feed.follow(ALL, "", HERE) as other:
        await one.next()
        await other.next()
        await told.change(8)
        assert await one.next() is await other.next()


async def test_only_the_newest_changes_are_remembered(told: Told) -> None:
    async with told.feed.follow(ALL, "", HERE) as follower:
        first = await heard(follower)
        assert isinstance(first, LobbySnapshot)
        await told.change(8)
        second = await heard(follower)
        assert isinstance(second, LobbyDelta)
    for hand_no in (9, 10):
        await told.change(hand_no)
    async with told.feed.follow(ALL, second.id, HERE) as follower:
        missed = await heard(follower)
        assert isinstance(missed, LobbyDelta)
        assert [one.hand_no for one in missed.changed] == [10]
    async with told.feed.follow(ALL, first.id, HERE) as follower:
        assert isinstance(await heard(follower), LobbySnapshot)


@pytest.mark.parametrize("lie", ["9" * 30, "0" * 5_000, "0" * 30 + "7"], ids=["far", "nothing", "ahead"])
async def test_who_claims_what_was_never_told_is_told_all(told: Told, lie: str) -> None:
    async with told.feed.follow(ALL, "", HERE) as follower:
        first = await heard(follower)
        assert isinstance(first, LobbySnapshot)
    async with told.feed.follow(ALL, first.id.rpartition(".")[0] + "." + lie, HERE) as follower:
        assert isinstance(await heard(follower), LobbySnapshot)


async def test_who_gives_up_before_the_lobby_is_read_silences_it_for_nobody(told: Told) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(told.feed.run)
        await trio.testing.wait_all_tasks_blocked()
        with trio.CancelScope() as gone:
            gone.cancel()
            async with told.feed.follow(ALL, "", HERE):
                raise AssertionError("who is gone is told nothing")
        async with told.feed.follow(ALL, "", HERE) as follower:
            assert isinstance(await heard(follower), LobbySnapshot)
            await told.node.publish(evolve(table_summary(1), hand_no=8))
            await told.nodes.picture.refresh()
            assert isinstance(await heard(follower), LobbyDelta)
        nursery.cancel_scope.cancel()


async def test_nobody_follows_a_feed_that_has_stopped(told: Told) -> None:
    async with told.feed.follow(ALL, "", HERE) as follower:
        told.feed.stop()
        assert await heard(follower) is None
        assert follower.end is FollowEnd.STOPPING
    with pytest.raises(ComeBack) as refused:
        told.feed.check(HERE)
    assert refused.value.code is Refusal.UNAVAILABLE


async def test_limits(redis: Redis, log: Log) -> None:
    nodes = Nodes(redis, SHARDS, log)
    few = evolve(LIVE, followers=3, followers_per_address=2)
    feed = LobbyFeed(nodes, DirectoryCache(nodes, seconds=0.0), LobbyLines(), few)
    async with feed.follow(ALL, "", HERE), feed.follow(ALL, "", HERE), feed.follow(ALL, "", "192.0.2.2"):
        assert len(feed) == 3
        with pytest.raises(RefusedRequest) as of_address:
            feed.check(HERE)
        assert (of_address.value.status, of_address.value.code) == (429, Refusal.RATE_LIMITED)
        with pytest.raises(ComeBack) as of_all:
            feed.check("192.0.2.3")
        assert of_all.value.code is Refusal.BUSY
    feed.check(HERE)
    endless = LobbyFeed(
        nodes, DirectoryCache(nodes, seconds=0.0), LobbyLines(), evolve(LIVE, followers_per_address=0)
    )
    async with endless.follow(ALL, "", HERE), endless.follow(ALL, "", HERE):
        endless.check(HERE)
