"""What can go wrong, and in which order it does, by a seed; pure."""

from collections.abc import Iterator, Sequence
from enum import Enum, unique
from random import Random
from typing import Final

from attrs import frozen

NODES: Final = ("node-1", "node-2")
WORKERS: Final = ("worker-1", "worker-2")
ROUTER: Final = "router"
VALKEY: Final = "valkey"
POSTGRES: Final = "postgres"
BOTS: Final = "bots"


@unique
class Kind(Enum):
    """Kinds of faults."""

    NODE_KILLED = "node killed"
    NODE_KILLED_AND_GONE = "node killed, back after its lease has run out"
    NODE_KILLED_CUT_OFF = "node killed while Valkey hears nothing of it"
    NODE_STOPPED = "node stopped in order (SIGTERM)"
    SHARDS_MOVED = "all shards of a node moved to the other"
    NODE_FROZEN = "node frozen, back within its lease"
    NODE_FROZEN_LONG = "node frozen for longer than its lease"
    WORKER_KILLED = "wallet worker killed"
    WORKERS_KILLED = "both wallet workers killed"
    WORKER_FROZEN = "wallet worker frozen for longer than its term"
    ROUTER_KILLED = "router killed"
    ROUTER_FROZEN = "router frozen"
    VALKEY_KILLED = "Valkey killed"
    VALKEY_EMPTIED = "Valkey killed and emptied"
    VALKEY_FROZEN = "Valkey frozen briefly"
    VALKEY_FROZEN_LONG = "Valkey frozen for longer than the leases"
    NODE_AND_VALKEY_KILLED = "node and Valkey killed together"
    VALKEY_FAILED_OVER = "Valkey killed, sentinels put a replica in its place"
    VALKEY_SWITCHED = "sentinels ordered to make another Valkey the primary"
    REPLICAS_FROZEN = "both replicas of Valkey frozen"
    POSTGRES_FAILED_OVER = "PostgreSQL lost, its standby promoted"
    STANDBY_KILLED = "PostgreSQL's synchronous standby killed"
    POSTGRES_KILLED = "PostgreSQL killed"
    POSTGRES_FROZEN = "PostgreSQL frozen"
    LINK_CUT = "connections cut"
    LINK_SLOW = "connections delayed"
    LINK_SILENT = "network between two processes silent"
    LINK_HALF_OPEN = "connections half open"
    DISK_FULL = "disk full for the audit's files"
    CLOCK_STEPPED = "clock of a wallet worker stepped"


TAKES_MEMORY: Final = frozenset(
    {Kind.NODE_KILLED, Kind.NODE_KILLED_AND_GONE, Kind.NODE_KILLED_CUT_OFF, Kind.NODE_FROZEN_LONG}
)
"""A node has lost its memory, or its shards to another one, while Valkey kept its own."""
TAKES_ALL: Final = frozenset({Kind.NODE_AND_VALKEY_KILLED})
"""Node and Valkey have both lost what they knew: hands in play may be void as a whole."""

AT_NODE: Final = frozenset(
    {Kind.NODE_KILLED, Kind.NODE_KILLED_AND_GONE, Kind.NODE_KILLED_CUT_OFF, Kind.NODE_STOPPED}
    | {Kind.SHARDS_MOVED, Kind.NODE_FROZEN, Kind.NODE_FROZEN_LONG}
)
"""Strikes one node, with all that it plays."""
ONLY_SINGLE: Final = frozenset({Kind.VALKEY_EMPTIED, Kind.NODE_AND_VALKEY_KILLED})
"""Makes sense where Valkey has no replicas."""
ONLY_REPLICATED: Final = frozenset(
    {Kind.VALKEY_FAILED_OVER, Kind.VALKEY_SWITCHED, Kind.REPLICAS_FROZEN}
    | {Kind.POSTGRES_FAILED_OVER, Kind.STANDBY_KILLED}
)
"""Needs servers that take another's place."""

_LINKS: Final = (
    *((BOTS, node) for node in NODES),
    *((node, VALKEY) for node in NODES),
    *((worker, VALKEY) for worker in WORKERS),
    *((worker, POSTGRES) for worker in WORKERS),
    (ROUTER, VALKEY),
)
_STEPS_SECONDS: Final = (-86_400.0, -3_600.0, -5.0, 5.0, 3_600.0, 86_400.0)


