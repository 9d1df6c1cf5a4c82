"""Whether every card is equally likely at every place, and every pair of cards at every two places (rule 46).

All statistics are Pearson's chi-square. Their limit is a z score that both tails of all tests of a run
together exceed less than once in 10^7 runs: also a deck that is more even than chance is not fair.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice, pairwise

import attrs

CARDS = 52
LIMIT = 7.0
"""Chance exceeds it, in either direction, once in 4 * 10^11 tests; a run has fewer than 200."""
ENOUGH_FOR_PAIRS = 100_000
"""With fewer shuffles a pair of cards is expected too seldom at two places for its chi-square to be one."""
CHUNK = 10_000

Shuffle = Callable[[], Sequence[int]]


@attrs.frozen
class ChiSquare:
    """One statistic and its degrees of freedom."""

    name: str
    statistic: float
    freedom: int

    @property
    def z(self) -> float:
        """The same as a normal deviate, by the cube root of Wilson and Hilferty."""
        spread = 2 / (9 * self.freedom)
        return float(((self.statistic / self.freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread))

    @property
    def chance(self) -> float:
        """How likely a fair deck gives a statistic at least as far away, in either direction."""
        return math.erfc(abs(self.z) / math.sqrt(2))

    @property
    def is_fair(self) -> bool:
        """Whether chance explains it."""
        return abs(self.z) < LIMIT


@attrs.define
class Counts:
    """What lay where in many decks."""

    shuffles: int = 0
    places: list[Counter[int]] = attrs.Factory(lambda: [Counter() for _ in range(CARDS)])
    pairs: list[Counter[tuple[int, int]]] = attrs.Factory(lambda: [Counter() for _ in range(CARDS - 1)])

    def add(self, decks: Sequence[Sequence[int]]) -> None:
        """Count the card at every place and the two cards at every two places side by side."""
        assert all(len(deck) == CARDS == len(set(deck)) for deck in decks), "52 different cards"
        cards = b"".join(map(bytes, decks))
        columns = [cards[place::CARDS] for place in range(CARDS)]
        for counts, column in zip(self.places, columns, strict=True):
            counts.update(column)
        for together, (left, right) in zip(self.pairs, pairwise(columns), strict=True):
            together.update(zip(left, right, strict=True))
        self.shuffles += len(decks)


def count_shuffles(shuffle: Shuffle, shuffles: int) -> Counts:
    """Shuffle so many decks and count them."""
    counts, decks = Counts(), (shuffle() for _ in range(shuffles))
    while chunk := list(islice(decks, CHUNK)):
        counts.add(chunk)
    return counts


def _pearson(counts: Iterable[int], expected: float) -> float:
    return sum((count - expected) ** 2 for count in counts) / expected


def _furthest(tests: Iterable[ChiSquare]) -> ChiSquare:
    return max(tests, key=lambda test: abs(test.z))


def positions(counts: Counts) -> ChiSquare:
    """Test the whole table of 52 cards at 52 places.

    Every deck has each card once, so rows and columns are fixed: 51 * 51 degrees of freedom, and the sum is
    too large by 52/51.
    """
    cells = [column[card] for column in counts.places for card in range(CARDS)]
    statistic = _pearson(cells, counts.shuffles / CARDS) * (CARDS - 1) / CARDS
    return ChiSquare("positions", statistic, (CARDS - 1) ** 2)


def one_place(counts: Counts) -> ChiSquare:
    """Give the place that is furthest from even, of 52 with 51 degrees of freedom each."""
    expected = counts.shuffles / CARDS
    return _furthest(
        ChiSquare(f"place {place}", _pearson((column[card] for card in range(CARDS)), expected), CARDS - 1)
        for place, column in enumerate(counts.places)
    )


def one_pair(counts: Counts) -> ChiSquare:
    """Give the two adjacent places furthest from even: 52 * 51 ordered pairs of cards, 2,651 degrees each.

    Places share decks, so their statistics are not added up; with the limit of all tests the worst counts.
    """
    cells = CARDS * (CARDS - 1)
    expected = counts.shuffles / cells
    return _furthest(
        ChiSquare(
            f"pairs at {place}, {place + 1}",
            _pearson(together.values(), expected) + (cells - len(together)) * expected,
            cells - 1,
        )
        for place, together in enumerate(counts.pairs)
    )


def one_step(counts: Counts) -> ChiSquare:
    """Give the two adjacent places furthest from even by the step from card to card, modulo 52.

    The coarser test of pairs: 51 steps with 50 degrees of freedom, for which 10^4 shuffles are plenty, while
    each of the 2,652 pairs would be expected not even four times.
    """
    tests = []
    for place, together in enumerate(counts.pairs):
        steps = Counter[int]()
        for (left, right), count in together.items():
            steps[(right - left) % CARDS] += count
        expected = counts.shuffles / (CARDS - 1)
        statistic = _pearson((steps[step] for step in range(1, CARDS)), expected)
        tests.append(ChiSquare(f"steps at {place}, {place + 1}", statistic, CARDS - 2))
    return _furthest(tests)


def chi_squares(counts: Counts) -> tuple[ChiSquare, ...]:
    """Do every test that so many shuffles allow: positions, one place, steps, and pairs."""
    tests = (positions(counts), one_place(counts), one_step(counts))
    return (*tests, one_pair(counts)) if counts.shuffles >= ENOUGH_FOR_PAIRS else tests
