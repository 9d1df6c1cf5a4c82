"""The floor of one table: who sits, who waits, who goes, and the standing wishes of each."""

from typing import assert_never

from attrs import define

from cardroom.ids import SeatIndex, UserId
from cardroom.wire.ledger import SettleHand
from cardroom.wire.player import (
    AutoTopUp,
    JoinWaitingList,
    Leave,
    LeaveWaitingList,
    SitDown,
    SitIn,
    SitOut,
    Straddle,
    TopUp,
)
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import LeaveReason, WaitingListChanged
from node.tables.audience import Viewer
from node.tables.buy_in import open_seats, set_auto_top_up
from node.tables.dealing import Dealer
from node.tables.denied import Denied
from node.tables.history import History
from node.tables.places import Places
from node.tables.seat_desk import SeatDesk
from node.tables.seats import SeatHolder, Seats

FloorRequest = SitDown | SitOut | SitIn | Straddle | TopUp | AutoTopUp | JoinWaitingList | LeaveWaitingList
"""What a player asks besides playing, but for leaving, which may end the hand."""


@define
class Floor:
    """Carries out what is not play; ``tend`` does after each step what then is due."""

    seats: Seats
    history: History
    desk: SeatDesk
    dealer: Dealer
    places: Places
    _told: tuple[UserId, ...] = ()
    """Who stood in the waiting list when its players were told their numbers."""

    def carry_out(self, viewer: Viewer, request: FloorRequest, now: float) -> None:
        """Do what a player asks; refused as the request says."""
        match request:
            case SitDown():
                self.desk.take_seat(viewer, request, now)
            case TopUp():
                self.desk.top_up(viewer, request)
                return  # the player's place is another one when the ledger has decided
            case JoinWaitingList():
                self._join(viewer, now)
            case LeaveWaitingList():
                if not self.seats.waiting.leave(viewer.user_id):
                    raise Denied(Refusal.NOT_WAITING)
            case SitOut() | SitIn() | Straddle() | AutoTopUp():
                self._note_wish(self.seats.held_by(viewer.user_id), request)
            case _ as unreachable:
                assert_never(unreachable)
        self.places.changed(viewer.user_id)

    def leave(self, viewer: Viewer, request: Leave) -> SettleHand | None:
        """Let a player go, now or after the hand; give the settlement if that ended the hand."""
        holder = self.seats.held_by(viewer.user_id)
        self.places.changed(viewer.user_id)
        if request.after_hand and self._is_in_hand(holder.seat) and not holder.is_leaving:
            holder.leaves_after_hand = True
            return None
        self.desk.start_leaving(holder)
        return self.dealer.leave(holder.seat)

    def sit_out_at_big_blind(self) -> None:
        """Before a deal: who wanted to sit out when the big blind comes does, if it comes now."""
        for holder in self.seats.pass_big_blind():
            self.dealer.tell_seat(holder)

    def tend(self, now: float, *, takes_nobody: bool) -> None:
        """After each step: bring chips, let go who leaves, pay, and offer seats that are free."""
        in_hand = self.dealer.seats_in_hand
        for holder in tuple(self.seats.holders.values()):
            if holder.seat not in in_hand:
                self._tend_seat(holder)
                if holder.auto_top_up_to and not takes_nobody:
                    self.desk.fill_up(holder)
        self.desk.pay_out_leavers(in_hand)
        self._move_up(now, takes_nobody=takes_nobody)

    def send_away(self) -> None:
        """The table is being closed: who is in no hand goes, and nobody waits any more (rule 36)."""
        in_hand = self.dealer.seats_in_hand
        for holder in tuple(self.seats.holders.values()):
            if holder.seat not in in_hand:
                self.desk.start_leaving(holder, LeaveReason.TABLE_CLOSED)
        for user_id in self.seats.waiting.users:
            self.seats.waiting.leave(user_id)
            self.places.changed(user_id, Refusal.TABLE_CLOSING)

    def _tend_seat(self, holder: SeatHolder) -> None:
        if holder.arriving:
            self.seats.bring_chips(holder)
            self.dealer.tell_seat(holder)
        if holder.leaves_after_hand:
            self.desk.start_leaving(holder)

    def _note_wish(self, holder: SeatHolder, wish: SitOut | SitIn | Straddle | AutoTopUp) -> None:
        match wish:
            case SitOut(at_big_blind=True):
                holder.sits_out_at_big_blind = True
            case SitOut():
                self.seats.sit_out(holder)
                self.dealer.tell_seat(holder)
            case SitIn(posts_blind=posts_blind):
                self.seats.sit_in(holder, posts_blind=posts_blind)
                self.dealer.tell_seat(holder)
            case Straddle(straddles=straddles):
                self.seats.set_straddle(holder, straddles=straddles)
            case AutoTopUp(up_to=up_to):
                set_auto_top_up(self.seats, holder, up_to)
            case _ as unreachable:
                assert_never(unreachable)

    def _join(self, viewer: Viewer, now: float) -> None:
        if self.seats.of_user(viewer.user_id) is not None:
            raise Denied(Refusal.ALREADY_SEATED)
        is_waiting = self.seats.waiting.number_of(viewer.user_id) > 0
        if not is_waiting and open_seats(self.seats, viewer.user_id):
            raise Denied(Refusal.SEAT_IS_FREE)
        self.seats.waiting.join(viewer.user_id, now)

    def _move_up(self, now: float, *, takes_nobody: bool) -> None:
        waiting = self.seats.waiting
        if waiting:
            free = () if takes_nobody or self.seats.is_halted else self.seats.free_seats
            moves = waiting.move_up(free, self.history.audience.has_user, now)
            for user_id in moves.offered + moves.dropped:
                self.places.changed(user_id)
            for user_id in moves.expired:
                self.places.changed(user_id, Refusal.OFFER_EXPIRED)
        told, self._told = self._told, waiting.users
        for number, user_id in enumerate(self._told):
            if told[number : number + 1] != (user_id,):
                self.places.changed(user_id)
        if len(told) != len(waiting):
            self.history.tell(WaitingListChanged(*self.history.next_header(), waiting=len(waiting)))

    def _is_in_hand(self, seat: SeatIndex) -> bool:
        return seat in self.dealer.seats_in_hand
