"""What a table is doing, and telling it when it has changed."""

import trio
from attrs import define

from cardroom.wire.table import DealtSeat, HandVoided, StateChanged, TableState
from node.tables.dealing import Dealer
from node.tables.holding import Holding
from node.tables.metrics import HANDS
from node.tables.snapshot import take_snapshot


@define
class Standing:
    """The state of one table as its viewers know it."""

    dealer: Dealer
    holding: Holding
    state: TableState = TableState.WAITING_FOR_PLAYERS

    def tell(self) -> None:
        """Tell that the table waits, or does so no more; a hand's beginning and end show by themselves."""
        before, self.state = self.state, self._find()
        shows = {TableState.PLAYING} if before is not TableState.PLAYING else {TableState.BETWEEN_HANDS}
        if self.state is not before and self.state not in shows:
            history = self.dealer.history
            history.tell(StateChanged(*history.next_header(), state=self.state))

    def recover(self) -> None:
        """After a crash: the hand that was in play is void, everybody gets the table as it is now."""
        seats, history, keeper = self.dealer.seats, self.dealer.history, self.dealer.keeper
        history.drop_untold()
        if keeper.last_hand_no > seats.settlements.last_played.hand_no:
            keeper.voided()
        keeper.is_touched = True
        history.public.set_up(seats.public(), seats.seating.button)
        now = trio.current_time()
        for viewer in history.audience.viewers:
            history.telling.answer(viewer, take_snapshot(self.dealer, self.state, viewer.user_id, now))
        if history.hand_id is not None:
            HANDS.labels(outcome="void").inc()
            stacks = tuple(DealtSeat(one.seat, one.stack) for one in seats.public())
            history.tell(HandVoided(*history.next_header(), hand_id=history.hand_id, stacks=stacks))
            history.end_hand()
            self.state = TableState.BETWEEN_HANDS

    def _find(self) -> TableState:
        dealer, seats = self.dealer, self.dealer.seats
        if dealer.play is not None:
            return TableState.PLAYING
        if seats.is_halted:
            return TableState.HALTED
        if self.holding.is_on:
            return TableState.HELD
        if seats.settlements.is_full:
            return TableState.WAITING_FOR_LEDGER
        return TableState.WAITING_FOR_PLAYERS if dealer.clock.is_stopped else TableState.BETWEEN_HANDS
