"""The openings of cards, by which a player checks that a deck was fixed before its first card (rule 47)."""

from attrs import frozen

from cardroom.ids import HandId, TableId
from cardroom.wire.cards import CardCode


@frozen
class CardOpening:
    """One card of a deck: its position from 0 in the order of dealing, and what proves it.

    ``salt`` (16 bytes) belongs to the card's leaf; ``path`` are the six hashes (32 bytes each) beside the
    way from the leaf to the commitment, from the leaf upwards. The leaf is SHA-256 of 0x00, the hand id's 16
    bytes, one byte each for position and card, and the salt; a node is SHA-256 of 0x01, its left and its
    right child. At each level the lowest bit of the position says whether the hash found so far is the right
    one (1) or the left one (0); then the position is halved.
    """

    position: int
    """The place in the deck, 0 to 51."""
    card: CardCode
    salt: bytes
    path: tuple[bytes, ...]


@frozen
class Openings:
    """The answer to ``Prove``: one opening for each card of a hand that the asker may see now, no other.

    These are the asker's own hole cards, the board (both, if it was dealt twice), hands that lie open, and
    cards shown after the hand, by position. ``commitment`` is the one of ``HandStarted``.
    """

    request_id: int
    """The number of the request."""
    table_id: TableId
    hand_no: int
    """The hand that was asked for."""
    hand_id: HandId
    commitment: bytes
    openings: tuple[CardOpening, ...]
    """One for each card, by position."""
