"""Shards of a running cluster, asked for and moved at the nodes' admin endpoints, as an operator does."""

import sys
from typing import Any

from cardroom.local.ports import NODE_1_ADMIN, NODE_2_ADMIN, PortOption
from tests.system.place import Place, wait_until

TABLES = {0: {"Han"}, 1: {"Nakdong"}, 2: {"Geum", "Imjin"}, 3: {"Seomjin"}}
ALL = {name for names in TABLES.values() for name in names}
NODE_1_SHARDS, NODE_2_SHARDS = (0, 2), (1, 3)
ADMIN = {"node-1": NODE_1_ADMIN, "node-2": NODE_2_ADMIN}


def tell(text: str) -> None:
    """Print a measure, for who wants to see it."""
    sys.stdout.write(f"{text}\n")


def played_at(place: Place, node: str) -> set[int]:
    """Give the shards that a node plays now; none while it does not answer."""
    answer = place.ask(ADMIN[node], "GET", "/admin/shards") or {"shards": []}
    return {one["shard"] for one in answer["shards"] if one["is_open"]}


def until_played(place: Place, node: str, shards: set[int], seconds: float = 30.0) -> None:
    """Wait until a node plays exactly these shards."""
    wait_until(lambda: played_at(place, node) == shards, f"{node} plays {sorted(shards)}", seconds)


def play_on(place: Place, hands: int, names: set[str] = ALL, seconds: float = 60.0) -> None:
    """Wait until each of these tables has settled so many more hands."""
    before = place.hands_by_table()
    wait_until(
        lambda: all(place.hands_by_table().get(name, 0) >= before.get(name, 0) + hands for name in names),
        f"{sorted(names)} settle {hands} more hands",
        seconds,
    )


def order(place: Place, option: PortOption, path: str, **body: str) -> None:
    """Order something; it must be accepted soon: nodes announce themselves each half second."""
    wait_until(
        lambda: place.ask(option, "POST", path, {"reason": "a test", **body}) is not None,
        f"{path} is accepted",
        5.0,
    )


def move(place: Place, node: str, shard: int, to: str) -> Any:
    """Move a shard, and give what is told of it when it is over."""
    order(place, ADMIN[node], f"/admin/shards/{shard}/move", to=to)
    found: list[Any] = []

    def is_over() -> bool:
        told = place.ask(ADMIN[node], "GET", f"/admin/shards/{shard}")
        found[:] = [told["move"]] if told else []
        return bool(found) and found[0]["phase"] not in {"looking", "offered"}

    wait_until(is_over, f"shard {shard} has moved to {to}", 90.0)
    return found[0]


def voided_hands(place: Place) -> int:
    """Count the hands that no journal fitted to, at both nodes."""
    return sum(
        int(float(line.split()[-1]))
        for option in ADMIN.values()
        for line in place.text(option, "/metrics").splitlines()
        if line.startswith("holdem_hands_recovered_total") and 'outcome="void"' in line
    )
