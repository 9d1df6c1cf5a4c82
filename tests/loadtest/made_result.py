"""A result of the load test with every part in it, made up."""

from typing import Any

from loadtest.showing.result import Result

HOSTILE = '<script>alert("1")</script>'


def times(p50: float, count: int = 1000) -> dict[str, float]:
    """Make percentiles that follow from the median."""
    return {
        "count": count, "p50": p50, "p95": p50 * 2, "p99": p50 * 3, "p99_9": p50 * 4, "max": p50 * 5,
    }  # fmt: skip


def moment(at: float) -> dict[str, Any]:
    """Make a second of the timeline."""
    return {
        "at": at, "actions_per_s": 200.0 + at, "hands_per_s": 12.5, "own_ack_p99_ms": 6.0,
        "all_seats_p99_ms": 9.0, "connected": 480, "seated": 470,
        "client_cpu_share": 0.5, "client_lag_ms": 1.5,
        "nodes": {"node-1": {"cpu_share": 0.25, "rss_kib": 81_920}},
    }  # fmt: skip


def made(**changes: Any) -> dict[str, Any]:
    """Make the document; changes replace whole parts of it."""
    document: dict[str, Any] = {
        "form": 1,
        "profile": {
            "name": "plan-500", "players": 480, "tables": 80, "seats": 6, "pace": "human", "seconds": 60,
            "seed": 1, "encoding": "msgpack", "processes": 2, "scenarios": [],
        },
        "machine": {"cpus": 2, "cpu": "A processor", "python": "3.11.9", "system": "Linux"},
        "began_unix": 1_790_000_000, "seconds": 61.25,
        "latency_ms": {"own_ack": times(2.125), "all_seats": times(3.25)},
        "http_ms": {"login": times(40.5), "lobby": times(1.75)},
        "actions": 12_000, "actions_per_s": 196.1, "hands_seen": 700, "hands_per_s": 11.4,
        "errors": {
            "refusals": {"not_your_turn": 3}, "protocol_errors": {}, "connections_lost": 1,
            "failed_attempts": 0, "reconnects": 1,
        },
        "client": {
            "processes": [{"players": 240, "cpu_share": 0.4, "lag_p99_ms": 2.5, "lag_max_ms": 11.5}],
            "cpu_us_per_action": 1_600, "is_bottleneck": False,
        },
        "server": {
            "node-1": {
                "kind": "node", "cpu_us_per_action": 950, "cpu_share": 0.21, "rss_kib_start": 70_000,
                "rss_kib_end": 99_840, "connections": 480, "tables": 80, "kib_per_connection": 62.5,
                "kib_per_table": 31.5,
            },
            "wallet_worker": {"kind": "wallet_worker", "cpu_us_per_action": 600, "cpu_share": 0.13},
            "shard_router": None,
        },
        "ledger": {"is_balanced": True, "how": "reconciliation"},
        "timeline": [moment(1), moment(2), moment(3)],
        "histogram": {"own_ack": [[2.0, 900], [8.0, 100]], "all_seats": [[3.0, 800], [12.0, 200]]},
    }  # fmt: skip
    return document | changes


def result(**changes: Any) -> Result:
    """Make it as it is read from a file."""
    return Result(made(**changes))
