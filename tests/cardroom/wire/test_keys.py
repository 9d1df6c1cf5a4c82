"""Keys of one shard lie in one slot of a Redis Cluster."""

from cardroom.ids import BootNonce, ShardId
from cardroom.wire import keys


def test_all_keys_of_a_shard_carry_its_hash_tag_and_no_other() -> None:
    shard = ShardId(12)
    of_shard = [
        keys.commands(shard),
        keys.replies(shard, BootNonce("b")),
        keys.lease(shard),
        keys.lobby(shard),
    ]
    assert len(set(of_shard)) == 4
    for key in of_shard:
        assert key.partition("{")[2].partition("}")[0] == "s12"


def test_keys_of_different_shards_differ() -> None:
    assert keys.commands(ShardId(1)) != keys.commands(ShardId(11))
