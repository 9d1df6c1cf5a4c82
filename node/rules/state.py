"""A hand at one moment, as a frozen value: what the table shows, journals and hands back to the rules."""

from enum import Enum, unique
from typing import NamedTuple

import attrs

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from node.rules.actions import LegalActions
from node.rules.betting import BettingRound, Player
from node.rules.blinds import Deal, HandRules
from node.rules.cards import Card
from node.rules.errors import IllegalAction, IllegalReason
from node.rules.events import Event, HandSettlement, Street
from node.rules.pots import Pot, layer_pots

HOLE_CARDS = 2


@unique
class Phase(Enum):
    """What the hand waits for."""

    BETTING = "betting"
    AWAITING_RUN_IT_TWICE = "awaiting_run_it_twice"
    OVER = "over"


@attrs.frozen
class HandSetup:
    """What never changes during a hand. The deck holds at least every card that can be dealt."""

    rules: HandRules
    deal: Deal
    deck: tuple[Card, ...]
    chips: Krw
    """All chips in won that the players brought."""


class Hand(NamedTuple):
    """A hand at one moment. ``players`` stand in dealing order; a position is a place in that order."""

    setup: HandSetup
    players: tuple[Player, ...]
    street: Street
    boards: tuple[tuple[Card, ...], ...]
    """The board; two of them once it is run twice."""
    betting: BettingRound
    phase: Phase
    turn: int
    """The number, from 1, of the decision that is awaited (or would come next)."""
    position_to_act: int | None = None
    legal: LegalActions | None = None
    leaving: frozenset[SeatIndex] = frozenset()
    shown: frozenset[SeatIndex] = frozenset()
    """The seats whose hole cards lie face up."""
    result: HandSettlement | None = None

    @property
    def is_over(self) -> bool:
        """Whether the hand is settled."""
        return self.phase is Phase.OVER

    @property
    def awaiting_run_it_twice(self) -> bool:
        """Whether the live players are asked if the rest of the board is dealt twice."""
        return self.phase is Phase.AWAITING_RUN_IT_TWICE

    @property
    def seat_to_act(self) -> SeatIndex | None:
        """The seat whose decision is awaited; None when nobody's is."""
        return None if self.legal is None else self.legal.seat

    @property
    def board(self) -> tuple[Card, ...]:
        """The first board, as far as it is dealt."""
        return self.boards[0]

    @property
    def pots(self) -> tuple[Pot, ...]:
        """The pots gathered from the streets before, main pot first; none once the hand is over."""
        if self.is_over:
            return ()
        gathered = [p._replace(contribution=Krw(p.contribution - p.street_bet)) for p in self.players]
        return layer_pots(gathered)

    @property
    def live_seats(self) -> tuple[SeatIndex, ...]:
        """The seats that have not folded, in dealing order."""
        return tuple(player.seat for player in self.players if not player.has_folded)

    def player(self, seat: SeatIndex) -> Player:
        """Give one dealt-in player; refused for a seat that is not in the hand."""
        for player in self.players:
            if player.seat == seat:
                return player
        raise IllegalAction(IllegalReason.NOT_IN_HAND)

    def next_cards(self, count: int) -> tuple[Card, ...]:
        """Give the cards that come next from the deck."""
        dealt = len(self.players) * HOLE_CARDS + len(self.boards[0])
        cards = self.setup.deck[dealt : dealt + count]
        assert len(cards) == count, "the deck covers what is dealt"
        return cards


Step = tuple[Hand, tuple[Event, ...]]
