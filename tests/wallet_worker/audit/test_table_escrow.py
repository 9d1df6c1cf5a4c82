"""When the ledger and a node say the same of a table, and when they don't."""

import pytest
from attrs import evolve

from cardroom.ids import SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.escrow import HandNet, HeldMoney, SeatMoney, UnderWay, UnsettledHand
from wallet_worker.audit.table_escrow import differs
from wallet_worker.store.read_escrow import EscrowAt, TableEscrow


def seat(number: int, escrow: int, under_way: UnderWay | None = None, amount: int = 0) -> SeatMoney:
    return SeatMoney(SeatIndex(number), UserId(number + 1), Krw(escrow), under_way, Krw(amount))


def hand(number: int, *nets: int) -> UnsettledHand:
    return UnsettledHand(number, tuple(HandNet(UserId(user), Krw(net)) for user, net in enumerate(nets, 1)))


def held(*seats: SeatMoney, unsettled: tuple[UnsettledHand, ...] = (), settled: int = 7) -> HeldMoney:
    return HeldMoney(TableId(1), ShardId(0), settled, seats, unsettled)


def booked(*amounts: int, last: int = 7) -> TableEscrow:
    """Give a table by the ledger; amounts lie at the first seats, nothing where 0."""
    lying = tuple(
        EscrowAt(UserId(number + 1), SeatIndex(number), Krw(amount))
        for number, amount in enumerate(amounts)
        if amount
    )
    return TableEscrow(TableId(1), ShardId(0), last, lying)


def test_the_same_money_is_the_same_to_the_won() -> None:
    node = held(seat(0, 100), seat(1, 50))
    assert differs(node, booked(100, 50)) is None
    assert differs(node, booked(100, 51)) == "user 2 has ₩51 at seat 1 in the ledger, ₩50 at the node"
    assert differs(node, booked(100)) == "user 2 has ₩0 at seat 1 in the ledger, ₩50 at the node"
    assert differs(held(), booked()) is None


def test_the_ledger_may_be_ahead_by_hands_that_the_node_has_no_answer_for() -> None:
    node = held(seat(0, 100), seat(1, 50), unsettled=(hand(8, -10, 9), hand(9, 5, -6)))
    assert differs(node, booked(100, 50, last=7)) is None
    assert differs(node, booked(90, 59, last=8)) is None
    assert differs(node, booked(95, 53, last=9)) is None
    assert (
        differs(node, booked(100, 50, last=8)) == "user 1 has ₩100 at seat 0 in the ledger, ₩90 at the node"
    )
    assert differs(node, booked(90, 59, last=7)) is not None


@pytest.mark.parametrize("last", [6, 10])
def test_a_ledger_that_is_behind_or_too_far_ahead_is_looked_at_again(last: int) -> None:
    node = held(seat(0, 100), unsettled=(hand(8, -10), hand(9, 5)))
    assert differs(node, booked(100, last=last)) == (
        f"the ledger has settled hand {last}, the node has settled hand 7 and played hand 9"
    )


@pytest.mark.parametrize(
    ("under_way", "escrow", "amount", "allowed"),
    [
        (UnderWay.BUY_IN, 0, 100, {0, 100}),
        (UnderWay.TOP_UP, 100, 30, {100, 130}),
        (UnderWay.CASH_OUT, 100, 100, {100, 0}),
    ],
)
def test_a_command_under_way_is_done_or_not_and_nothing_else(
    under_way: UnderWay, escrow: int, amount: int, allowed: set[int]
) -> None:
    node = held(seat(0, escrow, under_way, amount))
    found = {lying for lying in range(200) if differs(node, booked(lying)) is None}
    assert found == allowed


def test_a_top_up_and_a_hand_may_both_have_been_done() -> None:
    node = held(seat(0, 100, UnderWay.TOP_UP, 30), unsettled=(hand(8, -10),))
    assert {lying for lying in range(200) if differs(node, booked(lying, last=8)) is None} == {90, 120}


def test_money_of_nobody_who_sits_there_is_found() -> None:
    assert differs(held(), booked(5)) == "user 1 has ₩5 in the ledger, and no seat at the node"


def test_money_at_another_seat_is_found() -> None:
    node = held(evolve(seat(0, 100), seat=SeatIndex(3)))
    assert differs(node, booked(100)) == "user 1 has money at seat 0 in the ledger, and sits at seat 3"
