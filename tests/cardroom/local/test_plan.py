"""What a local cluster is made of."""

import tomllib
from pathlib import Path

from cardroom.local.plan import TABLES, BotPlan, ClusterPlan, Limits
from cardroom.local.ports import free_ports


def test_after_a_signal_all_steps_together_take_less_than_five_seconds() -> None:
    limits = Limits()
    steps = (
        limits.bots_stop,
        limits.doors_stop,
        limits.wallet_stop,
        limits.payments_stop,
        limits.valkey_stop,
        limits.postgres_stop,
    )
    assert sum(step.hurried for step in steps) < 4.5
    assert all(step.hurried < step.calm for step in steps)
    assert (limits.postgres.stop, limits.valkey.stop) == (limits.postgres_stop, limits.valkey_stop)


def test_three_stakes_on_both_nodes_with_a_seat_for_each_bot(project_root: Path) -> None:
    configs = project_root / "configs"
    stakes = tomllib.loads((configs / "stakes.toml").read_text(encoding="utf-8"))["stakes"]
    nodes = [
        tomllib.loads((configs / "dev" / f"node-{number}.toml").read_text(encoding="utf-8"))["shards"]
        for number in (1, 2)
    ]
    assert {table.stake for table in TABLES} == {"low", "low_action", "middle", "high"} <= set(stakes)
    assert all({table.shard for table in TABLES} & set(shards) for shards in nodes)
    assert sum(table.seat_count for table in TABLES) >= BotPlan().players


def test_without_payments_the_worker_is_told_of_none(tmp_path: Path) -> None:
    plan = ClusterPlan(tmp_path, tmp_path, free_ports(), settings={"wallet_worker.toml": {"nodes": []}})
    assert plan.all_settings == {"wallet_worker.toml": {"payments": None, "nodes": []}}
    assert ClusterPlan(tmp_path, tmp_path, free_ports(), has_payments=True).all_settings == {}
