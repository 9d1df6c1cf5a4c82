"""A shard that is moved in name only, and neighbours that are written into Redis."""

from attrs import define, field

from cardroom.ids import Epoch, NodeId, ShardId
from cardroom.service.redis import Redis
from cardroom.wire.refusals import Refusal
from node.settings import MoveSettings
from node.shards.desk import ShardDesk
from node.shards.moving import MovePhase, MoveRefused, ShardMove, ShardReport
from node.shards.neighbours import Neighbours
from tests.node.tables.house import LOG


def desk_over(redis: Redis | None, *shards: "ShardStandIn") -> ShardDesk:
    """Give a desk; without Redis it finds no neighbours."""
    neighbours = Neighbours(NodeId("desk-1"), redis, LOG)  # type: ignore[arg-type]
    return ShardDesk(shards, neighbours, MoveSettings(), LOG)


@define
class ShardStandIn:
    """A shard as the desk knows it; the test says what becomes of a move."""

    shard: ShardId
    is_open: bool = True
    ledger_answers: bool = True
    ends: MovePhase | None = MovePhase.MOVED
    """What becomes of each move at once; None: the test says later."""
    moves: list[ShardMove] = field(factory=list)
    nudges: int = 0

    def report(self) -> ShardReport:
        return ShardReport(
            shard=self.shard, is_home=True, is_open=self.is_open, owner=NodeId("node-1"), epoch=Epoch(4),
            lease_age_ms=120, tables=3, hands_in_play=2, viewers=7, journal_waiting=0,
            move=self.moves[-1] if self.moves else None,
        )  # fmt: skip

    async def ask_ledger(self) -> bool:
        return self.ledger_answers

    def begin_move(self, move: ShardMove) -> None:
        if self.moves and not self.moves[-1].is_over:
            raise MoveRefused(Refusal.MOVE_UNDER_WAY)
        self.moves.append(move)
        if self.ends is not None:
            self.end(self.ends)

    def end(self, phase: MovePhase) -> None:
        """Let the last move end like this."""
        self.is_open = phase is not MovePhase.MOVED
        self.moves[-1].end(phase)

    def nudge(self) -> None:
        self.nudges += 1
