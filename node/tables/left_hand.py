"""A hand in play that an earlier owner of the table has left in the journal."""

from collections.abc import Sequence

from attrs import frozen

from node.journal.moves import Move, PlayerActs
from node.tables.dealing import Dealer
from node.tables.hand_in_play import HandInPlay, act_of


@frozen
class LeftHand:
    """The hand as it stood after its last move, and its moves."""

    play: HandInPlay
    moves: Sequence[Move]

    def take_up(self, dealer: Dealer) -> None:
        """Go on with the hand: its actions are known when they are repeated, and its clock begins anew."""
        play = dealer.play = self.play
        for move in self.moves:
            if isinstance(move, PlayerActs):
                act = act_of(move, play, dealer.history.table_id)
                dealer.answers.note(play.players[move.seat], act, None)
        dealer.begin_clock_anew()
