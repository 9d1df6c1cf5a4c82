"""The events of one table: numbered without a gap, told to everybody who watches, kept for who returns."""

from collections import deque
from collections.abc import Mapping, Sequence

from attrs import Factory, define

from cardroom.ids import HandId, TableId, UserId
from cardroom.wire.table import AnyTableEvent
from node.tables.audience import Audience, Notice, Publisher

Header = tuple[TableId, int, int]
"""What every event starts with: table, its number there, hand number."""


@define
class History:
    """Numbers events, publishes them, and keeps the last ones; survives a crash of the table's task."""

    table_id: TableId
    audience: Audience
    publisher: Publisher
    kept_events: int
    """How many events are kept for viewers who come back."""
    table_seq: int = 0
    hand_no: int = 0
    hand_id: HandId | None = None
    """The hand that viewers follow now; after a crash it is the one that is void."""
    _untold: list[Notice] = Factory(list)
    _kept: deque[Notice] = Factory(lambda self: deque(maxlen=self.kept_events), takes_self=True)

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
        """Forget what a crashed step was about to tell; viewers need a snapshot then.

        Who comes back later needs one too: no event leads from before the crash to after it.
        """
        self._untold.clear()
        self._kept.clear()
        self.table_seq += 1

    def publish(self) -> None:
        """Send what was told since the last time to all who watch now."""
        if self._untold:
            untold, self._untold = self._untold, []
            self._kept.extend(untold)
            self.publisher.publish(self.audience.viewers, untold)

    def missed_since(self, last_seq: int, user_id: UserId) -> Sequence[AnyTableEvent] | None:
        """Give the events after ``last_seq`` as a viewer was to see them; None if they are not all known.

        A number that was not given yet is not known either.
        """
        missed = [notice for notice in self._kept if notice.for_all.table_seq > last_seq]
        if len(missed) != self.table_seq - last_seq:
            return None
        return [notice.instead.get(user_id, notice.for_all) for notice in missed]
