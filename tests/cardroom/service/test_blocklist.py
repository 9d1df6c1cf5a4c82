"""What stands of blocks, as pages ask for it; reading them is tests/shard_router/store/test_blocks.py."""

from typing import Any

import pytest

from cardroom.ids import UserId
from cardroom.service.blocklist import Blocks, collect_blocks

NOW = 1000.0


def row(user_id: int | None = None, network: str | None = None, remaining_ms: int | None = None) -> Any:
    return {"user_id": user_id, "network": network, "remaining_ms": remaining_ms}


@pytest.mark.parametrize(
    ("address", "is_blocked"),
    [
        ("198.51.100.7", True),
        ("::ffff:198.51.100.7", True),
        ("198.51.100.8", False),
        ("203.0.113.255", True),
        ("203.0.114.0", False),
        ("2001:db8:1::ffff", True),
        ("2001:db8:2::1", False),
        ("::c633:6407", False),
        ("", False),
        ("somewhere", False),
    ],
)
def test_addresses_in_blocked_networks(address: str, *, is_blocked: bool) -> None:
    networks = ("198.51.100.7/32", "203.0.113.0/24", "2001:db8:1::/48")
    blocks = collect_blocks([row(network=network) for network in networks], NOW)
    assert blocks.blocks_address(address, NOW) is is_blocked


def test_of_several_blocks_the_last_end_counts_and_then_it_is_over() -> None:
    blocks = collect_blocks(
        [
            row(user_id=1, remaining_ms=60_000),
            row(user_id=1, remaining_ms=5_000),
            row(user_id=2, remaining_ms=5_000),
            row(user_id=2),
            row(network="10.0.0.0/8", remaining_ms=60_000),
        ],
        NOW,
    )
    for seconds, blocked in ((0, [1, 2]), (59, [1, 2]), (60, [2]), (1e9, [2])):
        assert [user for user in (1, 2, 3) if blocks.blocks_user(UserId(user), NOW + seconds)] == blocked
        assert blocks.blocks_address("10.9.9.9", NOW + seconds) is (seconds < 60)


def test_everything_may_be_blocked_and_nothing() -> None:
    assert collect_blocks([row(network="0.0.0.0/0")], NOW).blocks_address("8.8.8.8", NOW)
    assert not Blocks().blocks_address("8.8.8.8", NOW)
