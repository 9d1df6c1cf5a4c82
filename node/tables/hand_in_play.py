"""A hand between its deal and its end."""

from attrs import define, field

from cardroom.ids import HandId, SeatIndex, UserId
from node.rules.blinds import Deal
from node.rules.events import Event
from node.rules.hand import Hand


@define
class HandInPlay:
    """A hand between its deal and its end. Dropping it voids it."""

    hand_id: HandId
    hand_no: int
    started_unix_ms: int
    deal: Deal
    players: dict[SeatIndex, UserId]
    hand: Hand
    events: list[Event] = field(factory=list)
    agreed: set[SeatIndex] = field(factory=set)
    """Who has agreed to run it twice."""
