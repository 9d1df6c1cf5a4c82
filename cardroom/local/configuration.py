"""Settings files of the local cluster: the real ones, or copies with other ports and addresses."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cardroom.local.credentials import ADMINS_FILE
from cardroom.local.ports import (
    NODE_1,
    NODE_1_ADMIN,
    NODE_2,
    NODE_2_ADMIN,
    PAYMENTS,
    ROUTER,
    ROUTER_ADMIN,
    VALKEY,
    WALLET,
    PortOption,
    Ports,
)

FILES = ("wallet_worker.toml", "shard_router.toml", "node-1.toml", "node-2.toml", "payments.toml")

Changes = Mapping[str, Any]
"""New values by dotted key, such as ``http.port``; None takes the key out, with all that is below it."""


NOTHING_ELSE: Final[Mapping[str, Changes]] = {}


def prepare_configs(
    configs: Path,
    ports: Ports,
    folder: Path,
    run_folder: str,
    more: Mapping[str, Changes] = NOTHING_ELSE,
) -> Mapping[str, Path]:
    """Give each process's settings file: the real one if it says the same, else a copy in ``folder``.

    ``run_folder`` is where the audit's files and the file of administrators lie, as processes find it.
    ``more`` are changes by the name of the file, which count more than those that follow from the ports.
    """
    of_the_house = {"redis.port": ports[VALKEY], "admins_file": f"{run_folder}/{ADMINS_FILE}"}
    worker = _bind(WALLET, ports) | _audit(ports, f"{run_folder}/audit") | _payers(ports)
    changes = {
        "wallet_worker.toml": worker | of_the_house,
        "shard_router.toml": _bind(ROUTER, ports) | _bind(ROUTER_ADMIN, ports) | of_the_house,
        "node-1.toml": _node(NODE_1, NODE_1_ADMIN, ports) | of_the_house,
        "node-2.toml": _node(NODE_2, NODE_2_ADMIN, ports) | of_the_house,
        "payments.toml": _payments(ports, run_folder),
    }
    return {
        name: _prepare(configs / name, changes[name] | dict(more.get(name, {})), folder) for name in FILES
    }


def credential_names(configs: Mapping[str, Path]) -> frozenset[str]:
    """Find the names of all credentials that the files ask for."""
    return frozenset(name for file in configs.values() for name in _credentials(_read(file)))


def write_toml(document: Mapping[str, Any]) -> str:
    """Write settings as TOML: plain values first, tables after them."""
    return "\n".join(_table(document, "")) + "\n"


def _bind(option: PortOption, ports: Ports) -> dict[str, Any]:
    return {f"{option.table}.port": ports[option]}


def _node(players: PortOption, admin: PortOption, ports: Ports) -> dict[str, Any]:
    url = {"player_url": f"ws://127.0.0.1:{ports[players]}"}
    return _bind(players, ports) | _bind(admin, ports) | url


def _audit(ports: Ports, folder: str) -> dict[str, Any]:
    urls = [f"http://127.0.0.1:{ports[option]}" for option in (NODE_1_ADMIN, NODE_2_ADMIN)]
    return {"audit.folder": folder, "nodes": [{"admin_url": url} for url in urls]}


def _payers(ports: Ports) -> dict[str, Any]:
    """Say to the wallet worker where gateway and sources of rates are."""
    url = f"http://127.0.0.1:{ports[PAYMENTS]}"
    sources = {f"payments.rates.{source}_url": url for source in ("coingecko", "upbit", "binance")}
    return {"payments.gateways.sandbox.url": url} | sources


def _payments(ports: Ports, run_folder: str) -> dict[str, Any]:
    webhook = f"http://127.0.0.1:{ports[WALLET]}/api/v1/wallet/webhook/deposit"
    file = f"{run_folder}/payments/facts.jsonl"
    return _bind(PAYMENTS, ports) | {"webhook.url": webhook, "file": file}


def _prepare(file: Path, changes: Changes, folder: Path) -> Path:
    original = _read(file)
    changed = _read(file)
    for key, value in changes.items():
        *tables, name = key.split(".")
        table = changed
        for step in tables:
            table = table.setdefault(step, {})
        if value is None:
            table.pop(name, None)
        else:
            table[name] = value
    if changed == original:
        return file
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / file.name
    copy.write_text(write_toml(changed), encoding="utf-8")
    return copy


def _read(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _credentials(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if list(value) == ["credential"]:
            yield str(value["credential"])
        for inner in value.values():
            yield from _credentials(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _credentials(inner)


def _table(document: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, value in document.items():
        if not isinstance(value, dict):
            yield f"{json.dumps(name)} = {_value(value)}"
    for name, value in document.items():
        if isinstance(value, dict):
            inner = f"{path}{json.dumps(name)}"
            yield f"[{inner}]"
            yield from _table(value, f"{inner}.")


def _value(value: Any) -> str:
    """Write a plain value; JSON and TOML agree on text, numbers and truth values."""
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(name)} = {_value(one)}" for name, one in value.items())
        return f"{{ {inner} }}"
    return json.dumps(value, ensure_ascii=False)
