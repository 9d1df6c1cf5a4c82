"""What a table remembers between hands: from its own objects to the journal's words, and back."""

from node.journal.memory import (
    MAX_INVITED,
    AnsweredRequest,
    BuyInUnderWay,
    ChipsUnderWay,
    OfferMemory,
    PlayerMemory,
    TableMemory,
)
from node.tables.invitations import InvitationList
from node.tables.seats import AnsweredTopUp, SeatHolder, Seats, TopUpUnderWay
from node.tables.spare_time import SpareTime
from node.tables.waitlist import Offer


def remember(seats: Seats, invitations: InvitationList, run: str, now: float) -> TableMemory:
    """Write down a table as it stands between hands."""
    settled = seats.settlements.settled
    return TableMemory(
        run=run,
        seating=seats.seating,
        players=tuple(map(_remember_player, seats.holders.values())),
        settled_hand_id=settled.hand_id,
        settled_hand_no=settled.hand_no,
        waiting=seats.waiting.users,
        offers=tuple(
            OfferMemory(offer.seat, offer.user_id, max(0, int((offer.until - now) * 1000)))
            for offer in seats.waiting.offers
        ),
        invited=tuple(invitations.let_in)[-MAX_INVITED:],
    )


def recall_waiting(memory: TableMemory, seats: Seats, now: float) -> None:
    """Let those wait who waited; offers have the time that was left of them."""
    offers = [Offer(one.seat, one.user_id, now + one.left_ms / 1000) for one in memory.offers]
    seats.waiting.recall(memory.waiting, offers, now)


def recall_player(player: PlayerMemory) -> SeatHolder:
    """Give a held seat; who had asked for the money, if that is under way, is not known any more."""
    buy_in, top_up = player.buy_in, player.top_up
    under_way = [one.command_id for one in (buy_in, top_up) if one is not None]
    return SeatHolder(
        user_id=player.user_id,
        nickname=player.nickname,
        seat=player.seat,
        escrow=player.escrow,
        buy_in=buy_in.request if buy_in is not None else None,
        sits_out_at_first=player.sits_out_at_first,
        straddles=player.straddles,
        posts_blind=player.posts_blind,
        sits_out_at_big_blind=player.sits_out_at_big_blind,
        leaves_after_hand=player.leaves_after_hand,
        is_leaving=player.is_leaving,
        leave_reason=player.leave_reason,
        is_paying_out=player.paying_out is not None,
        command_id=under_way[0] if under_way else player.paying_out,
        top_up=TopUpUnderWay(top_up.amount, top_up.request) if top_up is not None else None,
        answered_top_ups={
            one.request.request_id: AnsweredTopUp(one.request, one.refusal) for one in player.answered
        },
        arriving=player.arriving,
        auto_top_up_to=player.auto_top_up_to,
        address=player.address,
        spare=SpareTime.recall(player.spare),
        time_outs=player.time_outs,
        ends_for=player.ends_for,
        sat_unix_ms=player.sat_unix_ms,
        brought=player.brought,
    )


def _remember_player(holder: SeatHolder) -> PlayerMemory:
    return PlayerMemory(
        user_id=holder.user_id,
        nickname=holder.nickname,
        seat=holder.seat,
        escrow=holder.escrow,
        arriving=holder.arriving,
        buy_in=_buy_in(holder),
        top_up=_top_up(holder),
        paying_out=holder.command_id if holder.is_paying_out else None,
        answered=tuple(AnsweredRequest(one.request, one.refusal) for one in holder.answered_top_ups.values()),
        sits_out_at_first=holder.sits_out_at_first,
        straddles=holder.straddles,
        posts_blind=holder.posts_blind,
        sits_out_at_big_blind=holder.sits_out_at_big_blind,
        leaves_after_hand=holder.leaves_after_hand,
        is_leaving=holder.is_leaving,
        leave_reason=holder.leave_reason,
        auto_top_up_to=holder.auto_top_up_to,
        address=holder.address,
        spare=holder.spare.remember(),
        time_outs=holder.time_outs,
        ends_for=holder.ends_for,
        sat_unix_ms=holder.sat_unix_ms,
        brought=holder.brought,
    )


def _buy_in(holder: SeatHolder) -> BuyInUnderWay | None:
    if holder.buy_in is None:
        return None
    assert holder.command_id is not None, "a reserved seat has its money under way"
    return BuyInUnderWay(holder.buy_in, holder.command_id)


def _top_up(holder: SeatHolder) -> ChipsUnderWay | None:
    if holder.top_up is None:
        return None
    assert holder.command_id is not None, "a top-up has its money under way"
    return ChipsUnderWay(holder.top_up.amount, holder.top_up.request, holder.command_id)
