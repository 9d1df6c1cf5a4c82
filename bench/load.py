"""What a load costs and how long players wait under it: ``python -m bench.load``.

The short form of ``bench.baseline``, and these:

- 500 players at human pace on 80 tables, the node alone on the first core: how long an action takes until all
  seats have it, and what the node keeps for each connection. Also what the node takes of the core.
- What an action costs at nine seats beside six, and with 1,000 players beside 96. The many think ten times as
  long, so there are as many actions a second and the difference is the cost of size; else each action of the
  few would have to bear what an idle node takes anyway.
- What all processes of an idle cluster with two nodes take, PostgreSQL and Valkey included.

With ``LONG=1`` also 5,000 players on one node, and how its memory grows in ``MINUTES`` (30).
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import trio
from attrs import evolve

from bench import baseline
from bench.playing import Play, Played, play
from bench.room import cpu_seconds, end_in_order_on_sigterm, make_load, open_cluster_room, players_apart
from cardroom.local.cores import nodes_apart
from cardroom.local.load import LoadPlan, open_load
from cardroom.local.plan import BotPlan, ClusterPlan
from cardroom.local.ports import free_ports

Figures = dict[str, float]

THINK_MS: Final = "30-90"
SEATS: Final = 6
MANY_SEATS: Final = 9
TABLES: Final = 16
SECONDS: Final = 7.0

HUMANS: Final = 500
HUMAN_TABLES: Final = 80
HUMAN_SEATS: Final = 9
"""More seats than players, who spread over all tables: six or seven at each."""

SIZES: Final = {1000: "300-900", 5000: "1500-4500"}
"""How long so many players think, that they act as often as 96 who think for 30 to 90 ms."""

HASTY_PLAYERS: Final = 1000
LONG_RAMP_SECONDS: Final = 400.0
"""More players than these come slowly: each login is 25 ms of a core, and who is kept waiting asks again."""

IDLE_SECONDS: Final = 12.0
SETTLE_SECONDS: Final = 2.0


def measure() -> Mapping[str, float]:
    """Give the figures by name; with ``LONG`` in the environment, those that take long too."""
    figures = dict(baseline.measure(("node", "baseline", "bare"), seconds=SECONDS))
    figures |= trio.run(_measure, figures["node_cpu_us_per_action"])
    if os.environ.get("LONG"):
        figures |= trio.run(_measure_long, figures["node_cpu_us_per_action"])
    return figures


async def _measure(usual_cost: float) -> Figures:
    """Give all that is short; ``usual_cost`` is that of an action of 96 players at tables of six."""
    seats = await measure_cost(MANY_SEATS * TABLES, TABLES, MANY_SEATS, THINK_MS)
    size = await measure_cost(1000, _tables_for(1000), SEATS, SIZES[1000])
    return {
        **await measure_humans(),
        "cpu_9_vs_6_seats": seats / usual_cost,
        "cpu_1000_vs_100_players": size / usual_cost,
        "idle_cluster_cpu": await measure_idle_cluster(),
    }


def _tables_for(players: int) -> int:
    """Give some more seats than players at tables of six."""
    return players // SEATS + players // 100 + 1


async def measure_cost(players: int, tables: int, seats: int, think_ms: str) -> float:
    """Give microseconds of the node's processor time for an action."""
    load = make_load(players, tables, seats)
    ramp_seconds = LONG_RAMP_SECONDS if players > HASTY_PLAYERS else 3.0 + players / 100
    asked = Play(players, think_ms, SECONDS, ramp_seconds=ramp_seconds, seats=seats)
    with players_apart(load.cores):
        async with open_cluster_room(load) as room:
            return (await play(asked, room)).cpu("node-1")


async def measure_humans() -> Figures:
    """Give what 500 people wait for, and what they cost; all of the first core is the node's."""
    load = evolve(_humans(HUMANS, HUMAN_TABLES, HUMAN_SEATS), nodes=1)
    asked = Play(HUMANS, None, 20.0, ramp_seconds=8.0, warm_up_seconds=5.0, seats=HUMAN_SEATS)
    with players_apart(load.cores):
        async with open_cluster_room(load) as room:
            played = await play(asked, room)
    node = played.result["server"]["node-1"]
    return {
        "p95_ms_500_players": played.latency("all_seats", "p95"),
        "p99_ms_500_players": played.latency("all_seats", "p99"),
        "own_ack_p99_ms_500_players": played.latency("own_ack", "p99"),
        "actions_per_s_500_players": played.actions_per_s,
        "node_cpu_500_players": float(node["cpu_share"]),
        "kib_per_connection": float(node["kib_per_connection"]),
    }


def _humans(players: int, tables: int, seats: int) -> LoadPlan:
    load = make_load(players, tables, seats)
    return evolve(load, cores=nodes_apart(), has_human_pauses=True)


async def measure_idle_cluster() -> float:
    """Give the share of one core that all processes of an idle cluster take together."""
    with TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        plan = ClusterPlan(Path.cwd(), folder, free_ports(), bots=BotPlan(players=0))
        async with open_load(plan, _pass_over):
            await trio.sleep(SETTLE_SECONDS)
            processes = json.loads((folder / "processes.json").read_text(encoding="utf-8"))
            pids = [one["pid"] for one in processes if one["name"] != "supervisor"]
            before, began = sum(map(cpu_seconds, pids)), trio.current_time()
            await trio.sleep(IDLE_SECONDS)
            return (sum(map(cpu_seconds, pids)) - before) / (trio.current_time() - began)


async def _measure_long(usual_cost: float) -> Figures:
    """Give what 5,000 players cost and wait for, and how the node's memory grows while they play."""
    size = await measure_cost(5000, _tables_for(5000), SEATS, SIZES[5000])
    minutes = float(os.environ.get("MINUTES") or 30.0)
    load = _humans(5000, _tables_for(5000), SEATS)
    asked = Play(5000, None, minutes * 60, ramp_seconds=LONG_RAMP_SECONDS, warm_up_seconds=30.0, processes=2)
    with players_apart(load.cores):
        async with open_cluster_room(load) as room:
            played = await play(asked, room)
    return {
        "cpu_5000_vs_100_players": size / usual_cost,
        "p95_ms_5000_players": played.latency("all_seats", "p95"),
        "p99_ms_5000_players": played.latency("all_seats", "p99"),
        "actions_per_s_5000_players": played.actions_per_s,
        "kib_per_connection_5000_players": float(played.result["server"]["node-1"]["kib_per_connection"]),
        "rss_growth_minutes": minutes,
        "rss_growth_30_min_percent": rss_growth_percent(played),
    }


def rss_growth_percent(played: Played) -> float:
    """Give how much more memory the node has at the end of what is measured than at its beginning."""
    seen = [
        node["rss_kib"]
        for second in played.result["timeline"]
        if second["phase"] == "measuring" and (node := second["nodes"].get("node-1"))
    ]
    few = max(1, len(seen) // 20)
    return float(sum(seen[-few:]) / sum(seen[:few]) - 1.0) * 100.0


def _pass_over(_: str) -> None:
    """Nobody looks at the console of a bench."""


if __name__ == "__main__":
    end_in_order_on_sigterm()
    sys.stdout.write(json.dumps({name: round(value, 3) for name, value in measure().items()}) + "\n")
