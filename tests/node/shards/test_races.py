"""Races of two nodes for a shard that is played: each believes again and again that the other is gone.

Players follow and play on. No hand is settled twice or dealt by two nodes, nothing that was seen is undone.
"""

from random import Random

import pytest
import trio

from cardroom.local.servers import EmbeddedValkey
from node.settings import LeaseSettings
from node.shards.claim import is_open
from tests.node.shards.two_nodes import Pair, open_pair

RACES_EACH = 100
_EAGER = LeaseSettings(renew_seconds=0.01, dead_seconds=30.0)


async def _race(pair: Pair, random: Random, races: int) -> None:
    """Let whoever does not hold the shard seize it, at any moment of play, opening and closing."""
    for _ in range(races):
        before = _seized(pair)
        with trio.fail_after(10):
            while True:
                for node in random.sample(pair.nodes, 2):
                    if not node.shard.is_open:
                        node.seize()
                await trio.sleep(0.001)
                if _seized(pair) > before:
                    break
        for node in pair.nodes:
            node.rest()
        await trio.sleep(random.choice((0.0, random.uniform(0, 0.02), random.uniform(0, 0.1))))


def _seized(pair: Pair) -> int:
    return sum(node.taken_over for node in pair.nodes)


@pytest.mark.parametrize("seed", range(5))
async def test_races_for_a_shard(valkey: EmbeddedValkey, seed: int) -> None:
    async with open_pair(valkey, lease=_EAGER) as pair:
        await _race(pair, Random(seed), RACES_EACH)
        await pair.until_settled(3)
        assert _seized(pair) >= RACES_EACH
        assert pair.ledger.shards[pair.number].epoch >= RACES_EACH / 4
        assert is_open(await pair.owner.stores[-1].look())
        pair.check()
