"""Decks: fifty-two different cards, and every card equally likely at every place."""

from collections import Counter

from node.rules.cards import FULL_DECK
from node.tables.deck import shuffled_deck

SHUFFLES = 10_000


def test_a_deck_is_fair() -> None:
    """Chi-square with 51 degrees of freedom for some places: above 120 comes once in 10^7."""
    decks = [shuffled_deck() for _ in range(SHUFFLES)]
    assert all(set(deck) == set(FULL_DECK) and len(deck) == 52 for deck in decks[:1000])
    expected = SHUFFLES / 52
    for place in (0, 1, 17, 50, 51):
        counts = Counter(deck[place] for deck in decks)
        assert sum((counts[card] - expected) ** 2 / expected for card in FULL_DECK) < 120
    follows = Counter((int(deck[1]) - int(deck[0])) % 52 for deck in decks)
    assert sum((follows[step] - SHUFFLES / 51) ** 2 / (SHUFFLES / 51) for step in range(1, 52)) < 120
