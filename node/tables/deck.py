"""A shuffled deck from the operating system's random source (rule 46)."""

from collections.abc import Callable
from random import SystemRandom

from node.rules.cards import FULL_DECK, Card

Shuffle = Callable[[], tuple[Card, ...]]
"""Gives a new deck for each hand: 52 different cards, every order as likely as any other."""

_SYSTEM = SystemRandom()


def shuffled_deck() -> tuple[Card, ...]:
    """Shuffle a new deck: Fisher-Yates, each draw by rejection sampling of the system's random bits."""
    deck = list(FULL_DECK)
    _SYSTEM.shuffle(deck)
    return tuple(deck)
