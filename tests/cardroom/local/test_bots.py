"""The bots' process: what it is told, and what it tells."""

import json
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from cardroom.local.bots import Live, bots_command, read_report, report_file
from cardroom.local.plan import ClusterPlan
from cardroom.local.ports import free_ports
from cardroom.local.processes import ProcessFailed
from loadtest.options import read_options


@pytest.fixture
def plan(tmp_path: Path) -> ClusterPlan:
    return ClusterPlan(project=tmp_path, folder=tmp_path, ports=free_ports())


def test_the_load_test_understands_its_command_line(plan: ClusterPlan) -> None:
    plan.credentials.mkdir()
    (plan.credentials / "bots_password").write_text("secret\n", encoding="utf-8")
    profile = read_options(list(bots_command(plan, "http://127.0.0.1:1")[3:]), {}).profile
    assert profile.router_url == "http://127.0.0.1:1"
    assert (profile.players, profile.names, profile.password) == (24, "bot", "secret")
    assert profile.is_live
    assert profile.json_file == report_file(plan)
    assert profile.pace.name == "fast"


async def test_they_play_from_their_first_action_on() -> None:
    live = Live()
    live.take(b'{"actions": 0}')
    live.take(b"Traceback")
    live.take(b"[]")
    with trio.move_on_after(0) as waiting:
        await live.wait_until_playing()
    assert waiting.cancelled_caught
    live.take(b'{"actions": 1}')
    await live.wait_until_playing()
    assert live.report == {"actions": 1}


async def test_bots_that_never_play_are_told(autojump_clock: MockClock) -> None:
    with pytest.raises(ProcessFailed, match="did not play"):
        await Live().wait_until_playing()


def test_the_last_line_stands_in_for_a_missing_report(plan: ClusterPlan) -> None:
    live = Live()
    live.take(b'{"p99_ms": 5.0}')
    assert read_report(plan, live) == {"p99_ms": 5.0}
    report_file(plan).write_text(json.dumps({"p99_ms": 7.0}), encoding="utf-8")
    assert read_report(plan, live) == {"p99_ms": 7.0}
