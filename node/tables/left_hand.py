"""A hand in play that an earlier owner of the table has left in the journal."""

from collections.abc import Mapping, Sequence

from attrs import frozen

from cardroom.ids import SeatIndex
from node.journal.moves import ClockActs, Move, PlayerActs
from node.tables.dealing import Dealer
from node.tables.hand_in_play import HandInPlay, act_of


@frozen
class LeftHand:
    """The hand as it stood after its last move, and its moves."""

    play: HandInPlay
    moves: Sequence[Move]
    time_outs: Mapping[SeatIndex, int]
    """The turns in a row that the clock has decided, when they were last written down: a player's own action,
    which ends such a row, writes nothing down but itself."""

    def take_up(self, dealer: Dealer) -> None:
        """Go on with the hand: its actions are known when they are repeated, and its clock begins anew."""
        play = dealer.play = self.play
        for move in self.moves:
            if isinstance(move, PlayerActs):
                act = act_of(move, play, dealer.history.table_id)
                dealer.answers.note(play.players[move.seat], act, None)
                dealer.seats.holders[move.seat].time_outs = 0
            elif isinstance(move, ClockActs):
                dealer.seats.holders[move.seat].time_outs = self.time_outs[move.seat]
        dealer.begin_clock_anew()
