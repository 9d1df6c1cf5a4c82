"""A standby takes the shard of a node that died or stopped, and goes on with the hand in play."""

import pytest
import trio

from cardroom.local.servers import EmbeddedValkey
from cardroom.wire import keys
from cardroom.wire import table as wire
from cardroom.wire.presence import read_lease
from node.settings import LeaseSettings
from node.shards.claim import is_free
from tests.node.shards.two_nodes import Pair, open_pair
from tests.node.tables.house import until

SHORT = LeaseSettings(renew_seconds=0.1, dead_seconds=1.5)


async def _stop_in_a_hand(pair: Pair) -> object:
    """Let nobody act any more; gives the hand that is in play then."""
    await pair.until_settled(2)
    for player in pair.players:
        player.acts = False
    await until(lambda: pair.owner.table.history.hand_id is not None)
    await trio.sleep(0.1)
    return pair.owner.table.history.hand_id


async def _play_on(pair: Pair, hand_id: object) -> None:
    """Let all act again; the hand must be settled."""
    there = pair.owner
    assert there.table.history.hand_id == hand_id
    await until(lambda: len(there.table.audience.viewers) == len(pair.players))
    for player in pair.players:
        player.act_at_last()
    await pair.until_settled(2)
    assert hand_id in {hand.hand_id for hand in pair.ledger.hands}
    pair.check()


async def test_a_dead_node_s_hand_is_played_to_its_end_by_the_standby(valkey: EmbeddedValkey) -> None:
    async with open_pair(valkey, lease=SHORT) as pair:
        here, there = pair.nodes
        hand_id = await _stop_in_a_hand(pair)
        here.die()
        died_at = trio.current_time()
        await pair.until_open(there)
        assert trio.current_time() - died_at >= SHORT.dead_seconds
        await _play_on(pair, hand_id)


async def test_a_node_that_stops_leaves_the_hand_in_the_journal_and_the_shard_free(
    valkey: EmbeddedValkey,
) -> None:
    async with open_pair(valkey, lease=SHORT) as pair:
        here, there = pair.nodes
        hand_id = await _stop_in_a_hand(pair)
        guests = [player.guest for player in pair.players]
        here.shard.drain()
        drained_at = trio.current_time()
        await until(lambda: not here.shard.is_open)
        assert {guest.kicked for guest in guests if guest is not None} == {wire.CloseCode.RESTART}
        await until(lambda: there.shard.report().owner == "")
        lease = read_lease(dict(await pair.redis.hgetall(keys.lease(pair.number))))
        assert lease is not None
        assert is_free(lease)
        await pair.until_open(there)
        assert trio.current_time() - drained_at < SHORT.dead_seconds, "no need to wait for a lease to die"
        await _play_on(pair, hand_id)


async def test_a_home_node_that_comes_back_stands_by_for_its_own_shard(valkey: EmbeddedValkey) -> None:
    async with open_pair(valkey, lease=SHORT) as pair:
        here, there = pair.nodes
        here.die()
        await pair.until_open(there)
        again = pair.start_again(here)
        await until(lambda: again.shard.is_elsewhere)
        await pair.until_settled(2)
        assert not again.shard.is_open
        report = again.shard.report()
        assert (report.owner, report.is_home, report.is_open) == ("node-2", True, False)
        there.die()
        await pair.until_open(again)
        await pair.until_settled(2)
        pair.check()


async def test_a_node_that_is_started_again_at_once_keeps_its_shard(valkey: EmbeddedValkey) -> None:
    async with open_pair(valkey, lease=SHORT) as pair:
        here, there = pair.nodes
        hand_id = await _stop_in_a_hand(pair)
        here.die()
        died_at = trio.current_time()
        again = pair.start_again(here)
        await pair.until_open(again)
        assert trio.current_time() - died_at < 1.0
        assert not there.shard.is_open
        await _play_on(pair, hand_id)


async def test_an_owner_whose_lease_redis_has_lost_goes_on_and_its_standby_takes_nothing(
    valkey: EmbeddedValkey,
) -> None:
    async with open_pair(valkey, lease=SHORT) as pair:
        here, there = pair.nodes
        for _ in range(5):
            await pair.until_settled(1)
            await pair.redis.delete([keys.lease(pair.number)])
            await trio.sleep(0.3)
        await pair.until_settled(2)
        assert (here.shard.is_open, there.shard.is_open) == (True, False)
        pair.check()


@pytest.mark.parametrize("seed", range(2))
async def test_nodes_die_one_after_the_other(valkey: EmbeddedValkey, seed: int) -> None:
    async with open_pair(valkey, players=3, lease=LeaseSettings(0.05, 0.3)) as pair:
        for _ in range(6):
            await pair.until_settled(1)
            await trio.sleep(0.03 * (seed + 1))
            dying = pair.owner
            dying.die()
            other = pair.other(dying)
            await pair.until_open(other)
            pair.start_again(dying)
        await pair.until_settled(2)
        pair.check()
