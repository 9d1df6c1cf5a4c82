"""Settings files with other ports."""

import tomllib
from pathlib import Path

import pytest

from cardroom.local.configuration import FILES, credential_names, prepare_configs, write_toml
from cardroom.local.ports import NODE_2, NODE_2_ADMIN, PAYMENTS, VALKEY, WALLET, free_ports, read_ports


@pytest.fixture
def configs(project_root: Path) -> Path:
    return project_root / "configs" / "dev"


def test_with_the_default_ports_the_real_files_are_used(configs: Path, tmp_path: Path) -> None:
    prepared = prepare_configs(configs, read_ports(configs, {}), tmp_path, ".run")
    assert prepared == {name: configs / name for name in FILES}
    assert list(tmp_path.iterdir()) == []


def test_with_other_ports_copies_are(configs: Path, tmp_path: Path) -> None:
    ports = free_ports()
    prepared = prepare_configs(configs, ports, tmp_path, "/elsewhere")
    node = tomllib.loads(prepared["node-2.toml"].read_text(encoding="utf-8"))
    assert node["player_url"] == f"ws://127.0.0.1:{ports[NODE_2]}"
    assert node["admin"]["port"] == ports[NODE_2_ADMIN]
    assert node["shards"] == [1, 3]
    for name, file in prepared.items():
        assert file.parent == tmp_path
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        assert name == "payments.toml" or document["redis"]["port"] == ports[VALKEY]


def test_gateway_and_house_find_each_other(configs: Path, tmp_path: Path) -> None:
    ports = free_ports()
    prepared = prepare_configs(configs, ports, tmp_path, "/elsewhere")
    sandbox = tomllib.loads(prepared["payments.toml"].read_text(encoding="utf-8"))
    payments = tomllib.loads(prepared["wallet_worker.toml"].read_text(encoding="utf-8"))["payments"]
    url = f"http://127.0.0.1:{ports[PAYMENTS]}"
    assert sandbox["http"]["port"] == ports[PAYMENTS]
    assert sandbox["webhook"]["url"] == f"http://127.0.0.1:{ports[WALLET]}/api/v1/wallet/webhook/deposit"
    assert sandbox["file"] == "/elsewhere/payments/facts.jsonl"
    assert payments["gateways"]["sandbox"]["url"] == url
    assert set(payments["rates"].values()) == {url}


def test_none_takes_a_key_out(configs: Path, tmp_path: Path) -> None:
    prepared = prepare_configs(
        configs, free_ports(), tmp_path, ".run", {"wallet_worker.toml": {"payments": None}}
    )
    assert "payments" not in tomllib.loads(prepared["wallet_worker.toml"].read_text(encoding="utf-8"))


def test_every_credential_is_found(configs: Path, tmp_path: Path) -> None:
    names = credential_names(prepare_configs(configs, free_ports(), tmp_path, ".run"))
    assert {"viewer_token", "ticket_key", "router_dsn", "wallet_dsn", "owner_dsn"} <= names


def test_what_is_written_reads_the_same() -> None:
    document = {
        "text": 'a "quoted" ₩', "number": 1, "ratio": 0.5, "is_on": True, "list": [1, [2]],
        "table": {"inner": {"key": "value"}, "list": [{"a": 1}]}, "empty": {},
    }  # fmt: skip
    assert tomllib.loads(write_toml(document)) == document
