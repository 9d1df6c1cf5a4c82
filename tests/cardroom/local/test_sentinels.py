"""A group of Valkey servers: whoever fails is replaced, and comes back as a replica."""

from pathlib import Path

import pytest

from cardroom.local.sentinels import valkey_group


@pytest.mark.timeout(120)
def test_a_killed_primary_is_replaced_and_follows_when_it_comes_back(tmp_path: Path) -> None:
    with valkey_group(tmp_path) as group:
        first = group.primary()
        assert first is group.servers[0]
        first.kill()
        second = group.wait_for_new_primary(first)
        assert second is not first
        assert not first.is_running
        group.start(first)
        group.wait_until_whole()
        assert group.primary() is second
        group.sentinels[0].kill()
        group.start(group.sentinels[0])
        group.wait_until_whole()
    assert not any(one.is_running for one in (*group.servers, *group.sentinels))


@pytest.mark.timeout(120)
def test_a_frozen_primary_is_replaced_too(tmp_path: Path) -> None:
    with valkey_group(tmp_path, replicas=1, min_replicas=0) as group:
        first = group.primary()
        first.freeze()
        assert group.wait_for_new_primary(first) is group.servers[1]
        assert first.is_running
        first.thaw()
