"""Giving shards to other nodes while they are played: what is ordered, and how far it has come."""

import time
from enum import Enum, unique
from typing import Final, Protocol

import trio
from attrs import define, field, frozen

from cardroom.ids import Epoch, NodeId, ShardId
from cardroom.wire.refusals import Refusal
from node.tables.table import Table


@unique
class MovePhase(Enum):
    """How far a move has come."""

    LOOKING = "looking"
    """Waits for a moment between hands."""
    OFFERED = "offered"
    """The tables rest; the other node is taking the shard."""
    MOVED = "moved"
    """The other node plays it, and the players were told where."""
    TAKEN_BACK = "taken_back"
    """The other node did not take it in time; this one plays on as if nothing had been."""
    LOST = "lost"
    """The shard is neither here nor there: another node took it, or the other one could not open it."""
    CALLED_OFF = "called_off"
    """It had not begun when the shard was lost, or the order was taken back."""


_ENDS: Final = frozenset({MovePhase.MOVED, MovePhase.TAKEN_BACK, MovePhase.LOST, MovePhase.CALLED_OFF})


@define(eq=False)
class ShardMove:
    """One order to give a shard to another node, at whose ``url`` its players go on.

    At the latest ``wait_seconds`` after the order it goes, in the middle of hands if need be.
    """

    to: NodeId
    url: str
    reason: str
    wait_seconds: float
    ordered_unix_ms: int = field(factory=lambda: time.time_ns() // 1_000_000)
    phase: MovePhase = MovePhase.LOOKING
    hands_in_play: int | None = None
    """How many hands moved in the middle; None as long as it has not begun."""
    pause_ms: int | None = None
    """How long the tables rested."""
    ended: trio.Event = field(factory=trio.Event)

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.phase in _ENDS

    def break_off(self) -> None:
        """The shard is not played here any more; a move that has ended stays as it is."""
        self.end(MovePhase.LOST if self.phase is MovePhase.OFFERED else MovePhase.CALLED_OFF)

    def end(self, phase: MovePhase) -> None:
        """Note what became of it; the first end counts."""
        if not self.is_over:
            self.phase = phase
            self.ended.set()


@frozen
class ShardReport:
    """A shard as this node sees it."""

    shard: ShardId
    is_home: bool
    """Whether the shard map gives it to this node; else it stands by for it."""
    owner: NodeId | None
    """Who holds its lease, as last seen."""
    epoch: Epoch
    move: ShardMove | None
    is_open: bool = False
    """Whether this node plays it now."""
    lease_age_ms: int | None = None
    """How long ago the lease was renewed; None where another node holds it."""
    tables: int = 0
    hands_in_play: int = 0
    viewers: int = 0
    journal_waiting: int = 0
    """What waits for the journal's next flush."""


class MoveRefused(Exception):
    """The order is not carried out, and changed nothing."""

    def __init__(self, code: Refusal) -> None:
        super().__init__(code.value)
        self.code = code


def has_hand(table: Table) -> bool:
    """Say whether a hand is in play at a table."""
    return table.history.hand_id is not None


class Movable(Protocol):
    """A shard that may be given away."""

    @property
    def shard(self) -> ShardId:
        """Its number."""

    @property
    def is_open(self) -> bool:
        """Whether this node plays it now."""

    def report(self) -> ShardReport:
        """Give what is known of it now."""

    async def ask_ledger(self) -> bool:
        """Say whether the ledger answers within a short time, and this node still owns the shard."""

    def begin_move(self, move: ShardMove) -> None:
        """Carry out a move; raises ``MoveRefused`` if the shard is not played here, or moves already."""

    def nudge(self) -> None:
        """Look at the lease now, if another node has it: there may be an offer."""
