"""The events of one table: numbered without a gap, told to all who watch, and kept for who missed some."""

from collections import deque
from collections.abc import Mapping, Sequence

from attrs import Factory, define, evolve

from cardroom.ids import HandId, TableId, UserId
from cardroom.wire.state_hash import EVENTS_PER_HASH, hash_state
from cardroom.wire.table import AnyTableEvent
from node.tables.audience import Audience, Notice
from node.tables.public_state import PublicState
from node.tables.telling import Telling

Header = tuple[TableId, int, int]
"""What every event starts with: table, its number there, hand number."""


@define
class History:
    """Numbers events, publishes them, and keeps the last ones; survives a crash of the table's task."""

    table_id: TableId
    audience: Audience
    telling: Telling
    public: PublicState
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
        self.public.follow(event)
        notice = Notice(event, instead or {})
        if event.table_seq % EVENTS_PER_HASH == 0:
            notice = _with_hash(notice, hash_state(self.public.at(event.table_seq, event.hand_no)))
        self._untold.append(notice)

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
        self.telling.drop_step()
        self._kept.clear()
        self.table_seq += 1

    def publish(self) -> None:
        """Tell what was noted since the last time to all who watch now."""
        if self._untold:
            untold, self._untold = self._untold, []
            self._kept.extend(untold)
            self.telling.publish(self.audience.viewers, untold)

    def missed_since(self, last_seq: int, user_id: UserId) -> Sequence[AnyTableEvent] | None:
        """Give what a player was told after an event; None where not all of it is kept any more."""
        first_kept = self._kept[0].for_all.table_seq if self._kept else self.table_seq + 1
        if not first_kept - 1 <= last_seq <= self.table_seq:
            return None
        return tuple(
            notice.instead.get(user_id, notice.for_all)
            for notice in self._kept
            if notice.for_all.table_seq > last_seq
        )


def _with_hash(notice: Notice, state_hash: bytes) -> Notice:
    return Notice(
        evolve(notice.for_all, state_hash=state_hash),
        {user_id: evolve(event, state_hash=state_hash) for user_id, event in notice.instead.items()},
    )
