"""A hand between its deal and its end."""

import time
from collections.abc import Mapping
from uuid import uuid4

from attrs import define, field

from cardroom.ids import HandId, SeatIndex, UserId
from node.rules.blinds import Deal
from node.rules.events import Event
from node.rules.hand import Hand, Step
from node.tables.seats import SeatHolder


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


def open_hand(hand_no: int, deal: Deal, step: Step, holders: Mapping[SeatIndex, SeatHolder]) -> HandInPlay:
    """Give a hand that has just been dealt an id of its own, never used before."""
    hand, events = step
    return HandInPlay(
        hand_id=HandId(uuid4()),
        hand_no=hand_no,
        started_unix_ms=time.time_ns() // 1_000_000,
        deal=deal,
        players={player.seat: holders[player.seat].user_id for player in deal.players},
        hand=hand,
        events=list(events),
    )
