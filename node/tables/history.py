"""The events of one table: numbered without a gap, then told to everybody who watches."""

from collections.abc import Mapping

from attrs import Factory, define

from cardroom.ids import HandId, TableId, UserId
from cardroom.wire.table import AnyTableEvent
from node.tables.audience import Audience, Notice, Publisher

Header = tuple[TableId, int, int]
"""What every event starts with: table, its number there, hand number."""


@define
class History:
    """Numbers events and keeps them until ``publish``; survives a crash of the table's task."""

    table_id: TableId
    audience: Audience
    publisher: Publisher
    table_seq: int = 0
    hand_no: int = 0
    hand_id: HandId | None = None
    """The hand that viewers follow now; after a crash it is the one that is void."""
    _untold: list[Notice] = Factory(list)

    def next_header(self) -> Header:
        """Take the next number. The event that is made with it must be told."""
        self.table_seq += 1
        return (self.table_id, self.table_seq, self.hand_no)

    def tell(self, event: AnyTableEvent, instead: Mapping[UserId, AnyTableEvent] | None = None) -> None:
        """Note an event, and what certain players get in its place, for the next ``publish``."""
        self._untold.append(Notice(event, instead or {}))

    def begin_hand(self, hand_id: HandId, hand_no: int) -> None:
        """From here on events belong to this hand."""
        self.hand_id, self.hand_no = hand_id, hand_no

    def end_hand(self) -> None:
        """Nobody follows a hand any more; what comes next still carries its number."""
        self.hand_id = None

    def drop_untold(self) -> None:
        """Forget what a crashed step was about to tell; viewers need a snapshot then."""
        self._untold.clear()

    def publish(self) -> None:
        """Send what was told since the last time to all who watch now."""
        if self._untold:
            untold, self._untold = self._untold, []
            self.publisher.publish(self.audience.viewers, untold)
