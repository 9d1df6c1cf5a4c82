"""Cards shown of one's own will after a hand (rule 29)."""

from collections.abc import Mapping

from attrs import frozen

from cardroom.ids import SeatIndex, UserId
from cardroom.wire.player import ShowCards
from cardroom.wire.refusals import Refusal
from node.rules.cards import Card
from node.rules.errors import IllegalAction
from node.rules.events import CardsShown
from node.rules.hand import Hand, show_cards
from node.tables.denied import Denied
from node.tables.projection import SeenCards
from node.tables.seats import SeatHolder
from node.tables.translation import refusal_of


@frozen
class FinishedHand:
    """The hand that was played last. Its players may show cards until ``show_until``, on the loop's clock."""

    hand_no: int
    hand: Hand
    players: Mapping[SeatIndex, UserId]
    show_until: float
    seen: SeenCards
    """What all have seen, nobody needs to see twice."""

    def show(self, holder: SeatHolder, request: ShowCards, now: float) -> CardsShown | None:
        """Give what a player shows, None if all have seen it; refused as ``ShowCards`` says."""
        if now > self.show_until:
            raise Denied(Refusal.NOT_OFFERED)
        if request.hand_no != self.hand_no:
            raise Denied(Refusal.STALE_HAND)
        if self.players.get(holder.seat) != holder.user_id:
            raise Denied(Refusal.NOT_OFFERED)
        try:
            shown = show_cards(self.hand, holder.seat, tuple(Card(card) for card in request.cards))
        except IllegalAction as illegal:
            raise Denied(refusal_of(illegal.reason)) from None
        if self.seen.by_all.issuperset(shown.cards):
            return None
        self.seen.by_all.update(shown.cards)
        return shown
