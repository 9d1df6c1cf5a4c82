"""What is kept of a move: its first end counts."""

import pytest

from cardroom.ids import NodeId
from node.shards.moving import MovePhase, ShardMove

ENDS = (MovePhase.MOVED, MovePhase.TAKEN_BACK, MovePhase.LOST, MovePhase.CALLED_OFF)


def move() -> ShardMove:
    return ShardMove(NodeId("node-2"), "ws://there", "a test", 60.0)


@pytest.mark.parametrize("end", ENDS)
def test_the_first_end_counts(end: MovePhase) -> None:
    moving = move()
    assert (moving.phase, moving.is_over, moving.ended.is_set()) == (MovePhase.LOOKING, False, False)
    moving.phase = MovePhase.OFFERED
    assert not moving.is_over
    moving.end(end)
    moving.end(MovePhase.LOST)
    assert (moving.phase, moving.is_over, moving.ended.is_set()) == (end, True, True)


def test_two_orders_are_two_whatever_they_say() -> None:
    assert move() != move()
