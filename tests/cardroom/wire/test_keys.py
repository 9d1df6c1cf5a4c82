"""Keys of one shard lie in one slot of a Redis Cluster."""

import pytest

from cardroom.ids import BootNonce, ShardId, UserId
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


@pytest.mark.parametrize("number", [1, 42, 2**63 - 1])
def test_a_players_channel_says_whose_it_is(number: int) -> None:
    channel = keys.user(UserId(number))
    assert keys.user_of(channel.encode()) == number
    assert channel.startswith(keys.all_users().removesuffix("*"))


@pytest.mark.parametrize(
    "channel",
    [b"", b"user:", b"user:-1", b"user:1 ", b"user:0x1", b"users:1", b"user:\xd9\xa1", b"user:" + b"9" * 99],
)
def test_other_channels_are_nobodys(channel: bytes) -> None:
    assert keys.user_of(channel) is None
