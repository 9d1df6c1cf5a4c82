"""Openings of cards on request: of the hand in play, and of the hands that were played last (rule 47)."""

from collections import deque

from attrs import define, field, frozen

from cardroom.handrecord.deck_proof import Opening
from cardroom.ids import UserId
from cardroom.wire.cards import CardCode
from cardroom.wire.player import Prove
from cardroom.wire.proof import CardOpening, Openings
from cardroom.wire.refusals import Refusal
from node.tables.deck import CommittedDeck
from node.tables.denied import Denied
from node.tables.hand_in_play import HandInPlay
from node.tables.projection import SeenCards, seen_cards


@frozen
class ProvableHand:
    """A hand whose cards can be proved to those who see them."""

    hand_no: int
    deck: CommittedDeck
    seen: SeenCards


@define
class ProvableHands:
    """The last hands of a table; they outlive a crash of its task. A void hand is none of them."""

    limit: int
    _hands: deque[ProvableHand] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._hands = deque(maxlen=self.limit)

    def add(self, hand: ProvableHand) -> None:
        """Keep a finished hand, until enough others have been played."""
        self._hands.append(hand)

    def prove(self, user_id: UserId, request: Prove, play: HandInPlay | None, last_hand_no: int) -> Openings:
        """Open the cards of a hand that a player may see now. Refused as ``Prove`` says."""
        hand = self._find(request.hand_no, play)
        if hand is None:
            raise Denied(Refusal.STALE_HAND if 0 < request.hand_no <= last_hand_no else Refusal.NO_HAND)
        openings = hand.deck.open(hand.seen.by(user_id))
        return Openings(
            request_id=request.request_id,
            table_id=request.table_id,
            hand_no=hand.hand_no,
            hand_id=hand.deck.hand_id,
            commitment=hand.deck.commitment,
            openings=tuple(map(_as_told, openings)),
        )

    def _find(self, hand_no: int, play: HandInPlay | None) -> ProvableHand | None:
        if play is not None and play.hand_no == hand_no:
            return provable_hand(play)
        return next((hand for hand in self._hands if hand.hand_no == hand_no), None)


def provable_hand(play: HandInPlay) -> ProvableHand:
    """Give a hand as it can be proved at this moment."""
    return ProvableHand(play.hand_no, play.deck, seen_cards(play.hand, play.players))


def _as_told(opening: Opening) -> CardOpening:
    return CardOpening(opening.position, CardCode(opening.card), opening.salt, opening.path)
