"""What an action costs here, in the replaced design and in bare uvicorn: ``python -m bench.baseline``.

In alternating rounds on the same machine the same bots play at 16 tables of six against the product (one
node, wallet worker, router), and against the replaced design, the state of its tables shared between workers
or kept in one's memory; an equal stream of actions is told by bare uvicorn. All processes that serve players
are on the first core; players, PostgreSQL and Valkey on the others. Figures are medians of the rounds.
"""

import json
import os
import statistics
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final

import trio
from attrs import frozen

from bench.playing import Play, Played, play, play_bare
from bench.room import (
    Room,
    end_in_order_on_sigterm,
    make_load,
    open_bare_room,
    open_baseline_room,
    open_cluster_room,
    players_apart,
)

TABLES: Final = 16
SEATS: Final = 6
PLAYERS: Final = TABLES * SEATS
SLOWER: Final = {"": "30-90"}
RATES: Final = {**SLOWER, "_fast": "10-40"}
"""How long players think, by the ending of the figures' names: about 230 actions/s, and twice as many."""
SECONDS: Final = 12.0
ROUNDS: Final = 3
LOAD: Final = make_load(PLAYERS, TABLES, SEATS)

ALL: Final = ("node", "baseline", "baseline_kept", "bare")

Found = dict[str, list[float]]
"""What was found in each round, by name."""


@frozen
class Design:
    """Something to be measured: how it is opened, and whose processor time counts."""

    name: str
    open: Callable[[], AbstractAsyncContextManager[Room]]
    processes: tuple[str, ...]
    play: Callable[[Play, Room], Awaitable[Played]] = play


def all_designs() -> Sequence[Design]:
    """Give all that are compared, in the order of ``ALL``."""
    return (
        Design("node", lambda: open_cluster_room(LOAD), ("node-1", "wallet_worker", "shard_router")),
        Design("baseline", lambda: open_baseline_room(LOAD, "shared"), ("baseline",)),
        Design("baseline_kept", lambda: open_baseline_room(LOAD, "kept"), ("baseline",)),
        Design("bare", lambda: open_bare_room(LOAD), ("bare",), partial(play_bare, tables=TABLES)),
    )


def measure(
    names: Sequence[str] = ALL, rounds: int = 1, rates: Mapping[str, str] = SLOWER, seconds: float = 8.0
) -> dict[str, float]:
    """Give the medians and ratios by name; the short form has one round at one rate."""
    return summarize(trio.run(_measure, names, rounds, rates, seconds))


async def _measure(names: Sequence[str], rounds: int, rates: Mapping[str, str], seconds: float) -> Found:
    """Measure in rounds, every other one the other way round."""
    found: Found = {}
    designs = [design for design in all_designs() if design.name in names]
    with players_apart(LOAD.cores):
        for _ in range(rounds):
            for design in designs:
                async with design.open() as room:
                    for ending, think_ms in rates.items():
                        asked = Play(PLAYERS, think_ms, seconds, seats=SEATS)
                        _note(found, design, ending, await design.play(asked, room))
            designs.reverse()
    return found


def _note(found: Found, design: Design, ending: str, played: Played) -> None:
    """Keep what one round has found of one design."""
    costs = {name: played.cpu(name) for name in design.processes}
    figures = {
        f"{design.name}_cpu_us_per_action": costs[design.processes[0]],
        f"{design.name}_actions_per_s": played.actions_per_s,
        f"{design.name}_own_ack_p50_ms": played.latency("own_ack", "p50"),
        f"{design.name}_own_ack_p99_ms": played.latency("own_ack", "p99"),
        f"{design.name}_all_seats_p50_ms": played.latency("all_seats", "p50"),
        f"{design.name}_all_seats_p99_ms": played.latency("all_seats", "p99"),
        **{f"{design.name}_{engine}_us_per_action": us for engine, us in played.engines.items()},
    }
    if design.name == "node":
        figures["wallet_worker_cpu_us_per_action"] = costs["wallet_worker"]
        figures["shard_router_cpu_us_per_action"] = costs["shard_router"]
        figures["node_and_worker_cpu_us_per_action"] = costs["node-1"] + costs["wallet_worker"]
        for kind, count in played.transactions_per_hand.items():
            figures[_TRANSACTIONS[kind]] = count
    for name, value in figures.items():
        found.setdefault(name + ending, []).append(value)


def summarize(found: Found) -> dict[str, float]:
    """Give medians and ratios, which are paired by round, and the spread of what says most."""
    figures: dict[str, float] = {}
    for name, values in found.items():
        _add(figures, name, values, has_spread="cpu_us_per_action" in name)
    for ending in RATES:
        for ratio, above, below in _RATIOS:
            if above + ending in found and below + ending in found:
                pairs = zip(found[above + ending], found[below + ending], strict=True)
                _add(figures, ratio + ending, [ours / theirs for ours, theirs in pairs], has_spread=True)
    if "node_cpu_us_per_action" in figures:
        figures["cpu_us_per_action"] = figures["node_cpu_us_per_action"]
    return figures


def _add(figures: dict[str, float], name: str, values: Sequence[float], *, has_spread: bool) -> None:
    figures[name] = round(statistics.median(values), 3)
    if has_spread and len(values) > 1:
        figures[f"{name}_least"] = round(min(values), 3)
        figures[f"{name}_most"] = round(max(values), 3)


_TRANSACTIONS: Final = {
    "all": "loadtest_db_transactions_per_hand",
    "settling": "loadtest_settling_transactions_per_hand",
}
_RATIOS: Final = (
    ("cpu_vs_baseline", "node_cpu_us_per_action", "baseline_cpu_us_per_action"),
    ("cpu_with_worker_vs_baseline", "node_and_worker_cpu_us_per_action", "baseline_cpu_us_per_action"),
    ("cpu_vs_baseline_kept", "node_cpu_us_per_action", "baseline_kept_cpu_us_per_action"),
    ("cpu_vs_bare", "node_cpu_us_per_action", "bare_cpu_us_per_action"),
    ("cpu_with_worker_vs_bare", "node_and_worker_cpu_us_per_action", "bare_cpu_us_per_action"),
)


def main() -> None:
    """Measure all rounds at both rates; print a table, and as the last line one JSON object."""
    end_in_order_on_sigterm()
    figures = measure(rounds=int(os.environ.get("ROUNDS") or ROUNDS), rates=RATES, seconds=SECONDS)
    for name, value in figures.items():
        sys.stdout.write(f"{name:48} {value:>12,.3f}\n")
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
