"""Hands wait for their settlement in the order of play."""

from uuid import UUID

import pytest

from cardroom.ids import HandId, SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.ledger import SeatResult, SettleHand
from node.ledger.settlement import HandMark, SettlementQueue


def hand(number: int, previous: int | None, net: int = 0) -> SettleHand:
    results = (
        SeatResult(UserId(1), SeatIndex(0), Krw(net), Krw(0)),
        SeatResult(UserId(2), SeatIndex(1), Krw(-net), Krw(0)),
    )
    before = None if previous is None else HandId(UUID(int=previous))
    return SettleHand(
        TableId(1), HandId(UUID(int=number)), number, before, 0, results, rake=Krw(0), record=b""
    )


def test_it_is_full_at_its_limit_and_knows_whom_it_concerns() -> None:
    queue = SettlementQueue(HandMark(None, 0), limit=2)
    fullness = []
    for one in (hand(1, None, net=500), hand(2, 1, net=-200)):
        queue.add(one)
        fullness.append(queue.is_full)
    assert fullness == [False, True]
    assert queue.net_of(UserId(1)) == 300
    assert queue.net_of(UserId(2)) == -300
    assert queue.concerns(UserId(1))
    assert not queue.concerns(UserId(3))


def test_an_answer_settles_all_up_to_its_number_and_may_come_twice() -> None:
    queue = SettlementQueue(HandMark(None, 0), limit=5)
    hands = [hand(1, None), hand(2, 1), hand(3, 2)]
    for one in hands:
        queue.add(one)
    assert queue.settle_up_to(2) == (hands[0], hands[1])
    assert queue.settle_up_to(2) == ()
    assert queue.settled == HandMark(hands[1].hand_id, 2)
    assert queue.last_played == HandMark(hands[2].hand_id, 3)
    assert len(queue) == 1


@pytest.mark.parametrize("wrong", [hand(2, 1), hand(1, 7), hand(3, None)])
def test_a_hand_out_of_order_is_our_mistake(wrong: SettleHand) -> None:
    queue = SettlementQueue(HandMark(None, 0), limit=2)
    with pytest.raises(AssertionError):
        queue.add(wrong)
