"""How people and bots think."""

from random import Random
from statistics import median

import pytest
from attrs import evolve

from cardroom.money import Krw
from cardroom.wire.player import ActionKind
from cardroom.wire.table import LegalActions, Street
from loadtest.think import HumanThought, QuickThought
from tests.loadtest.table import my_turn

TURN = my_turn(LegalActions(True, Krw(0), None, None, None))


def times(kind: ActionKind, street: Street, left_ms: int = 15_000) -> list[float]:
    human, random, turn = HumanThought(), Random(1), evolve(TURN, left_ms=left_ms)
    return sorted(human.draw(turn, street, kind, random) for _ in range(4000))


def test_people_think_for_two_and_a_half_seconds_and_sometimes_for_long() -> None:
    drawn = times(ActionKind.CALL, Street.FLOP)
    assert median(drawn) == pytest.approx(2.5, rel=0.05)
    assert drawn[3800] == pytest.approx(8.6, rel=0.1)
    assert drawn[0] >= HumanThought().least_seconds
    assert drawn[-1] <= 14.0


def test_nobody_thinks_past_the_turn() -> None:
    assert times(ActionKind.CALL, Street.FLOP, left_ms=3_000)[-1] <= 2.0
    assert times(ActionKind.CALL, Street.FLOP, left_ms=500)[-1] == HumanThought().least_seconds


def test_many_folds_before_the_flop_are_decided_before() -> None:
    quick = [one for one in times(ActionKind.FOLD, Street.PREFLOP) if one <= 0.45]
    assert len(quick) / 4000 == pytest.approx(0.6, abs=0.05)
    assert len([one for one in times(ActionKind.FOLD, Street.TURN) if one <= 0.45]) / 4000 < 0.05


def test_bots_think_between_two_limits() -> None:
    random = Random(1)
    drawn = [QuickThought(0.1, 0.2).draw(TURN, Street.FLOP, ActionKind.CALL, random) for _ in range(100)]
    assert 0.1 <= min(drawn) < max(drawn) <= 0.2
