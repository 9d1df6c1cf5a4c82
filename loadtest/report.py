"""Writes what a load test has found, as JSON and for people."""

import json
import os
import platform
from pathlib import Path
from typing import Any, Final, TextIO

from attrs import frozen

from loadtest.client_load import Load
from loadtest.gathering import Gathering
from loadtest.numbers import COUNTS, Numbers
from loadtest.profile import Profile
from loadtest.server import Server

FORM: Final = 1
"""The form of the result; a change that readers cannot pass over raises it."""


@frozen
class Course:
    """When what was: the begin in seconds since 1970, how long all of it took, and how long what counts."""

    began_unix: float
    seconds: float
    measured_seconds: float


def final_report(
    profile: Profile, course: Course, gathering: Gathering, server: Server, is_balanced: bool | None
) -> dict[str, Any]:
    """Give all numbers of a load test.

    Times, actions and hands are those of the measured part; errors and what else is counted, of all of it.
    """
    measured, whole = gathering.measured, gathering.whole
    seconds = max(course.measured_seconds, 1e-6)
    return {
        "form": FORM,
        "profile": describe_profile(profile, len(gathering.loads)),
        "machine": describe_machine(),
        "began_unix": round(course.began_unix, 3),
        "seconds": round(course.measured_seconds, 3),
        "total_seconds": round(course.seconds, 3),
        **describe_progress(gathering, measured),
        "latency_ms": {
            "own_ack": measured.own_ack.as_json(),
            "all_seats": measured.all_seats.as_json(),
        },
        "http_ms": {route: times.as_json() for route, times in sorted(whole.http.items())},
        "actions_per_s": round(len(measured.own_ack) / seconds, 2),
        "hands_per_s": round(measured.counts["hands_seen"] / seconds, 3),
        "errors": {
            "refusals": dict(sorted(whole.refusals.items())),
            "protocol_errors": dict(sorted(whole.protocol_errors.items())),
            "connections_lost": whole.counts["connections_lost"],
            "failed_attempts": whole.counts["failed_attempts"],
            "reconnects": whole.counts["reconnects"],
        },
        "client": describe_clients(gathering, profile),
        "server": server.as_json() or None,
        "ledger": {"is_balanced": is_balanced, "how": "reconciliation"},
        **describe_scenarios(profile, gathering),
        "timeline": gathering.timeline,
        "histogram": {
            "own_ack": measured.own_ack.as_histogram(),
            "all_seats": measured.all_seats.as_histogram(),
        },
    }


def describe_progress(gathering: Gathering, numbers: Numbers) -> dict[str, Any]:
    """Give the numbers that every line of a running load test has too."""
    whole = gathering.whole
    percents = {f"p{percent}_ms": numbers.own_ack.percentile_ms(percent) for percent in (50, 95, 99)}
    return {
        "actions": len(numbers.own_ack),
        **percents,
        "connected": gathering.connected,
        "seated": gathering.seated,
        **{name: whole.counts[name] for name in COUNTS},
        "hands_seen": numbers.counts["hands_seen"],
        "refusals": dict(sorted(whole.refusals.items())),
        "protocol_errors": dict(sorted(whole.protocol_errors.items())),
    }


def describe_profile(profile: Profile, processes: int) -> dict[str, Any]:
    """Say what was played."""
    return {
        "name": profile.name,
        "players": profile.players,
        "tables": profile.tables or None,
        "seats": profile.seats,
        "pace": profile.pace.name,
        "seconds": profile.seconds,
        "ramp_seconds": profile.ramp_seconds,
        "warm_up_seconds": profile.warm_up_seconds,
        "seed": profile.seed,
        "encoding": profile.encoding.value,
        "processes": processes,
        "scenarios": profile.scenarios.names(),
        "counts": "everything" if profile.counts_everything else "after ramp-up and warm-up",
    }


def describe_machine() -> dict[str, Any]:
    """Say where the load test ran; the server may stand elsewhere."""
    return {
        "cpus": os.cpu_count(),
        "cpu": _cpu_model(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def describe_clients(gathering: Gathering, profile: Profile) -> dict[str, Any]:
    """Say how busy the processes were that played, and whether that may have made latencies worse."""
    loads = gathering.loads
    actions = len(gathering.measured.own_ack)
    cpu = sum(load.cpu_seconds for load in loads)
    share = profile.players // len(loads)
    return {
        "processes": [_describe_load(load, share) for load in loads],
        "cpu_us_per_action": round(cpu * 1e6 / actions, 1) if actions else None,
        "is_bottleneck": any(load.is_too_high() for load in loads),
    }


def _describe_load(load: Load, players: int) -> dict[str, Any]:
    return {
        "players": players,
        "cpu_share": round(load.cpu_share, 3),
        "lag_p99_ms": load.lag.percentile_ms(99),
        "lag_max_ms": load.lag.percentile_ms(100),
    }


def describe_scenarios(profile: Profile, gathering: Gathering) -> dict[str, Any]:
    """Say what came of each scenario that ran."""
    whole, scenarios = gathering.whole, profile.scenarios
    counts = whole.counts
    found: dict[str, Any] = {}
    if scenarios.storm is not None:
        found["storm"] = _describe_storm(scenarios.storm.share, whole)
    if scenarios.slow_readers is not None:
        before, after = gathering.halves
        found["slow_readers"] = {
            "connections": counts["slow_opened"],
            "failed": counts["slow_failed"],
            "bytes_per_second": scenarios.slow_readers.bytes_per_second,
            "closed_as_too_slow": counts["slow_closed"],
            "all_seats_ms_before": before.all_seats.as_json(),
            "all_seats_ms_with": after.all_seats.as_json(),
        }
    if scenarios.lobby_watchers is not None:
        found["lobby_watchers"] = {
            "watchers": scenarios.lobby_watchers.watchers,
            "period_seconds": scenarios.lobby_watchers.period_seconds,
            "looks": counts["lobby_looks"],
            "failed": sum(count for name, count in counts.items() if name.startswith("lobby_failed")),
            "lobby_ms": whole.http["lobby"].as_json(),
        }
    if scenarios.chat is not None:
        found["chat"] = {
            "lines_per_minute": scenarios.chat.lines_per_minute,
            "said": len(whole.waits["chat"]),
            "refused": counts["not_said"],
            "ack_ms": whole.waits["chat"].as_json(),
        }
    return found


def _describe_storm(share: float, whole: Numbers) -> dict[str, Any]:
    back, broken = whole.waits["storm"], whole.counts["storm_broken"]
    return {
        "share": share,
        "connections": broken,
        "back": len(back),
        "p50_s": _seconds(back.percentile_ms(50)),
        "p95_s": _seconds(back.percentile_ms(95)),
        "all_s": _seconds(back.percentile_ms(100)) if len(back) >= broken else None,
    }


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / 1000, 3)


def write_line(report: dict[str, Any], stream: TextIO) -> None:
    """Write one object on a line of its own, at once."""
    stream.write(json.dumps(report, separators=(",", ":")) + "\n")
    stream.flush()
