"""Settings of a worker that stop the start."""

from typing import Any

import pytest

from cardroom.service.settings import BadSettings, structure_settings
from wallet_worker.settings import WalletSettings

SECRETS = {
    "HOLDEM_KIM_TOKEN": "k" * 16,
    "HOLDEM_SHORT_KEY": "s" * 15,
    "HOLDEM_CHAIN_KEY": "c" * 16,
}


def read(**changes: Any) -> WalletSettings:
    document = {
        "shards": [0],
        "admins_file": "admins.toml",
        "chain_key": {"credential": "chain_key"},
        "audit": {"folder": "audit"},
        "http": {"host": "127.0.0.1", "port": 0},
        "redis": {"host": "127.0.0.1", "port": 1},
        "postgres": {"dsn": "postgresql://nowhere"},
    }
    return structure_settings(WalletSettings, document | changes, "test", SECRETS)


@pytest.mark.parametrize(
    "office", [{"proposal_days": 0}, {"proposal_days": 91}, {"csv_seconds": 0}, {"freeze_probe_seconds": -1}]
)
def test_limits_that_are_none_stop_the_start(office: dict[str, Any]) -> None:
    with pytest.raises(BadSettings, match="office"):
        read(office=office)


@pytest.mark.parametrize("audit", [{"redis_batches": 0}, {"poll_seconds": 0}, {"group_batches": 1001}])
def test_limits_of_the_audit_that_are_none_stop_the_start(audit: dict[str, Any]) -> None:
    with pytest.raises(BadSettings, match="audit"):
        read(audit={"folder": "audit"} | audit)


def test_the_audit_needs_a_folder_and_nodes_a_token() -> None:
    nodes = [{"admin_url": "http://127.0.0.1:1"}]
    with pytest.raises(BadSettings, match="folder"):
        read(audit={})
    with pytest.raises(BadSettings, match="node_admin_token"):
        read(nodes=nodes)
    settings = read(nodes=nodes, node_admin_token={"credential": "kim_token"})
    assert [node.admin_url for node in settings.nodes] == ["http://127.0.0.1:1"]


def test_a_key_that_is_short_stops_the_start() -> None:
    with pytest.raises(BadSettings, match="chain_key has at least 16"):
        read(chain_key={"credential": "short_key"})
