"""Which hand is better, which five cards make it, and how people say it.

Strength is the evaluator's number: 1 is the royal flush, 7462 the worst high card; smaller is stronger.
"""

from collections.abc import Sequence
from enum import Enum, unique
from functools import cached_property

import attrs
from phevaluator import evaluate_7cards

from node.rules.cards import Card, rank_of, suit_of


@unique
class Category(Enum):
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


WORST_STRENGTH = 7462

# The evaluator numbers the 7,462 different hands, best first; here each category ends.
_LAST_STRENGTH = (
    (10, Category.STRAIGHT_FLUSH),
    (166, Category.FOUR_OF_A_KIND),
    (322, Category.FULL_HOUSE),
    (1599, Category.FLUSH),
    (1609, Category.STRAIGHT),
    (2467, Category.THREE_OF_A_KIND),
    (3325, Category.TWO_PAIR),
    (6185, Category.PAIR),
    (WORST_STRENGTH, Category.HIGH_CARD),
)
_ACE = 12
_FIVE = 3
_STRAIGHT = 5
_QUADS = 4


@attrs.frozen(slots=False)
class HandRanking:
    """The best hand of seven cards. Everything but the strength is worked out when asked for."""

    strength: int
    """1 (royal flush) to 7462; smaller is stronger, equal is a tie."""
    cards: tuple[Card, ...]
    """The seven cards, the player's own two first."""

    @property
    def hole_cards(self) -> tuple[Card, Card]:
        """The player's own two cards."""
        return self.cards[0], self.cards[1]

    @cached_property
    def category(self) -> Category:
        """The kind of hand."""
        return next(category for last, category in _LAST_STRENGTH if self.strength <= last)

    @cached_property
    def best_five(self) -> tuple[Card, ...]:
        """The five cards that count, in speaking order (a full house: the three, then the pair)."""
        return _best_five(self.cards, self.category)

    @cached_property
    def english(self) -> str:
        """The hand in English: ``full house, kings full of tens``."""
        return _in_english(self.category, [rank_of(card) for card in self.best_five])

    @cached_property
    def korean(self) -> str:
        """The hand in Korean: ``풀하우스, 킹 풀 10``."""
        return _in_korean(self.category, [rank_of(card) for card in self.best_five])


def rank_hand(hole_cards: tuple[Card, Card], board: tuple[Card, ...]) -> HandRanking:
    """Rank the best five of seven; the board may play (rule 26)."""
    cards = hole_cards + board
    strength: int = evaluate_7cards(*cards)
    return HandRanking(strength, cards)


def _best_five(cards: Sequence[Card], category: Category) -> tuple[Card, ...]:
    high_first = sorted(cards, key=rank_of, reverse=True)
    match category:
        case Category.FLUSH:
            return tuple(_flush_suited(high_first)[:5])
        case Category.STRAIGHT:
            return _straight_run(high_first)
        case Category.STRAIGHT_FLUSH:
            return _straight_run(_flush_suited(high_first))
        case _:
            return _grouped(high_first)


def _flush_suited(cards: Sequence[Card]) -> list[Card]:
    suits = [suit_of(card) for card in cards]
    flush = max(suits, key=suits.count)
    return [card for card in cards if suit_of(card) == flush]


def _straight_run(high_first: Sequence[Card]) -> tuple[Card, ...]:
    """Take the highest five in a row; the ace also stands below the deuce."""
    by_rank = {rank_of(card): card for card in reversed(high_first)}
    if _ACE in by_rank:
        by_rank[-1] = by_rank[_ACE]
    for top in range(_ACE, _FIVE - 1, -1):
        run = range(top, top - _STRAIGHT, -1)
        if all(rank in by_rank for rank in run):
            return tuple(by_rank[rank] for rank in run)
    raise AssertionError("the evaluator named a straight where there is none")


def _grouped(high_first: Sequence[Card]) -> tuple[Card, ...]:
    """Put fours, threes and pairs in front, then the highest others.

    Of three pairs, or of two threes, only the better ones count; what is left over competes as kicker.
    """
    ranks = [rank_of(card) for card in high_first]
    groups = sorted(set(ranks), key=lambda rank: (-ranks.count(rank), -rank))
    first = [card for card in high_first if rank_of(card) == groups[0]]
    rest = [card for card in high_first if rank_of(card) != groups[0]]
    if len(first) in (_QUADS, 1):
        return tuple(first + rest)[:5]
    second = [card for card in rest if rank_of(card) == groups[1]][:2]
    if len(second) == 1:
        return tuple(first + rest)[:5]
    kickers = [card for card in rest if card not in second]
    return tuple(first + second + kickers)[:5]


_ENGLISH = (
    "deuce",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "jack",
    "queen",
    "king",
    "ace",
)
_KOREAN = ("2", "3", "4", "5", "6", "7", "8", "9", "10", "잭", "퀸", "킹", "에이스")


def _plural(rank: int) -> str:
    name = _ENGLISH[rank]
    return name + "es" if name == "six" else name + "s"


def _in_english(category: Category, ranks: Sequence[int]) -> str:
    high = _ENGLISH[ranks[0]]
    match category:
        case Category.STRAIGHT_FLUSH:
            return "royal flush" if ranks[0] == _ACE else f"straight flush, {high} high"
        case Category.FOUR_OF_A_KIND:
            return f"four of a kind, {_plural(ranks[0])}"
        case Category.FULL_HOUSE:
            return f"full house, {_plural(ranks[0])} full of {_plural(ranks[3])}"
        case Category.FLUSH:
            return f"flush, {high} high"
        case Category.STRAIGHT:
            return f"straight, {high} high"
        case Category.THREE_OF_A_KIND:
            return f"three of a kind, {_plural(ranks[0])}"
        case Category.TWO_PAIR:
            return f"two pair, {_plural(ranks[0])} and {_plural(ranks[2])}"
        case Category.PAIR:
            return f"pair of {_plural(ranks[0])}"
        case Category.HIGH_CARD:
            return f"high card, {high}"


def _in_korean(category: Category, ranks: Sequence[int]) -> str:
    high = _KOREAN[ranks[0]]
    match category:
        case Category.STRAIGHT_FLUSH:
            return "로열 플러시" if ranks[0] == _ACE else f"스트레이트 플러시, {high} 하이"
        case Category.FOUR_OF_A_KIND:
            return f"포카드, {high}"
        case Category.FULL_HOUSE:
            return f"풀하우스, {high} 풀 {_KOREAN[ranks[3]]}"
        case Category.FLUSH:
            return f"플러시, {high} 하이"
        case Category.STRAIGHT:
            return f"스트레이트, {high} 하이"
        case Category.THREE_OF_A_KIND:
            return f"트리플, {high}"
        case Category.TWO_PAIR:
            return f"투 페어, {high}·{_KOREAN[ranks[2]]}"
        case Category.PAIR:
            return f"원 페어, {high}"
        case Category.HIGH_CARD:
            return f"하이 카드, {high}"
