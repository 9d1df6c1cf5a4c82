"""Rule 46: fifty-two different cards, every card equally likely at every place, and after every other card.

The same statistics are held against shufflers with known faults, to show that they would find them.
"""

import random
from collections.abc import Callable
from itertools import cycle

import pytest

from node.rules.cards import FULL_DECK
from node.tables.deck import shuffled_deck
from tests.prove.shuffles import (
    ENOUGH_FOR_PAIRS,
    ChiSquare,
    Counts,
    chi_squares,
    count_shuffles,
    one_place,
    one_step,
    positions,
)

SHUFFLES = 10_000


def swap_with_any(dice: random.Random) -> list[int]:
    """Swap every card with any other: 52^52 ways, which do not divide evenly by 52!."""
    deck = list(range(52))
    for place in range(52):
        other = dice.randrange(52)
        deck[place], deck[other] = deck[other], deck[place]
    return deck


def draw_modulo(dice: random.Random) -> list[int]:
    """Fisher-Yates with the remainder of a random byte, where the house throws a byte too large away."""
    deck = list(range(52))
    for place in range(51, 0, -1):
        other = dice.getrandbits(8) % (place + 1)
        deck[place], deck[other] = deck[other], deck[place]
    return deck


def cut_only(dice: random.Random) -> list[int]:
    """Cut a new deck once: every card is equally likely at every place, but nothing is shuffled."""
    cut = dice.randrange(52)
    return [(place + cut) % 52 for place in range(52)]


def sort_two(dice: random.Random) -> list[int]:
    """Shuffle well, but one time in five put the last two cards in order."""
    deck = dice.sample(range(52), 52)
    if dice.random() < 0.2:
        deck[50:] = sorted(deck[50:], reverse=True)
    return deck


def biased(fault: Callable[[random.Random], list[int]]) -> Counts:
    dice = random.Random(46)
    return count_shuffles(lambda: fault(dice), SHUFFLES)


def test_rule_46_a_deck_has_every_card_once() -> None:
    decks = [shuffled_deck() for _ in range(100)]
    assert all(tuple(sorted(deck)) == FULL_DECK for deck in decks)
    assert len(set(decks)) == 100


def test_rule_46_positions_and_pairs_are_even() -> None:
    tests = chi_squares(count_shuffles(shuffled_deck, SHUFFLES))
    assert [test.freedom for test in tests] == [51 * 51, 51, 50]
    assert all(test.is_fair for test in tests), tests


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        (swap_with_any, positions),
        (swap_with_any, one_place),
        (draw_modulo, positions),
        (cut_only, one_step),
        (sort_two, one_place),
    ],
)
def test_a_shuffle_with_a_fault_is_found(
    fault: Callable[[random.Random], list[int]], test: Callable[[Counts], ChiSquare]
) -> None:
    found = test(biased(fault))
    assert not found.is_fair
    assert found.z > 0


def test_a_cut_is_even_at_every_place() -> None:
    """Only pairs tell it from a shuffle, so they have to be tested."""
    counts = biased(cut_only)
    assert one_place(counts).is_fair


def test_a_deck_more_even_than_chance_is_found() -> None:
    """Every card at every place in turn: no deviation at all is no chance either."""
    cuts = cycle([[(place + cut) % 52 for place in range(52)] for cut in range(52)])
    found = positions(count_shuffles(lambda: next(cuts), SHUFFLES))
    assert not found.is_fair
    assert found.z < 0


@pytest.mark.parametrize(
    ("statistic", "freedom", "z"),
    [(87.968, 51, 3.09), (50.335, 51, 0.0), (68.669, 51, 1.645), (2_651 - 2 / 3, 2_651, 0.0)],
)
def test_chi_square_as_a_normal_deviate(statistic: float, freedom: int, z: float) -> None:
    """Quantiles from the tables: the median, 95 % and 99.9 %."""
    assert ChiSquare("", statistic, freedom).z == pytest.approx(z, abs=0.01)
    assert ChiSquare("", statistic, freedom).chance == pytest.approx(2 * _upper_tail(z), abs=0.02)


def _upper_tail(z: float) -> float:
    return {0.0: 0.5, 1.645: 0.05, 3.09: 0.001}[z]


def test_pairs_themselves_want_many_shuffles() -> None:
    counts = Counts()
    counts.add([shuffled_deck() for _ in range(52)])
    counts.shuffles = ENOUGH_FOR_PAIRS
    assert [test.freedom for test in chi_squares(counts)] == [51 * 51, 51, 50, 51 * 52 - 1]
