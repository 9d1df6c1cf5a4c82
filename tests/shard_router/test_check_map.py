"""The command that looks at the shard map, as an operator runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shard_router.check_map import run_check_map, say_finding
from shard_router.rules.shard_map import MapFinding, MapTrouble
from tests.shard_router.test_main import ROOT


def write(folder: Path, **files: str) -> list[str]:
    """Write a router's file and nodes' files; give the options that name the router's."""
    for name, text in files.items():
        (folder / f"{name.replace('_', '-')}.toml").write_text(text, encoding="utf-8")
    return ["--config", str(folder / "router.toml")]


ROUTER = 'shards = [0, 1]\nticket_key = { credential = "ticket_key" }\n'
NODE_1 = 'node_id = "node-1"\nshards = [0]\nstandby_for = [1]\nsurprise = 1\n'
NODE_2 = 'node_id = "node-2"\nshards = [1]\nstandby_for = [0]\n'


@pytest.mark.parametrize("folder", ["configs", "configs/dev"])
def test_the_delivered_settings_are_sound(folder: str) -> None:
    line = [sys.executable, "-m", "shard_router", "check-map", "--config", f"{folder}/shard_router.toml"]
    done = subprocess.run(line, cwd=ROOT, check=False, capture_output=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"4 shards, 2 nodes: every shard has one node, and a standby\n"


def test_faults_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = write(tmp_path, router=ROUTER, node_1=NODE_1, node_2='node_id = "node-2"\nshards = [7]\n')
    assert run_check_map(options) == 1
    assert capsys.readouterr().out.splitlines() == [
        "fault: no_standby: nobody stands by for shard 0 of node-1",
        "fault: gap: no node has shard 1 (only a standby: node-1)",
        "fault: unknown_shard: the routers do not know shard 7 of node-2",
        "2 shards, 2 nodes",
    ]


def test_faults_for_machines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = write(tmp_path, router=ROUTER, node_1=NODE_1)
    options += ["--json", "--nodes", str(tmp_path / "node-1.toml"), str(tmp_path / "node-1.toml")]
    assert run_check_map(options) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    assert document["nodes"][0] == {"node": "node-1", "shards": [0], "standby_for": [1]}
    assert [one["trouble"] for one in document["faults"]] == ["node_twice", "no_standby", "gap"]
    assert document["faults"][2] == {
        "trouble": "gap", "shard": 1, "nodes": ["node-1"],
        "text": "no node has shard 1 (only a standby: node-1)",
    }  # fmt: skip


def test_warnings_are_faults_only_when_that_is_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    three = NODE_1.replace("[0]", "[0, 2, 3]")
    options = write(
        tmp_path, router="shards = [0, 1, 2, 3]", node_1=three, node_2=NODE_2.replace("[0]", "[0, 2, 3]")
    )
    assert run_check_map(options) == 0
    assert "warning: unbalanced: node-1 plays much more than node-2" in capsys.readouterr().out
    assert run_check_map([*options, "--strict"]) == 1
    assert run_check_map([*options, "--strict", "--factor", "3"]) == 0
    assert run_check_map([*options, "--strict", "--weight", "1=3"]) == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("router", "shards = [0, 0]"),
        ("router", "shards = []"),
        ("router", "ticket_key = 1"),
        ("router", "shards = ["),
        ("node_1", "shards = [0]"),
        ("node_1", 'node_id = "node-1"\nshards = ["0"]'),
        ("node_1", 'node_id = "node-1"\nshards = 4'),
    ],
)
def test_bad_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str) -> None:
    options = write(tmp_path, **{"router": ROUTER, "node_1": NODE_1, "node_2": NODE_2, name: text})
    assert run_check_map(options) == 78
    assert f"{name.replace('_', '-')}.toml" in capsys.readouterr().err


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_check_map(["--config", str(tmp_path / "no.toml")]) == 78
    assert "no.toml" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options", [["--surprise"], ["--weight", "1"], ["--weight", "a=1"], ["--factor", "x"]]
)
def test_wrong_usage(options: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_check_map(options)
    assert ended.value.code == 2


@pytest.mark.parametrize("trouble", MapTrouble)
def test_everything_can_be_said(trouble: MapTrouble) -> None:
    assert "node-1" in say_finding(MapFinding(trouble, None, ("node-1", "node-2")))  # type: ignore[arg-type]
