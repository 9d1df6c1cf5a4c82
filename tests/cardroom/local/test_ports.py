"""Ports: where they come from, and what is said when one is taken."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardroom.local.ports import OPTIONS, ROUTER, VALKEY, WALLET, check_ports, free_ports, read_ports
from cardroom.service.settings import BadSettings


@pytest.fixture
def configs(project_root: Path) -> Path:
    return project_root / "configs" / "dev"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_the_defaults_stand_in_the_files(configs: Path) -> None:
    ports = read_ports(configs, {})
    assert [ports[option] for option in OPTIONS] == [8800, 8802, 8801, 8811, 8812, 8821, 8822, 8890, 8830]


def test_a_variable_overrides(configs: Path) -> None:
    assert read_ports(configs, {"ROUTER_PORT": "9000"})[ROUTER] == 9000


@pytest.mark.parametrize("text", ["0", "65536", "-1", "x", "８８００"])
def test_what_is_no_port(configs: Path, text: str) -> None:
    with pytest.raises(BadSettings, match="WALLET_PORT"):
        read_ports(configs, {"WALLET_PORT": text})


def test_a_taken_port_is_told_with_what_changes_it(configs: Path, taken: int) -> None:
    ports = {**free_ports(), ROUTER: taken}
    with pytest.raises(BadSettings) as told:
        check_ports(ports, configs)
    for word in (str(taken), "router", "ROUTER_PORT=PORT make run", "[http]", "shard_router.toml"):
        assert word in str(told.value)


def test_one_port_for_two(configs: Path) -> None:
    ports = {**free_ports(), WALLET: 50_001, VALKEY: 50_001}
    with pytest.raises(BadSettings, match="WALLET_PORT and to VALKEY_PORT"):
        check_ports(ports, configs)


def test_free_ports_are_free_and_different(configs: Path) -> None:
    ports = free_ports()
    assert len(set(ports.values())) == len(OPTIONS)
    check_ports(ports, configs)