@frozen
class Fault:
    """One fault: at whom, over which link, and for how long or how much."""

    number: int
    kind: Kind
    target: str
    peer: str = ""
    """The other end of a link."""
    seconds: float = 0.0
    """How long it lasts; 0: it is over at once."""
    amount: float = 0.0
    """The delay or the step in seconds, or the share of the connections."""

    def __str__(self) -> str:
        where = f"{self.target} to {self.peer}" if self.peer else self.target
        lasts = f", {self.seconds:.1f} s" if self.seconds else ""
        much = f", {self.amount:g}" if self.amount else ""
        return f"{self.kind.value}: {where}{lasts}{much}"


def plan_faults(
    seed: int, count: int, kinds: Sequence[Kind] = tuple(Kind), *, replicated: bool = False, first: int = 1
) -> list[Fault]:
    """Choose faults: each kind comes once before any comes again. The same seed gives the same faults."""
    random = Random(f"{seed} replicated" if replicated else seed)
    impossible = ONLY_SINGLE if replicated else ONLY_REPLICATED
    bag = _kinds(random, [kind for kind in kinds if kind not in impossible])
    return [_fault(number, next(bag), random) for number in range(first, first + count)]


def _kinds(random: Random, kinds: Sequence[Kind]) -> Iterator[Kind]:
    while True:
        yield from random.sample(list(kinds), len(kinds))


def _fault(number: int, kind: Kind, random: Random) -> Fault:
    match kind:
        case _ if kind in AT_NODE:
            return Fault(number, kind, random.choice(NODES), seconds=_lasting(kind, random))
        case Kind.NODE_AND_VALKEY_KILLED:
            return Fault(number, kind, random.choice(NODES), VALKEY)
        case Kind.WORKER_KILLED | Kind.WORKER_FROZEN | Kind.DISK_FULL:
            return Fault(number, kind, random.choice(WORKERS), seconds=_lasting(kind, random))
        case Kind.WORKERS_KILLED:
            return Fault(number, kind, " and ".join(WORKERS))
        case Kind.ROUTER_KILLED | Kind.ROUTER_FROZEN:
            return Fault(number, kind, ROUTER, seconds=_lasting(kind, random))
        case Kind.POSTGRES_KILLED | Kind.POSTGRES_FROZEN | Kind.POSTGRES_FAILED_OVER | Kind.STANDBY_KILLED:
            return Fault(number, kind, POSTGRES, seconds=_lasting(kind, random))
        case Kind.CLOCK_STEPPED:
            step = random.choice(_STEPS_SECONDS)
            return Fault(number, kind, random.choice(WORKERS), seconds=3.0, amount=step)
        case Kind.LINK_CUT | Kind.LINK_SLOW | Kind.LINK_SILENT | Kind.LINK_HALF_OPEN:
            return _link_fault(number, kind, random)
        case _:
            return Fault(number, kind, VALKEY, seconds=_lasting(kind, random))


def _link_fault(number: int, kind: Kind, random: Random) -> Fault:
    target, peer = random.choice(_LINKS)
    if kind is Kind.LINK_SLOW:
        return Fault(number, kind, target, peer, random.uniform(2.0, 4.0), random.choice((0.05, 0.2, 0.5)))
    if kind is Kind.LINK_SILENT:
        return Fault(number, kind, target, peer, random.uniform(0.5, 6.0))
    return Fault(number, kind, target, peer, amount=random.choice((0.3, 1.0)))


_SECONDS: Final = {
    Kind.NODE_KILLED_AND_GONE: (7.0, 9.0),
    Kind.NODE_KILLED_CUT_OFF: (0.2, 2.0),
    Kind.NODE_FROZEN: (0.3, 1.5),
    Kind.NODE_FROZEN_LONG: (6.0, 8.0),
    Kind.WORKER_FROZEN: (3.0, 5.0),
    Kind.ROUTER_FROZEN: (1.0, 4.0),
    Kind.VALKEY_FROZEN: (0.3, 2.0),
    Kind.VALKEY_FROZEN_LONG: (4.5, 6.0),
    Kind.VALKEY_FAILED_OVER: (0.5, 3.0),
    Kind.REPLICAS_FROZEN: (1.0, 6.0),
    Kind.STANDBY_KILLED: (1.0, 5.0),
    Kind.POSTGRES_KILLED: (0.5, 4.0),
    Kind.POSTGRES_FROZEN: (1.0, 5.0),
    Kind.DISK_FULL: (2.0, 4.0),
}
"""How long a kind lasts, at least and at most. What is not here is over at once."""


def _lasting(kind: Kind, random: Random) -> float:
    shortest, longest = _SECONDS.get(kind, (0.0, 0.0))
    return random.uniform(shortest, longest)
