"""What a table is doing, and telling it when it has changed."""

from attrs import define

from cardroom.wire.table import StateChanged, TableState
from node.tables.dealing import Dealer


@define
class Standing:
    """The state of one table as its viewers know it."""

    dealer: Dealer
    state: TableState = TableState.WAITING_FOR_PLAYERS

    def tell(self) -> None:
        """Tell that the table waits, or does so no more; a hand's beginning and end show by themselves."""
        before, self.state = self.state, self._find()
        shows = {TableState.PLAYING} if before is not TableState.PLAYING else {TableState.BETWEEN_HANDS}
        if self.state is not before and self.state not in shows:
            history = self.dealer.history
            history.tell(StateChanged(*history.next_header(), state=self.state))

    def _find(self) -> TableState:
        dealer, seats = self.dealer, self.dealer.seats
        if dealer.play is not None:
            return TableState.PLAYING
        if seats.is_halted:
            return TableState.HALTED
        if seats.settlements.is_full:
            return TableState.WAITING_FOR_LEDGER
        return TableState.WAITING_FOR_PLAYERS if dealer.clock.is_stopped else TableState.BETWEEN_HANDS
