"""A journaled hand through the pure rules: the same state and the same events as when it was played."""

from collections.abc import Iterable, Sequence

from attrs import define, field

from cardroom.ids import SeatIndex
from node.journal.deals import DealEntry
from node.journal.moves import Move, PlayerAgrees, take
from node.rules import hand as rules
from node.rules.cards import Card
from node.rules.events import Event
from node.rules.hand import Hand


@define
class ReplayedHand:
    """A hand after all its moves that are known."""

    hand: Hand
    events: list[Event]
    agreed: set[SeatIndex] = field(factory=set)
    """Who has agreed to run it twice."""


def replay(deal: DealEntry, cards: Sequence[Card], moves: Iterable[Move]) -> ReplayedHand:
    """Play a hand again; ``cards`` is its deck. Raises ``IllegalAction`` for moves that are not its own."""
    hand, events = rules.start(deal.rules, deal.deal, cards)
    replayed = ReplayedHand(hand, list(events))
    for move in moves:
        replayed.hand, more = take(replayed.hand, move)
        replayed.events.extend(more)
        if isinstance(move, PlayerAgrees):
            replayed.agreed.add(move.seat)
    return replayed
