"""Cards: whole numbers from 0 (deuce of clubs) to 51 (ace of spades), four suits to a rank.

The numbering is that of the hand evaluator, so that ranking a hand converts nothing.
"""

from collections.abc import Iterable
from typing import NewType

Card = NewType("Card", int)
"""One card of the deck: rank * 4 + suit."""

RANKS = "23456789TJQKA"
SUITS = "cdhs"

FULL_BOARD = 5

FULL_DECK: tuple[Card, ...] = tuple(Card(number) for number in range(52))
"""All cards, from the deuce of clubs to the ace of spades."""

_NAMES: tuple[str, ...] = tuple(rank + suit for rank in RANKS for suit in SUITS)
_CARDS: dict[str, Card] = {name: Card(number) for number, name in enumerate(_NAMES)}


def parse_card(name: str) -> Card:
    """Read a card written as rank and suit, ``As`` or ``Td``; anything else is a ``ValueError``."""
    card = _CARDS.get(name)
    if card is None:
        raise ValueError(f"not a card: {name!r}")
    return card


def parse_cards(names: str) -> tuple[Card, ...]:
    """Read cards written one after the other, ``AsKd`` or ``As Kd``."""
    letters = "".join(names.split())
    return tuple(parse_card(letters[start : start + 2]) for start in range(0, len(letters), 2))


def format_card(card: Card) -> str:
    """Write a card as rank and suit: ``As``."""
    return _NAMES[card]


def format_cards(cards: Iterable[Card]) -> str:
    """Write cards one after the other: ``AsKd``."""
    return "".join(_NAMES[card] for card in cards)


def rank_of(card: Card) -> int:
    """Give the rank of a card, from 0 (deuce) to 12 (ace)."""
    return card >> 2


def suit_of(card: Card) -> int:
    """Give the suit of a card, from 0 (clubs) to 3 (spades); suits never break ties."""
    return card & 3
