"""Administrators in the settings: two names never share a token, and nobody is called like the first."""

from typing import Any

import pytest

from cardroom.service.settings import BadSettings, structure_settings
from wallet_worker.settings import WalletSettings

SECRETS = {
    "HOLDEM_ADMIN_TOKEN": "a" * 16,
    "HOLDEM_KIM_TOKEN": "k" * 16,
    "HOLDEM_LEE_TOKEN": "l" * 16,
    "HOLDEM_SHORT_TOKEN": "s" * 15,
    "HOLDEM_CHAIN_KEY": "c" * 16,
}


def read(**changes: Any) -> WalletSettings:
    document = {
        "shards": [0],
        "admin_token": {"credential": "admin_token"},
        "chain_key": {"credential": "chain_key"},
        "audit": {"folder": "audit"},
        "http": {"host": "127.0.0.1", "port": 0},
        "redis": {"host": "127.0.0.1", "port": 1},
        "postgres": {"dsn": "postgresql://nowhere"},
    }
    return structure_settings(WalletSettings, document | changes, "test", SECRETS)


def admin(name: str, credential: str) -> dict[str, Any]:
    return {"name": name, "token": {"credential": credential}}


def test_the_first_administrator_is_called_admin_and_others_by_their_names() -> None:
    settings = read(admins=[admin("kim", "kim_token"), admin("lee", "lee_token")])
    assert [one.name for one in settings.everybody] == ["admin", "kim", "lee"]
    assert [one.token.value[0] for one in settings.everybody] == ["a", "k", "l"]
    assert [one.name for one in read().everybody] == ["admin"]
    assert "kkkk" not in repr(settings)


@pytest.mark.parametrize(
    ("admins", "said"),
    [
        ([admin("kim", "kim_token"), admin("kim", "lee_token")], "each name once"),
        ([admin("admin", "kim_token")], "each name once"),
        ([admin("kim", "kim_token"), admin("lee", "kim_token")], "each token once"),
        ([admin("kim", "admin_token")], "each token once"),
        ([admin("kim", "short_token")], "at least 16"),
        ([admin("Kim Lee", "kim_token")], "is no name"),
        ([admin("", "kim_token")], "is no name"),
    ],
)
def test_administrators_who_could_be_mixed_up_stop_the_start(admins: Any, said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        read(admins=admins)


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
