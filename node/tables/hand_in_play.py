"""A hand between its deal and its end, and how it goes into the journal and comes out again."""

import time
from collections.abc import Mapping

from attrs import define, field

from cardroom.ids import HandId, SeatIndex, TableId, UserId
from cardroom.wire.player import Act
from node.journal.deals import DealEntry, DealtPlayer
from node.journal.fields import JournaledHand
from node.journal.moves import PlayerActs
from node.journal.replay import replay
from node.journal.seal import DeckSeal
from node.rules.blinds import Deal
from node.rules.events import Event
from node.rules.hand import Hand, Step
from node.tables.deck import CommittedDeck, recall_deck
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


def write_deal(play: HandInPlay, previous_hand_id: HandId | None, seal: DeckSeal) -> DealEntry:
    """Write down for the journal how a hand was dealt."""
    return DealEntry(
        hand_id=play.hand_id,
        hand_no=play.hand_no,
        previous_hand_id=previous_hand_id,
        started_unix_ms=play.started_unix_ms,
        rules=play.hand.setup.rules,
        deal=play.deal,
        players=tuple(DealtPlayer(seat, user_id) for seat, user_id in play.players.items()),
        sealed_deck=seal.close(play.hand_id, play.deck.cards + play.deck.salts),
    )


def recall_hand(journaled: JournaledHand, seal: DeckSeal) -> HandInPlay:
    """Give a hand as it stood after its last move; raises ``SealBroken`` or ``IllegalAction``."""
    deal = journaled.deal
    deck = recall_deck(deal.hand_id, seal.open(deal.hand_id, deal.sealed_deck))
    replayed = replay(deal, deck.in_order, journaled.moves)
    return HandInPlay(
        hand_no=deal.hand_no,
        deck=deck,
        started_unix_ms=deal.started_unix_ms,
        deal=deal.deal,
        players={player.seat: player.user_id for player in deal.players},
        hand=replayed.hand,
        events=replayed.events,
        agreed=replayed.agreed,
    )


def act_of(move: PlayerActs, play: HandInPlay, table_id: TableId) -> Act:
    """Give the request that a move came from, so that its repeat is known."""
    return Act(move.action_id, table_id, play.hand_no, move.turn, move.kind, move.amount)
