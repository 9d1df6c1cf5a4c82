"""What a table believes to lie in escrow: for the ledger's audit, which compares it with its own books."""

from cardroom.money import Krw
from cardroom.wire.escrow import HandNet, HeldMoney, SeatMoney, UnderWay, UnsettledHand
from node.tables.seats import SeatHolder, Seats


def held_money(seats: Seats) -> HeldMoney:
    """Say what lies at a table's seats, and what the ledger may already have made of it."""
    return HeldMoney(
        table_id=seats.game.table_id,
        shard=seats.game.shard,
        settled_hand_no=seats.settlements.settled.hand_no,
        seats=tuple(_seat_money(seats, holder) for holder in seats.holders.values()),
        unsettled=tuple(
            UnsettledHand(hand.hand_no, tuple(HandNet(one.user_id, one.net) for one in hand.results))
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
