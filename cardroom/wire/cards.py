"""Cards and the hands that they make, as they cross the wire."""

from enum import Enum, unique
from typing import NewType

from attrs import frozen

CardCode = NewType("CardCode", int)
"""A card: 4 x rank (0 is the deuce, 12 the ace) + suit (0 clubs, 1 diamonds, 2 hearts, 3 spades)."""


@unique
class HandCategory(Enum):
    """The kinds of poker hands, best first."""

    STRAIGHT_FLUSH = "straight_flush"
    FOUR_OF_A_KIND = "four_of_a_kind"
    FULL_HOUSE = "full_house"
    FLUSH = "flush"
    STRAIGHT = "straight"
    THREE_OF_A_KIND = "three_of_a_kind"
    TWO_PAIR = "two_pair"
    PAIR = "pair"
    HIGH_CARD = "high_card"


@frozen
class MadeHand:
    """The best five of seven cards, as data and in words: ``full house, kings full of tens``.

    ``cards`` stand in speaking order: of a full house the three first, then the pair.
    """

    category: HandCategory
    cards: tuple[CardCode, ...]
    english: str
    """The hand in English."""
    korean: str
    """The hand in Korean."""
