"""What a table believes to lie in escrow: for the ledger's audit, which compares it with its own books."""

from enum import Enum, unique

from attrs import frozen

from cardroom.ids import SeatIndex, UserId
from cardroom.money import Krw
from node.tables.seats import SeatHolder, Seats


@unique
class UnderWay(Enum):
    """A command about a seat's money that the ledger has not answered yet; it has done it, or it has not."""

    BUY_IN = "buy_in"
    TOP_UP = "top_up"
    CASH_OUT = "cash_out"


@frozen
class SeatMoney:
    """A seat's escrow as the ledger said last, without hands that are not settled.

    ``under_way`` would add ``amount`` (buy-in, top-up) or take it away (cash-out).
    """

    seat: SeatIndex
    user_id: UserId
    escrow: Krw
    under_way: UnderWay | None
    amount: Krw


@frozen
class UnsettledHand:
    """A played hand that the ledger has not answered for: what it does to each player."""

    hand_no: int
    nets: tuple[tuple[UserId, Krw], ...]


@frozen
class HeldMoney:
    """The money of one table at one moment; hands up to ``settled_hand_no`` are in the escrows."""

    settled_hand_no: int
    seats: tuple[SeatMoney, ...]
    unsettled: tuple[UnsettledHand, ...]


def held_money(seats: Seats) -> HeldMoney:
    """Say what lies at a table's seats, and what the ledger may already have made of it."""
    return HeldMoney(
        settled_hand_no=seats.settlements.settled.hand_no,
        seats=tuple(_seat_money(seats, holder) for holder in seats.holders.values()),
        unsettled=tuple(
            UnsettledHand(hand.hand_no, tuple((result.user_id, result.net) for result in hand.results))
            for hand in seats.settlements.unsettled
        ),
    )


def _seat_money(seats: Seats, holder: SeatHolder) -> SeatMoney:
    under_way, amount = _under_way(seats, holder)
    return SeatMoney(holder.seat, holder.user_id, holder.escrow, under_way, amount)


def _under_way(seats: Seats, holder: SeatHolder) -> tuple[UnderWay | None, Krw]:
    if holder.buy_in is not None:
        return UnderWay.BUY_IN, holder.buy_in.buy_in
    if holder.top_up is not None:
        return UnderWay.TOP_UP, holder.top_up.amount
    if holder.is_paying_out:
        return UnderWay.CASH_OUT, seats.stack(holder)
    return None, Krw(0)
