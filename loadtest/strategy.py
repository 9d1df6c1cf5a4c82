"""How a bot plays: loose and passive, with some raises and all-ins. Its random bits are given to it."""

from random import Random
from typing import Final

from cardroom.client import TableView
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.player import ActionKind
from cardroom.wire.table import LegalActions, TurnView

_RAISE: Final = 0.12
_ALL_IN: Final = 0.015
_FOLD: Final = 0.35
_FOLD_MORE_BY_SIZE: Final = 0.6
_BIG_BLINDS_MORE: Final = 4
_SUITS: Final = 4
_TEN: Final = 8

Choice = tuple[ActionKind, Krw]
"""What to do, and the street bet to raise to (0 where nothing is raised)."""


def choose(view: TableView, turn: TurnView, random: Random) -> Choice:
    """Choose one of the legal actions."""
    legal = turn.legal
    luck = random.random()
    if legal.all_in_amount is not None and luck < _ALL_IN:
        return ActionKind.ALL_IN, Krw(0)
    if legal.min_raise_to is not None and luck < _ALL_IN + _RAISE:
        return ActionKind.RAISE_TO, _raise_to(legal, view.big_blind, random)
    if legal.can_check:
        return ActionKind.CHECK, Krw(0)
    if random.random() < _fold_chance(view, legal):
        return ActionKind.FOLD, Krw(0)
    return ActionKind.CALL, Krw(0)


def choose_buy_in(view: TableView, random: Random) -> Krw:
    """Choose a buy-in nearer to the smallest that is allowed than to the largest, in steps of a big blind."""
    place = view.place
    steps = (place.max_buy_in - place.min_buy_in) // view.big_blind
    return Krw(place.min_buy_in + random.randint(0, steps // 2) * view.big_blind)


def is_good_start(cards: tuple[CardCode, ...]) -> bool:
    """Say whether hole cards are a pair, or two of ten and better."""
    ranks = [card // _SUITS for card in cards]
    return len(set(ranks)) < len(ranks) or (bool(ranks) and min(ranks) >= _TEN)


def _raise_to(legal: LegalActions, big_blind: Krw, random: Random) -> Krw:
    lowest, highest = legal.min_raise_to, legal.max_raise_to
    assert lowest is not None, "a raise is only chosen where there is one"
    assert highest is not None, "a raise has a highest amount"
    return Krw(min(highest, lowest + random.randint(0, _BIG_BLINDS_MORE) * big_blind))


def _fold_chance(view: TableView, legal: LegalActions) -> float:
    """The larger the call beside the stack the likelier; half of it with good hole cards."""
    size = min(1.0, legal.call_amount / max(1, view.my_stack))
    chance = _FOLD + _FOLD_MORE_BY_SIZE * size
    return chance / 2 if is_good_start(view.my_cards) else chance
