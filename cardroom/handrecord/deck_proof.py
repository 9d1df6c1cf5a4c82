"""Proof that a deck was fixed before its first card was dealt (rule 47); pure.

The deck's 52 cards and 12 leaves of padding are the leaves of a Merkle tree over SHA-256. Its root, the
commitment, is published before the deal. The opening of a position is that leaf's card and salt and the six
hashes beside its way to the root: whoever has it checks one card and learns nothing of any other, because
each leaf is salted with 128 random bits.

    leaf = SHA-256(0x00 | hand id, 16 bytes | position, 1 byte | card, 1 byte | salt, 16 bytes)
    node = SHA-256(0x01 | left | right)

A card is 4 x rank + suit as on the wire, 255 for padding. Positions count from 0 in the order of dealing.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from attrs import frozen

from cardroom.ids import HandId

CARDS: Final = 52
LEAVES: Final = 64
SALT_BYTES: Final = 16
SALTS_BYTES: Final = LEAVES * SALT_BYTES
HASH_BYTES: Final = 32
PATH_LENGTH: Final = 6

_PADDING: Final = 255
_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


@frozen
class Opening:
    """One card of a deck and the way from its leaf to the commitment, hashes from the leaf upwards."""

    position: int
    card: int
    salt: bytes
    path: tuple[bytes, ...]


@frozen
class DeckProof:
    """A committed deck. It knows every card: it stays where the deck is."""

    hand_id: HandId
    deck: tuple[int, ...]
    salts: bytes
    levels: tuple[tuple[bytes, ...], ...]
    """The tree's hashes, leaves first, the root alone last."""

    @property
    def commitment(self) -> bytes:
        """The root: 32 bytes that fix the whole deck."""
        return self.levels[-1][0]

    def open(self, position: int) -> Opening:
        """Give the opening of one position; who may have it is the caller's to decide."""
        assert 0 <= position < CARDS, "only cards are opened"
        path, place = [], position
        for level in self.levels[:-1]:
            path.append(level[place ^ 1])
            place //= 2
        return Opening(position, self.deck[position], _salt(self.salts, position), tuple(path))


def commit_deck(hand_id: HandId, deck: Sequence[int], salts: bytes) -> DeckProof:
    """Commit to a deck of 52 cards; ``salts`` are 1,024 fresh random bytes, used for no other hand."""
    assert sorted(deck) == list(range(CARDS)), "a deck has every card once"
    assert len(salts) == SALTS_BYTES, "each leaf has its salt"
    cards, start = (*deck, *(_PADDING,) * (LEAVES - CARDS)), _LEAF + hand_id.bytes
    level = tuple([_leaf(start, place, card, _salt(salts, place)) for place, card in enumerate(cards)])
    levels = [level]
    while len(level) > 1:
        level = tuple(map(_node, level[::2], level[1::2]))
        levels.append(level)
    return DeckProof(hand_id, tuple(deck), salts, tuple(levels))


def is_proved(hand_id: HandId, commitment: bytes, opening: Opening) -> bool:
    """Say whether an opening is that of a card of the committed deck; false for whatever else it is."""
    if not 0 <= opening.position < CARDS or not 0 <= opening.card < CARDS:
        return False
    if len(opening.salt) != SALT_BYTES or [len(one) for one in opening.path] != [HASH_BYTES] * PATH_LENGTH:
        return False
    start, place = _LEAF + hand_id.bytes, opening.position
    found = _leaf(start, place, opening.card, opening.salt)
    for sibling in opening.path:
        found = _node(sibling, found) if place % 2 else _node(found, sibling)
        place //= 2
    return found == commitment


def _salt(salts: bytes, place: int) -> bytes:
    return salts[place * SALT_BYTES : (place + 1) * SALT_BYTES]


def _leaf(start: bytes, position: int, card: int, salt: bytes) -> bytes:
    """Give a card's leaf; ``start`` is what all leaves of a hand begin with."""
    return sha256(start + bytes((position, card)) + salt).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()
