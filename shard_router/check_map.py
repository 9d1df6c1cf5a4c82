"""The command ``python -m shard_router check-map``: the shard map in the settings, looked at as a whole.

It reads the settings files of a router and of all nodes, and no credentials, so it runs anywhere.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar, assert_never

from attrs import field, frozen

from cardroom.ids import NodeId, ShardId
from cardroom.service.run import EXIT_CONFIGURATION
from cardroom.service.settings import BadSettings, structure_settings
from shard_router.rules.shard_map import MapFinding, MapTrouble, NodeShards, ShardMap, check_shard_map
from shard_router.settings import check_shards

T = TypeVar("T")

COMMAND: Final = "check-map"
_CONFIG: Final = Path("configs/shard_router.toml")
_NODES: Final = "node-*.toml"


@frozen
class _RouterPart:
    shards: tuple[ShardId, ...] = field(validator=check_shards)


@frozen
class _NodePart:
    node_id: NodeId
    shards: tuple[ShardId, ...]
    standby_for: tuple[ShardId, ...] = ()


def run_check_map(arguments: Sequence[str]) -> int:
    """Check and print; gives the exit code: 0 all is well, 1 a fault, 2 wrong usage, 78 bad settings."""
    options = _command_line().parse_args(arguments)
    files = options.nodes or sorted(options.config.parent.glob(_NODES))
    try:
        nodes = tuple(_read_node(file) for file in files)
        router = _read(_RouterPart, options.config)
    except BadSettings as fault:
        sys.stderr.write(f"{fault}\n")
        return EXIT_CONFIGURATION
    shard_map = ShardMap(router.shards, nodes, dict(options.weight))
    findings = check_shard_map(shard_map, options.factor)
    is_sound = all(one.is_warning and not options.strict for one in findings)
    text = _as_json(shard_map, findings, is_sound) if options.json else _as_text(shard_map, findings)
    sys.stdout.write(f"{text}\n")
    return 0 if is_sound else 1


def _command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m shard_router {COMMAND}")
    parser.add_argument("--config", type=Path, default=_CONFIG, help="a router's settings: every shard")
    parser.add_argument(
        "--nodes", type=Path, nargs="+", metavar="FILE",
        help=f"all nodes' settings (default: {_NODES} beside the router's)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--strict", action="store_true", help="warnings are faults, too")
    parser.add_argument(
        "--factor", type=float, default=1.0,
        help="how many times as much as another one a node may play (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--weight", type=_weight, action="append", default=[], metavar="SHARD=N",
        help="a shard that counts as N; may be repeated",
    )  # fmt: skip
    return parser


def _weight(text: str) -> tuple[ShardId, int]:
    shard, _, number = text.partition("=")
    if not (shard.isascii() and shard.isdigit() and number.isascii() and number.isdigit()):
        raise argparse.ArgumentTypeError(f"SHARD=N expected, not {text!r}")
    return ShardId(int(shard)), int(number)


def _read_node(file: Path) -> NodeShards:
    part = _read(_NodePart, file)
    return NodeShards(part.node_id, part.shards, part.standby_for)


def _read(kind: type[T], file: Path) -> T:
    """Read the few keys that say who plays what; the rest is for the process itself to check."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSettings(f"{file}: {error}") from error
    wanted = {one.name for one in kind.__attrs_attrs__}  # type: ignore[attr-defined]
    part = {name: value for name, value in document.items() if name in wanted}
    return structure_settings(kind, part, str(file), {})


def _as_json(shard_map: ShardMap, findings: Sequence[MapFinding], is_sound: bool) -> str:
    document: Mapping[str, Any] = {
        "ok": is_sound,
        "shards": sorted(shard_map.shards),
        "nodes": [
            {"node": node.node, "shards": sorted(node.shards), "standby_for": sorted(node.standby_for)}
            for node in shard_map.nodes
        ],
        "faults": [_as_document(one) for one in findings if not one.is_warning],
        "warnings": [_as_document(one) for one in findings if one.is_warning],
    }
    return json.dumps(document)


def _as_document(finding: MapFinding) -> Mapping[str, Any]:
    return {
        "trouble": finding.trouble.value,
        "shard": finding.shard,
        "nodes": list(finding.nodes),
        "text": say_finding(finding),
    }


def _as_text(shard_map: ShardMap, findings: Sequence[MapFinding]) -> str:
    lines = [
        f"{'warning' if one.is_warning else 'fault'}: {one.trouble.value}: {say_finding(one)}"
        for one in findings
    ]
    counted = f"{len(shard_map.shards)} shards, {len(shard_map.nodes)} nodes"
    if not findings:
        return f"{counted}: every shard has one node, and a standby"
    return "\n".join([*lines, counted])


def say_finding(finding: MapFinding) -> str:
    """Say for people what is wrong."""
    shard, nodes = finding.shard, ", ".join(finding.nodes)
    match finding.trouble:
        case MapTrouble.GAP:
            return f"no node has shard {shard}" + (f" (only a standby: {nodes})" if nodes else "")
        case MapTrouble.DOUBLE:
            return f"shard {shard} is the own shard of several nodes: {nodes}"
        case MapTrouble.NODE_TWICE:
            return f"two settings are of {nodes}"
        case MapTrouble.UNKNOWN_SHARD:
            return f"the routers do not know shard {shard} of {nodes}"
        case MapTrouble.NO_STANDBY:
            return f"nobody stands by for shard {shard} of {nodes}"
        case MapTrouble.OWN_STANDBY:
            return f"{nodes} stands by for its own shard {shard}"
        case MapTrouble.UNBALANCED:
            return f"{finding.nodes[0]} plays much more than {finding.nodes[1]}"
        case _ as unreachable:
            assert_never(unreachable)
