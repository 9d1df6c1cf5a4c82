"""Compares what lies at a table by the ledger with what its node believes (pure)."""

from cardroom.ids import UserId
from cardroom.money import Krw, format_krw
from cardroom.wire.escrow import HeldMoney, SeatMoney, UnderWay
from wallet_worker.store.read_escrow import EscrowAt, TableEscrow


def differs(held: HeldMoney, ledger: TableEscrow) -> str | None:
    """Say in what the two differ, exactly to the won; None where they don't.

    The ledger may have settled hands that the node has no answer for yet, and done what is under way. Where
    it is ahead or behind by anything else, money moves between the two looks, or they disagree.
    """
    played = held.unsettled[-1].hand_no if held.unsettled else held.settled_hand_no
    if not held.settled_hand_no <= ledger.last_hand_no <= played:
        return (
            f"the ledger has settled hand {ledger.last_hand_no},"
            f" the node has settled hand {held.settled_hand_no} and played hand {played}"
        )
    seats = {one.user_id: one for one in held.seats}
    lying = {one.user_id: one for one in ledger.escrow}
    for user_id in sorted(seats.keys() | lying.keys()):
        fault = _seat_differs(
            seats.get(user_id), lying.get(user_id), _net_of(user_id, held, ledger.last_hand_no)
        )
        if fault is not None:
            return f"user {user_id} {fault}"
    return None


def _net_of(user_id: UserId, held: HeldMoney, up_to: int) -> Krw:
    """Sum what hands changed that the ledger has settled and the node has no answer for."""
    hands = [hand for hand in held.unsettled if hand.hand_no <= up_to]
    return Krw(sum(one.net for hand in hands for one in hand.nets if one.user_id == user_id))


def _seat_differs(seat: SeatMoney | None, lying: EscrowAt | None, net: Krw) -> str | None:
    amount = Krw(0) if lying is None else lying.amount
    if seat is None:
        return f"has {format_krw(lying.amount)} in the ledger, and no seat at the node" if lying else None
    if lying is not None and lying.seat != seat.seat:
        return f"has money at seat {lying.seat} in the ledger, and sits at seat {seat.seat}"
    allowed = _allowed(seat, net)
    if amount in allowed:
        return None
    at_node = " or ".join(format_krw(one) for one in sorted(allowed))
    return f"has {format_krw(amount)} at seat {seat.seat} in the ledger, {at_node} at the node"


def _allowed(seat: SeatMoney, net: Krw) -> set[Krw]:
    settled = Krw(seat.escrow + net)
    match seat.under_way:
        case None:
            return {settled}
        case UnderWay.BUY_IN | UnderWay.TOP_UP:
            return {settled, Krw(settled + seat.amount)}
        case UnderWay.CASH_OUT:
            return {settled, Krw(settled - seat.amount)}
