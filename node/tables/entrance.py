"""Who comes to watch a table, and what each is told at first: the whole table, or what was missed."""

import trio
from attrs import frozen

from cardroom.wire.place import PlaceChanged
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import CloseCode, Refused, TableState
from node.tables.audience import Notice, Viewer
from node.tables.commands import Watch
from node.tables.dealing import Dealer
from node.tables.denied import Denied
from node.tables.invitations import InvitationList, turn_away
from node.tables.missed import events_missed
from node.tables.places import place_of
from node.tables.rail import Rail
from node.tables.snapshot import take_snapshot


@frozen
class Entrance:
    """The entrance of one table."""

    dealer: Dealer
    invitations: InvitationList
    rail: Rail

    def watch(self, watch: Watch, state: TableState) -> None:
        """Let a connection follow the table; who has a seat, or waits for one, is always let in."""
        viewer, seats = watch.viewer, self.dealer.seats
        if not self.invitations.lets_in(watch):
            turn_away(viewer, self.dealer.history.telling)
            return
        holder = seats.of_user(viewer.user_id)
        if holder is not None:
            holder.address = viewer.address or holder.address
        elif not self._has_room_for(viewer):
            telling = self.dealer.history.telling
            telling.answer(viewer, Refused(None, Refusal.SPECTATORS_FULL))
            telling.kick(viewer, CloseCode.TRY_AGAIN_LATER)
            return
        self.dealer.history.audience.add(viewer)
        seats.waiting.seen(viewer.user_id, trio.current_time())
        self.catch_up(viewer, watch.last_seq, state)
        self.rail.chat.tell_last_lines(viewer)

    def unwatch(self, viewer: Viewer) -> None:
        """Forget a connection; it may have been forgotten before."""
        self.dealer.history.audience.remove(viewer)
        self.dealer.seats.waiting.seen(viewer.user_id, trio.current_time())
        self.rail.chat.forget_if_gone(viewer.user_id)

    def check(self, viewer: Viewer) -> None:
        """Refuse what a connection asks that was not let in.

        It may have sent requests before it knew: they are in the inbox.
        """
        self.invitations.check(viewer.user_id)
        if not self.dealer.history.audience.has(viewer):
            raise Denied(Refusal.SPECTATORS_FULL)

    def catch_up(self, viewer: Viewer, last_seq: int | None, state: TableState) -> None:
        """Tell one connection what it has missed, or the whole table where that is not known any more."""
        dealer, user_id, now = self.dealer, viewer.user_id, trio.current_time()
        missed = None if last_seq is None else events_missed(dealer, last_seq, user_id, now)
        telling = dealer.history.telling
        if missed is None:
            telling.answer(viewer, take_snapshot(dealer, state, user_id, now))
            return
        if missed:
            telling.publish((viewer,), [Notice(event) for event in missed])
        place = place_of(dealer.seats, user_id, now)
        telling.answer(viewer, PlaceChanged(dealer.seats.game.table_id, place, None))

    def _has_room_for(self, viewer: Viewer) -> bool:
        seats = self.dealer.seats
        seated = {holder.user_id for holder in seats.holders.values()}
        watching = {one.user_id for one in self.dealer.history.audience.viewers} - seated
        is_known = viewer.user_id in watching or seats.waiting.number_of(viewer.user_id) > 0
        return is_known or len(watching) < seats.game.limits.spectators
