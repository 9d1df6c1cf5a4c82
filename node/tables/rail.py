"""What goes on around the game and changes nothing in it: talk, proofs of cards, administrators' words."""

from functools import partial
from typing import assert_never

import trio
from attrs import frozen

from cardroom.wire.player import Prove, Talk
from cardroom.wire.table import Announced
from node.tables.audience import Viewer
from node.tables.chat import ChatRoom
from node.tables.commands import Announce, Silence
from node.tables.hand_in_play import HandInPlay
from node.tables.history import History
from node.tables.metrics import CHAT
from node.tables.proving import ProvableHands
from node.tables.seats import Seats


@frozen
class Rail:
    """Serves whoever stands around a table, seated or not; it outlives a crash of the table's task."""

    seats: Seats
    history: History
    chat: ChatRoom
    proofs: ProvableHands

    def serve(self, viewer: Viewer, request: Talk | Prove, play: HandInPlay | None) -> None:
        """Do what a viewer asks for. Refused as the requests say."""
        if isinstance(request, Prove):
            last_hand_no = self.seats.settlements.last_played.hand_no
            openings = self.proofs.prove(viewer.user_id, request, play, last_hand_no)
            self.history.telling.answer(viewer, openings)
        else:
            self.chat.carry_out(viewer, request, play, trio.current_time())

    def obey(self, command: Announce | Silence) -> None:
        """Do what an administrator has ordered, and say that it is done."""
        match command:
            case Announce(text, told):
                self.history.tell(Announced(*self.history.next_header(), text=text))
                CHAT.labels(kind="announcement").inc()
                self.history.telling.call(partial(told, self.history.table_seq))
            case Silence(user_id, seconds, done):
                done(self.chat.silence(user_id, seconds, trio.current_time()))
            case _ as unreachable:
                assert_never(unreachable)
