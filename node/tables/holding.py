"""Why a table deals no hand though it could: an administrator's order, or a freeze of all play."""

from functools import partial
from typing import Final, assert_never

from attrs import define, field

from cardroom.ids import TableId
from cardroom.wire.house import HouseWord
from cardroom.wire.ledger import TableMode
from cardroom.wire.player import JoinWaitingList, SitDown, TableRequest, TopUp
from cardroom.wire.presence import LobbyState
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import HoldReason, TableHeld
from node.tables.audience import Audience, Viewer
from node.tables.commands import HearHouse, KeepEmpty, Switch
from node.tables.denied import Denied
from node.tables.seats import SeatHolder, Seats
from node.tables.telling import Telling

_STATES: Final = {
    TableMode.RUNNING: LobbyState.OPEN,
    TableMode.PAUSED: LobbyState.PAUSED,
    TableMode.CLOSING: LobbyState.CLOSING,
}


@define
class Holding:
    """What holds one table back; outlives a crash of its task. A hand in play is played out whatever it is.

    ``is_kept_empty``: it stands empty and is about to be closed, if the ledger agrees; nobody sits down now.
    """

    table_id: TableId
    audience: Audience
    telling: Telling
    mode: TableMode = TableMode.RUNNING
    switch_no: int = 0
    is_kept_empty: bool = False
    house: HouseWord = field(factory=HouseWord)
    _told: TableHeld | None = None

    @property
    def reasons(self) -> tuple[HoldReason, ...]:
        """Say why no hand is dealt; empty where nothing is in the way."""
        found = []
        if self.is_closing:
            found.append(HoldReason.CLOSING)
        if self.mode is TableMode.PAUSED:
            found.append(HoldReason.ADMINISTRATOR)
        if self.house.is_play_frozen:
            found.append(HoldReason.PLAY_FROZEN)
        return tuple(found)

    @property
    def is_on(self) -> bool:
        """Say whether anything is in the way of the next hand."""
        return self.mode is not TableMode.RUNNING or self.is_kept_empty or self.house.is_play_frozen

    @property
    def is_closing(self) -> bool:
        """Say whether everybody is to be paid out, and nobody comes any more."""
        return self.mode is TableMode.CLOSING

    @property
    def state(self) -> LobbyState:
        """Give what the lobby shows of it."""
        return _STATES[self.mode]

    def check(self, request: TableRequest, holder: SeatHolder | None) -> None:
        """Refuse what brings money or players while the table is held back; everything else is allowed.

        A top-up that was asked for before moves nothing, and gets its first answer.
        """
        if not isinstance(request, SitDown | TopUp | JoinWaitingList) or _was_asked(request, holder):
            return
        if self.is_closing or self.is_kept_empty:
            raise Denied(Refusal.TABLE_CLOSING)
        if isinstance(request, JoinWaitingList):
            return
        if self.mode is TableMode.PAUSED:
            raise Denied(Refusal.TABLE_HELD)
        if self.house.is_play_frozen:
            raise Denied(Refusal.PLAY_FROZEN)

    def obey(self, command: Switch | KeepEmpty | HearHouse, seats: Seats) -> None:
        """Hold the table back, or let it go on."""
        match command:
            case Switch(mode, switch_no):
                self.is_kept_empty = False
                if switch_no > self.switch_no:
                    self.mode, self.switch_no = mode, switch_no
                seats.state = self.state
            case KeepEmpty(answer):
                is_empty = not seats.holders and not seats.waiting
                self.is_kept_empty = is_empty and not self.is_closing
                self.telling.call(partial(answer, is_empty or self.is_closing))
            case HearHouse(word):
                self.house = word
            case _ as unreachable:
                assert_never(unreachable)
        if self.is_on:
            seats.waiting.take_offers_back()

    def tell(self) -> None:
        """Tell all who watch, when it is another than was told last."""
        message = self._message()
        if message != (self._told or TableHeld(self.table_id, (), "")):
            self._told = message
            self.telling.send(self.audience.viewers, message)

    def greet(self, viewer: Viewer) -> None:
        """Tell somebody who comes why the table is held back, if it is."""
        message = self._message()
        if message.reasons:
            self.telling.answer(viewer, message)

    def _message(self) -> TableHeld:
        reasons = self.reasons
        return TableHeld(self.table_id, reasons, self.house.told if HoldReason.PLAY_FROZEN in reasons else "")


def _was_asked(request: TableRequest, holder: SeatHolder | None) -> bool:
    if holder is None or not isinstance(request, TopUp):
        return False
    first = None if holder.top_up is None else holder.top_up.request
    is_under_way = first is not None and first.request_id == request.request_id
    return is_under_way or request.request_id in holder.answered_top_ups
