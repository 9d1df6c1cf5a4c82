"""A shuffled deck from the operating system's random source, fixed before its first card is dealt.

Rules 46 and 47: the commitment is told with the start of the hand. Later it proves single cards; which, the
projection decides.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from uuid import uuid4

from attrs import frozen

from cardroom.handrecord.deck_proof import SALTS_BYTES, Opening, commit_deck
from cardroom.ids import HandId
from node.rules.cards import FULL_DECK, Card

Shuffle = Callable[[], tuple[Card, ...]]
"""Gives a new deck for each hand: 52 different cards, every order as likely as any other."""

_RANDOM_BYTES: Final = 128
"""A shuffle takes 71 on average; asking the system for each of them takes longer than all the rest."""


def shuffled_deck() -> tuple[Card, ...]:
    """Shuffle a new deck: Fisher-Yates, each draw by rejection sampling of the system's random bits."""
    deck, draws = list(FULL_DECK), _random_bytes()
    for place in range(len(deck) - 1, 0, -1):
        as_many_bits = (1 << place.bit_length()) - 1
        other = next(draws) & as_many_bits
        while other > place:
            other = next(draws) & as_many_bits
        deck[place], deck[other] = deck[other], deck[place]
    return tuple(deck)


def _random_bytes() -> Iterator[int]:
    """Give random bytes for one deck; what it does not need serves no other."""
    while True:
        yield from secrets.token_bytes(_RANDOM_BYTES)


@frozen
class CommittedDeck:
    """A deck and what was promised of it. It knows every card: it never leaves the table.

    Cards and salts are kept, 1.1 KiB; the tree of hashes (10 KiB) is grown again when somebody asks.
    """

    hand_id: HandId
    cards: bytes
    salts: bytes
    commitment: bytes

    @property
    def in_order(self) -> tuple[Card, ...]:
        """The cards as they are dealt."""
        return tuple(map(Card, self.cards))

    def open(self, cards: Iterable[Card]) -> tuple[Opening, ...]:
        """Give the openings of these cards, by position. Who may have them is the projection's to decide."""
        positions = sorted(map(self.cards.index, cards))
        proof = commit_deck(self.hand_id, self.cards, self.salts)
        return tuple(map(proof.open, positions))


def commit(deck: tuple[Card, ...]) -> CommittedDeck:
    """Fix a deck for one hand, which gets its id here: neither id nor salts were ever used before."""
    hand_id, cards, salts = HandId(uuid4()), bytes(deck), secrets.token_bytes(SALTS_BYTES)
    return CommittedDeck(hand_id, cards, salts, commit_deck(hand_id, cards, salts).commitment)


def recall_deck(hand_id: HandId, cards_and_salts: bytes) -> CommittedDeck:
    """Give a deck again that was committed before, from its cards and salts."""
    cards, salts = cards_and_salts[: len(FULL_DECK)], cards_and_salts[len(FULL_DECK) :]
    return CommittedDeck(hand_id, cards, salts, commit_deck(hand_id, cards, salts).commitment)
