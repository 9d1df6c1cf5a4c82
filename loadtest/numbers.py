"""What is counted and measured in some span of time; numbers of spans and of processes add up."""

from collections import Counter, defaultdict
from typing import Any

from loadtest.latencies import Latencies

COUNTS = (
    "hands_seen", "proofs", "buy_ins", "cash_outs", "connections_lost", "failed_attempts", "reconnects",
)  # fmt: skip
"""What is counted in every load test, besides refusals and faults; scenarios count more."""


class Numbers:
    """Times of actions and of HTTP calls, and counts of all else.

    ``own_ack`` is from sending an action to its own answer, ``all_seats`` from sending it until the last
    connected seat of the table knows of it. ``http`` is by route, ``waits`` by what was waited for else.
    """

    def __init__(self) -> None:
        self.own_ack = Latencies()
        self.all_seats = Latencies()
        self.http: defaultdict[str, Latencies] = defaultdict(Latencies)
        self.waits: defaultdict[str, Latencies] = defaultdict(Latencies)
        self.counts: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.protocol_errors: Counter[str] = Counter()

    def add(self, other: "Numbers") -> None:
        """Add what was counted elsewhere, or later."""
        self.own_ack.add_all(other.own_ack)
        self.all_seats.add_all(other.all_seats)
        for route, times in other.http.items():
            self.http[route].add_all(times)
        for name, times in other.waits.items():
            self.waits[name].add_all(times)
        self.counts.update(other.counts)
        self.refusals.update(other.refusals)
        self.protocol_errors.update(other.protocol_errors)

    def to_document(self) -> dict[str, Any]:
        """Write all as plain values, for ``of_document`` in another process."""
        return {
            "own_ack": self.own_ack.to_pairs(),
            "all_seats": self.all_seats.to_pairs(),
            "http": {route: times.to_pairs() for route, times in self.http.items()},
            "waits": {name: times.to_pairs() for name, times in self.waits.items()},
            "counts": self.counts,
            "refusals": self.refusals,
            "protocol_errors": self.protocol_errors,
        }

    @classmethod
    def of_document(cls, document: dict[str, Any]) -> "Numbers":
        """Read what ``to_document`` wrote."""
        numbers = cls()
        numbers.own_ack = Latencies.of_pairs(document["own_ack"])
        numbers.all_seats = Latencies.of_pairs(document["all_seats"])
        for route, pairs in document["http"].items():
            numbers.http[route] = Latencies.of_pairs(pairs)
        for name, pairs in document["waits"].items():
            numbers.waits[name] = Latencies.of_pairs(pairs)
        numbers.counts.update(document["counts"])
        numbers.refusals.update(document["refusals"])
        numbers.protocol_errors.update(document["protocol_errors"])
        return numbers
