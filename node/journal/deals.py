"""What the journal keeps of a deal: all that a hand follows from, with the deck sealed."""

from typing import Final

from attrs import field, frozen

from cardroom.ids import HandId, SeatIndex, UserId
from cardroom.wire.codec import Codec, Encoding
from node.rules.blinds import Deal, HandRules

_MAX_DEAL_BYTES: Final = 16 * 1024


@frozen
class DealtPlayer:
    """Who plays a seat of the hand."""

    seat: SeatIndex
    user_id: UserId


@frozen
class DealEntry:
    """One hand as it was dealt. ``previous_hand_id`` is the hand that the table has played before it."""

    hand_id: HandId
    hand_no: int
    previous_hand_id: HandId | None
    started_unix_ms: int
    rules: HandRules
    deal: Deal
    players: tuple[DealtPlayer, ...]
    sealed_deck: bytes = field(repr=False)


def deal_codec() -> Codec[DealEntry]:
    """Give the codec for a deal in the journal."""
    return Codec(DealEntry, Encoding.MSGPACK, _MAX_DEAL_BYTES, {})
