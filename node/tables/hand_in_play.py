"""A hand between its deal and its end."""

import time
from collections.abc import Mapping

from attrs import define, field

from cardroom.ids import HandId, SeatIndex, UserId
from node.rules.blinds import Deal
from node.rules.events import Event
from node.rules.hand import Hand, Step
from node.tables.deck import CommittedDeck
from node.tables.seats import SeatHolder


@define
class HandInPlay:
    """A hand between its deal and its end. Dropping it voids it."""

    hand_no: int
    deck: CommittedDeck
    started_unix_ms: int
    deal: Deal
    players: dict[SeatIndex, UserId]
    hand: Hand
    events: list[Event] = field(factory=list)
    agreed: set[SeatIndex] = field(factory=set)
    """Who has agreed to run it twice."""

    @property
    def hand_id(self) -> HandId:
        """The hand's id, which its deck was committed for."""
        return self.deck.hand_id


def open_hand(
    hand_no: int, deck: CommittedDeck, deal: Deal, step: Step, holders: Mapping[SeatIndex, SeatHolder]
) -> HandInPlay:
    """Give the hand that has just been dealt from a deck."""
    hand, events = step
    return HandInPlay(
        hand_no=hand_no,
        deck=deck,
        started_unix_ms=time.time_ns() // 1_000_000,
        deal=deal,
        players={player.seat: holders[player.seat].user_id for player in deal.players},
        hand=hand,
        events=list(events),
    )
