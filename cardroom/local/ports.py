"""The ports of the local cluster: where each default stands, what changes it, and whether it is free."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

from cardroom.local.servers import free_port, is_port_free
from cardroom.service.settings import BadSettings

HOST: Final = "127.0.0.1"
_HIGHEST: Final = 65_535


@frozen
class PortOption:
    """One port: the file and table where its default stands, the variable that overrides it."""

    name: str
    file: str
    table: str
    variable: str


ROUTER: Final = PortOption("router", "shard_router.toml", "http", "ROUTER_PORT")
ROUTER_ADMIN: Final = PortOption("router admin", "shard_router.toml", "admin", "ROUTER_ADMIN_PORT")
WALLET: Final = PortOption("wallet worker", "wallet_worker.toml", "http", "WALLET_PORT")
NODE_1: Final = PortOption("node-1", "node-1.toml", "players", "NODE_1_PORT")
NODE_1_ADMIN: Final = PortOption("node-1 admin", "node-1.toml", "admin", "NODE_1_ADMIN_PORT")
NODE_2: Final = PortOption("node-2", "node-2.toml", "players", "NODE_2_PORT")
NODE_2_ADMIN: Final = PortOption("node-2 admin", "node-2.toml", "admin", "NODE_2_ADMIN_PORT")
PAYMENTS: Final = PortOption("payments", "payments.toml", "http", "PAYMENTS_PORT")
VALKEY: Final = PortOption("Valkey", "node-1.toml", "redis", "VALKEY_PORT")

OPTIONS: Final = (ROUTER, ROUTER_ADMIN, WALLET, NODE_1, NODE_1_ADMIN, NODE_2, NODE_2_ADMIN, VALKEY, PAYMENTS)

Ports = Mapping[PortOption, int]
"""The port of every option."""


def read_ports(configs: Path, environment: Mapping[str, str]) -> Ports:
    """Read the defaults from the files and what overrides them; raises ``BadSettings`` for no port."""
    return {option: _read_port(option, configs, environment) for option in OPTIONS}


def free_ports() -> Ports:
    """Choose a free port for every option."""
    found: set[int] = set()
    while len(found) < len(OPTIONS):
        found.add(free_port())
    return dict(zip(OPTIONS, found, strict=True))


def check_ports(ports: Ports, configs: Path) -> None:
    """Raise ``BadSettings`` that says which ports cannot be opened, and what changes them."""
    lines = [*_taken(ports, configs), *_doubled(ports)]
    if lines:
        raise BadSettings("\n".join(lines))


def _read_port(option: PortOption, configs: Path, environment: Mapping[str, str]) -> int:
    text = environment.get(option.variable, "")
    if not text:
        file = configs / option.file
        return int(tomllib.loads(file.read_text(encoding="utf-8"))[option.table]["port"])
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _HIGHEST):
        raise BadSettings(f"{option.variable}={text} is no port")
    return int(text)


def _taken(ports: Ports, configs: Path) -> Iterable[str]:
    for option, port in ports.items():
        if not is_port_free(HOST, port):
            yield (
                f"Port {port} ({option.name}) is taken. Use another with {option.variable}=PORT make run, "
                f"or change port in [{option.table}] of {configs / option.file}."
            )


def _doubled(ports: Ports) -> Iterable[str]:
    for option, port in ports.items():
        others = [other.variable for other, used in ports.items() if used == port and other is not option]
        if others:
            yield f"Port {port} is given to {option.variable} and to {', '.join(others)}."
