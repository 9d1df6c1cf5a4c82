"""A whole load test, small: a cluster of its own, two processes that play, and every scenario."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.timeout(150)
def test_two_processes_play_with_every_scenario_and_the_ledger_balances(
    project_root: Path, tmp_path: Path
) -> None:
    file, page = tmp_path / "result.json", tmp_path / "result.html"
    command = [
        sys.executable, "-m", "loadtest", "--local", "--profile", "fast", "--players", "12", "--tables", "4",
        "--processes", "2", "--ramp-seconds", "2", "--warm-up-seconds", "1", "--seconds", "14",
        "--hands-per-visit", "20", "--storm", "1.0", "--slow-readers", "3", "--lobby-watchers", "4",
        "--chat", "20", "--json", str(file), "--html", str(page), "--profile-nodes",
    ]  # fmt: skip
    slow = tmp_path / "slow.toml"
    slow.write_text(_PROFILE, encoding="utf-8")
    command[command.index("fast")] = str(slow)
    ended = subprocess.run(command, cwd=project_root, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    result = json.loads(file.read_text(encoding="utf-8"))
    _check_play(result)
    _check_server(result)
    _check_scenarios(result)
    _check_page(result, page)
    assert "measuring" in ended.stderr


_PROFILE = """
players = 12
tables = 4
pace = "fast"
[scenarios.storm]
after_seconds = 2
[scenarios.slow_readers]
after_seconds = 1
"""


def _check_play(result: dict[str, Any]) -> None:
    assert result["actions"] > 50
    assert result["hands_seen"] > 3
    assert result["latency_ms"]["own_ack"]["count"] == result["actions"]
    assert result["latency_ms"]["all_seats"]["count"] > 0.7 * result["actions"]
    assert result["latency_ms"]["own_ack"]["p99"] > 0
    assert result["protocol_errors"] == {}
    assert (result["connected"], result["seated"]) == (0, 0)
    assert {"login", "seats", "ticket", "lobby"} <= set(result["http_ms"])
    assert [process["players"] for process in result["client"]["processes"]] == [6, 6]
    assert result["profile"]["counts"] == "after ramp-up and warm-up"
    assert len(result["timeline"]) >= 14


def _check_server(result: dict[str, Any]) -> None:
    assert result["ledger"] == {"is_balanced": True, "how": "reconciliation"}
    assert set(result["server"]) == {"node-1", "wallet_worker", "shard_router"}
    node = result["server"]["node-1"]
    assert node["cpu_us_per_action"] > 0
    assert node["tables"] == 4
    assert node["connections"] >= 12


def _check_scenarios(result: dict[str, Any]) -> None:
    storm = result["storm"]
    assert storm["connections"] == storm["back"] > 6
    assert 0 < storm["p50_s"] <= storm["all_s"] < 10
    assert result["slow_readers"]["connections"] == 3
    assert result["lobby_watchers"]["looks"] > 4
    assert result["chat"]["said"] + result["chat"]["refused"] > 5


def _check_page(result: dict[str, Any], page: Path) -> None:
    assert list(result["profiles"]) == ["node-1"]
    assert 0 < len(result["profiles"]["node-1"]["top"]) <= 10
    assert "The dearest functions of node-1" in page.read_text(encoding="utf-8")
