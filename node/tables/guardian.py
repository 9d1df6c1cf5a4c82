"""Protection of the players of one table: who has to go, goes after the hand; time and money are told."""

from typing import assert_never

from attrs import frozen

from cardroom.money import Krw
from cardroom.wire.protection import RealityCheck
from node.tables.commands import EndPlay, TellReality
from node.tables.dealing import Dealer
from node.tables.seat_desk import SeatDesk


@frozen
class Guardian:
    """Carries out what the players' own limits want of one table."""

    desk: SeatDesk
    dealer: Dealer

    def obey(self, command: EndPlay | TellReality) -> None:
        """Do it; what is said again changes nothing."""
        match command:
            case EndPlay():
                self._end_play(command)
            case TellReality():
                self._tell_reality(command)
            case _ as unreachable:
                assert_never(unreachable)

    def _end_play(self, command: EndPlay) -> None:
        """Let a player go like one who wants to leave after the hand; only the player hears why."""
        holder = self.desk.seats.of_user(command.user_id)
        if holder is None or holder.is_leaving:
            return
        if holder.ends_for is not command.reason:
            holder.ends_for = command.reason
            self.desk.places.changed(command.user_id, command.reason)
        if holder.seat in self.dealer.seats_in_hand:
            holder.leaves_after_hand = True
        else:
            self.desk.start_leaving(holder)

    def _tell_reality(self, command: TellReality) -> None:
        seats, history = self.desk.seats, self.desk.history
        holder = seats.of_user(command.user_id)
        if holder is None or holder.buy_in is not None:
            return
        seconds = max(0, command.unix_ms - holder.sat_unix_ms) // 1000
        net = Krw(seats.stack(holder) + holder.arriving - holder.brought)
        told = RealityCheck(seats.game.table_id, seconds, net)
        history.telling.send(history.audience.of_user(command.user_id), told)
