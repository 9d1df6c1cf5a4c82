"""Settings of the cluster under test: those of the local cluster, with short times and other addresses."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from cardroom.local.configuration import write_toml
from cardroom.local.credentials import ADMINS_FILE

NODES: Final = ("node-1", "node-2")
WORKERS: Final = ("worker-1", "worker-2")
ROUTER: Final = "router"
DEAD_SECONDS: Final = 3.0
"""After so long a lease may be another's."""

_SILENCE_SECONDS: Final = 6
_TURN_SECONDS: Final = 4.0


@frozen
class Addresses:
    """Loopback ports. Clients are told those of the proxies; players come to a node through one, too."""

    redis: Mapping[str, Any]
    """The settings that lead to Redis."""
    doors: Mapping[str, int]
    """Where a node's players come in, by its name, behind the proxy."""
    proxies: Mapping[str, int]
    """Where players, and clients of the servers, are told to go."""
    pages: Mapping[str, int]
    """Where each process answers by HTTP."""


def write_settings(configs: Path, folder: Path, addresses: Addresses) -> dict[str, Path]:
    """Write the settings of all processes; gives the files by the processes' names."""
    folder.mkdir(parents=True, exist_ok=True)
    stakes = folder / "stakes.toml"
    stakes.write_text(write_toml(_hurried(_read(configs / "stakes.toml"))), encoding="utf-8")
    dev = configs / "dev"
    documents = {name: _node(_read(dev / f"{name}.toml"), name, stakes, addresses) for name in NODES}
    for name in WORKERS:
        documents[name] = _worker(_read(dev / "wallet_worker.toml"), name, folder, addresses)
    documents[ROUTER] = _change(
        _read(dev / "shard_router.toml"),
        _http(ROUTER, addresses) | {"admin.port": 0},
    )
    files = {}
    for name, document in documents.items():
        document["admins_file"] = str(folder.parent / ADMINS_FILE)
        files[name] = folder / f"{name}.toml"
        files[name].write_text(write_toml(document), encoding="utf-8")
    return files


def _node(document: dict[str, Any], name: str, stakes: Path, addresses: Addresses) -> dict[str, Any]:
    return _change(
        document,
        {
            "players.port": addresses.doors[name],
            "player_url": f"ws://127.0.0.1:{addresses.proxies[name]}",
            "admin.port": addresses.pages[name],
            "redis": dict(addresses.redis),
            "stakes_file": str(stakes),
            "lease.renew_seconds": DEAD_SECONDS / 6,
            "lease.dead_seconds": DEAD_SECONDS,
            "tables.between_hands_seconds": 0.2,
            "tables.after_showdown_seconds": 0.2,
            "sessions.silence_seconds": _SILENCE_SECONDS,
            "sessions.ping_seconds": _SILENCE_SECONDS / 3,
        },
    )


def _worker(document: dict[str, Any], name: str, folder: Path, addresses: Addresses) -> dict[str, Any]:
    nodes = [{"admin_url": f"http://127.0.0.1:{addresses.pages[node]}"} for node in NODES]
    audit = folder.parent / "audit" / name
    document.pop("payments")  # nobody pays in here
    return _change(
        document,
        _http(name, addresses) | {"audit.folder": str(audit), "ledger.term_seconds": 2.0, "nodes": nodes},
    )


def _http(name: str, addresses: Addresses) -> dict[str, Any]:
    return {"http.port": addresses.pages[name], "redis": dict(addresses.redis)}


def _hurried(stakes: dict[str, Any]) -> dict[str, Any]:
    """Let clocks be short: a player whose connection is gone must not keep a table for a minute."""
    bank = {"first_seconds": 1.0, "gift_seconds": 0.0, "gift_hands": 10, "most_seconds": 1.0}
    for stake in stakes["stakes"].values():
        stake |= {"turn_seconds": _TURN_SECONDS, "run_it_twice_seconds": 1.0, "time_bank": bank}
        stake |= {"connection_time": {"least_seconds": 2.0, "most_seconds": 2.0}}
    return stakes


def _change(document: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in changes.items():
        *tables, name = key.split(".")
        table = document
        for step in tables:
            table = table.setdefault(step, {})
        table[name] = value
    return document


def _read(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))
