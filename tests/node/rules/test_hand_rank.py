"""Rule 26: the best five of seven, and how people say it."""

import itertools
import random

import pytest
from phevaluator import evaluate_cards

from node.rules.cards import FULL_DECK, Card, format_cards, parse_cards
from node.rules.hand_rank import Category, HandRanking, rank_hand


def rank(text: str) -> HandRanking:
    cards = parse_cards(text)
    return rank_hand((cards[0], cards[1]), cards[2:])


@pytest.mark.parametrize(
    ("cards", "category", "english", "korean", "five"),
    [
        ("AsKs QsJsTs2c3d", Category.STRAIGHT_FLUSH, "royal flush", "로열 플러시", "AsKsQsJsTs"),
        (
            "5h4h 3h2hAhKcKd",
            Category.STRAIGHT_FLUSH,
            "straight flush, five high",
            "스트레이트 플러시, 5 하이",
            "5h4h3h2hAh",
        ),
        ("6s6h 6d6cAhKcKd", Category.FOUR_OF_A_KIND, "four of a kind, sixes", "포카드, 6", None),
        (
            "KsKh KdTcThTd2s",
            Category.FULL_HOUSE,
            "full house, kings full of tens",
            "풀하우스, 킹 풀 10",
            None,
        ),
        ("Ah9h 7h3h2hKcKd", Category.FLUSH, "flush, ace high", "플러시, 에이스 하이", "Ah9h7h3h2h"),
        ("Ac2d 3h4s5cKdKh", Category.STRAIGHT, "straight, five high", "스트레이트, 5 하이", "5c4s3h2dAc"),
        ("QcJd Th9s8c7d2h", Category.STRAIGHT, "straight, queen high", "스트레이트, 퀸 하이", "QcJdTh9s8c"),
        ("2c2d 2h9s8cKdQh", Category.THREE_OF_A_KIND, "three of a kind, deuces", "트리플, 2", None),
        ("AcAd KhKsQcQd2h", Category.TWO_PAIR, "two pair, aces and kings", "투 페어, 에이스·킹", None),
        ("JcJd 9h7s5c3d2h", Category.PAIR, "pair of jacks", "원 페어, 잭", "JcJd9h7s5c"),
        ("QcKd Ah2s3c8d9h", Category.HIGH_CARD, "high card, ace", "하이 카드, 에이스", "AhKdQc9h8d"),
    ],
)
def test_rule_26_words(cards: str, category: Category, english: str, korean: str, five: str | None) -> None:
    ranking = rank(cards)
    assert (ranking.category, ranking.english, ranking.korean) == (category, english, korean)
    assert five is None or format_cards(ranking.best_five) == five


def test_rule_26_suits_never_break_ties() -> None:
    assert rank("AsKs 2c3d7h8d9c").strength == rank("AhKh 2c3d7h8d9c").strength


def test_rule_26_the_five_cards_named_are_the_best_of_all_twenty_one() -> None:
    dice = random.Random(26)
    for _ in range(1_500):
        cards = dice.sample(FULL_DECK, 7)
        ranking = rank_hand((cards[0], cards[1]), tuple(cards[2:]))
        assert set(ranking.best_five) <= set(cards)
        assert len(set(ranking.best_five)) == 5
        assert evaluate_cards(*ranking.best_five) == ranking.strength
    best = min(evaluate_cards(*five) for five in itertools.combinations(cards, 5))
    assert best == ranking.strength


def test_own_cards_come_first() -> None:
    assert rank("AsKs 2c3d7h8d9c").hole_cards == (Card(51), Card(47))
