"""What a player must bring to a seat, and which seat that is: the refusals of buy-ins and top-ups."""

from cardroom.ids import SeatIndex, UserId
from cardroom.money import Krw
from cardroom.wire.player import SitDown
from cardroom.wire.refusals import Refusal
from node.tables.audience import Viewer
from node.tables.denied import Denied
from node.tables.departures import BuyInRange
from node.tables.seats import SeatHolder, Seats
from node.tables.spare_time import SpareTime


def buy_in_range(seats: Seats, user_id: UserId | None, now: float) -> BuyInRange:
    """Give what a player's buy-in must be (rules 34, 35); None is a stranger."""
    table = BuyInRange(seats.game.min_buy_in, seats.game.max_buy_in)
    return table if user_id is None else seats.departures.range_for(user_id, table, now)


def reserve(seats: Seats, viewer: Viewer, request: SitDown, now: float) -> SeatHolder:
    """Keep a seat for a player while the buy-in is under way. Refused as ``SitDown`` says."""
    if seats.is_halted:
        raise Denied(Refusal.TABLE_HALTED)
    if seats.of_user(viewer.user_id) is not None:
        raise Denied(Refusal.ALREADY_SEATED)
    _check_buy_in(seats, viewer.user_id, request.buy_in, now)
    _check_address(seats, viewer.address)
    holder = SeatHolder(
        user_id=viewer.user_id,
        nickname=viewer.nickname,
        seat=_choose_seat(seats, viewer.user_id, request.seat),
        buy_in=request,
        asker=viewer,
        posts_blind=request.posts_blind,
        address=viewer.address,
        spare=SpareTime(seats.game.time_bank.first_seconds),
    )
    seats.waiting.leave(viewer.user_id)
    seats.holders[holder.seat] = holder
    return holder


def _check_buy_in(seats: Seats, user_id: UserId, buy_in: Krw, now: float) -> None:
    allowed = buy_in_range(seats, user_id, now)
    if buy_in < seats.game.min_buy_in:
        raise Denied(Refusal.BUY_IN_TOO_SMALL)
    if buy_in < allowed.least:
        raise Denied(Refusal.BUY_IN_BELOW_LAST_STACK)
    if buy_in > allowed.most:
        raise Denied(Refusal.BUY_IN_TOO_LARGE)


def _check_address(seats: Seats, address: str) -> None:
    if seats.game.same_address_seats or not address:
        return
    if any(holder.address == address for holder in seats.holders.values()):
        raise Denied(Refusal.SAME_ADDRESS)


def open_seats(seats: Seats, user_id: UserId) -> tuple[SeatIndex, ...]:
    """Give the free seats that are not kept for another player; one's own offer comes first."""
    offer = seats.waiting.offer_to(user_id)
    free = [seat for seat in seats.free_seats if not seats.waiting.is_kept_from(user_id, seat)]
    return tuple(sorted(free, key=lambda seat: (offer is None or seat != offer.seat, seat)))


def _choose_seat(seats: Seats, user_id: UserId, wanted: SeatIndex | None) -> SeatIndex:
    if wanted is None:
        if not seats.free_seats:
            raise Denied(Refusal.TABLE_FULL)
        open_to_him = open_seats(seats, user_id)
        if not open_to_him:
            raise Denied(Refusal.SEAT_OFFERED)
        return open_to_him[0]
    if not 0 <= wanted < seats.game.seat_count:
        raise Denied(Refusal.NO_SUCH_SEAT)
    if wanted in seats.holders:
        raise Denied(Refusal.SEAT_TAKEN)
    if seats.waiting.is_kept_from(user_id, wanted):
        raise Denied(Refusal.SEAT_OFFERED)
    return wanted


def check_top_up(seats: Seats, holder: SeatHolder, amount: Krw) -> None:
    """Refuse a top-up that may not be now, as ``TopUp`` says. The stack is that before the hand in play."""
    if seats.is_halted:
        raise Denied(Refusal.TABLE_HALTED)
    if holder.is_leaving:
        raise Denied(Refusal.LEAVING)
    if holder.ends_for is not None:
        raise Denied(holder.ends_for)
    if holder.buy_in is not None or holder.top_up is not None:
        raise Denied(Refusal.TOP_UP_UNDER_WAY)
    before = seats.stack(holder) + holder.arriving
    if amount <= 0 or before + amount < (seats.game.min_buy_in if before == 0 else 0):
        raise Denied(Refusal.BUY_IN_TOO_SMALL)
    if before + amount > seats.game.max_buy_in:
        raise Denied(Refusal.BUY_IN_TOO_LARGE)


def set_auto_top_up(seats: Seats, holder: SeatHolder, up_to: Krw) -> None:
    """Note how far a stack is filled up after each hand, 0 for not at all. Refused as ``AutoTopUp`` says."""
    if holder.is_leaving:
        raise Denied(Refusal.LEAVING)
    if up_to != 0 and up_to < seats.game.min_buy_in:
        raise Denied(Refusal.BUY_IN_TOO_SMALL)
    if up_to > seats.game.max_buy_in:
        raise Denied(Refusal.BUY_IN_TOO_LARGE)
    holder.auto_top_up_to = up_to
