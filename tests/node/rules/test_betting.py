"""One betting round: rules 2, 3, 5, 6, 11, 12, 15, on bare players."""

import pytest

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from node.rules.actions import ActionKind, AllIn, Call, RaiseTo
from node.rules.betting import (
    BettingRound,
    Player,
    act,
    legal_actions,
    next_street,
    next_turn,
    raised,
    resolve,
    uncalled_bet,
)
from node.rules.cards import Card
from node.rules.errors import IllegalAction, IllegalReason

BIG = Krw(2_000)


def player(seat: int, stack: int, bet: int = 0, *, folded: bool = False, acted: bool = False) -> Player:
    return Player(
        SeatIndex(seat),
        (Card(0), Card(1)),
        Krw(stack),
        Krw(bet),
        Krw(bet),
        has_folded=folded,
        has_acted=acted,
    )


@pytest.mark.parametrize(("bet", "may_raise"), [(9_999, False), (10_000, True), (10_001, True)])
def test_rule_3_reopens_when_what_he_faces_is_a_full_raise(bet: int, may_raise: bool) -> None:
    players = [player(0, 90_000, 6_000, acted=True), player(1, 90_000, bet, acted=True)]
    legal = legal_actions(players, BettingRound(Krw(bet), Krw(4_000)), 0)
    assert (legal.min_raise_to is not None) == may_raise
    assert legal.call_amount == bet - 6_000


def test_rule_2_and_5_a_short_raise_leaves_the_smallest_raise() -> None:
    assert raised(BettingRound(Krw(6_000), Krw(4_000)), Krw(8_000), 2) == (8_000, 4_000, 2)
    assert raised(BettingRound(Krw(0), BIG), Krw(1_200), 0) == (1_200, 2_000, 0)
    assert raised(BettingRound(Krw(8_000), Krw(4_000)), Krw(14_000), 1) == (14_000, 6_000, 1)


@pytest.mark.parametrize(
    ("reach", "owed"), [(700, 0), (1_000, 0), (1_500, 500), (2_000, 1_000), (9_000, 1_000)]
)
def test_rule_6_no_call_exceeds_what_an_opponent_can_match(reach: int, owed: int) -> None:
    players = [player(0, 50_000, 1_000), player(1, 0, reach), player(2, 50_000, 0, folded=True)]
    assert legal_actions(players, BettingRound(BIG, BIG), 0).call_amount == owed
    assert (next_turn(players, BettingRound(BIG, BIG), 1) is None) == (not owed)


def test_rule_12_no_raise_that_nobody_could_call() -> None:
    players = [player(0, 50_000, 6_000), player(1, 0, 10_000), player(2, 3_000, 7_000)]
    betting = BettingRound(Krw(10_000), Krw(4_000))
    assert legal_actions(players, betting, 0).min_raise_to is None
    deeper = [*players[:2], player(2, 3_001, 7_000)]
    assert legal_actions(deeper, betting, 0).min_raise_to == 14_000


def test_rule_13_who_is_all_in_or_folded_is_skipped() -> None:
    players = [
        player(0, 0, 500),
        player(1, 9_000, folded=True),
        player(2, 9_000),
        player(3, 9_000, acted=True),
    ]
    betting = BettingRound(Krw(0), BIG)
    assert next_turn(players, betting, 3) == (2, legal_actions(players, betting, 2))
    assert next_turn([*players[:2], player(2, 9_000, acted=True), players[3]], betting, 2) is None


def test_rule_11_largest_minus_second_largest_folded_bets_included() -> None:
    assert uncalled_bet([player(0, 0, 50_000), player(1, 0, 20_000)]) == (0, 30_000)
    assert uncalled_bet([player(0, 0, 20_000), player(1, 5, 30_000), player(2, 5, 26_000, folded=True)]) == (
        1,
        4_000,
    )
    assert uncalled_bet([player(0, 0, 500), player(1, 5, 500)]) is None


def test_rule_15_raise_to_the_whole_stack_is_the_all_in() -> None:
    players = [player(0, 3_500), player(1, 90_000, 2_000)]
    legal = legal_actions(players, BettingRound(BIG, BIG), 0)
    assert (legal.min_raise_to, legal.max_raise_to, legal.all_in_amount) == (3_500, 3_500, 3_500)
    assert resolve(legal, RaiseTo(Krw(3_500))) == resolve(legal, AllIn()) == (ActionKind.RAISE, 3_500)
    for amount, reason in ((3_501, IllegalReason.RAISE_ABOVE_STACK), (3_499, IllegalReason.RAISE_TOO_SMALL)):
        with pytest.raises(IllegalAction) as refusal:
            resolve(legal, RaiseTo(Krw(amount)))
        assert refusal.value.reason is reason


def test_more_than_the_stack_is_our_mistake() -> None:
    assert act(player(0, 500), Krw(500), folds=False).is_all_in
    with pytest.raises(AssertionError, match="more than he has"):
        act(player(0, 500), Krw(501), folds=False)


def test_rule_15_short_stack_calls_all_in() -> None:
    players = [player(0, 1_500), player(1, 90_000, 2_000)]
    legal = legal_actions(players, BettingRound(BIG, BIG), 0)
    for action in (Call(), AllIn(), RaiseTo(Krw(1_500))):
        assert resolve(legal, action) == (ActionKind.CALL, 1_500)


def test_a_new_street_forgets_bets_not_contributions() -> None:
    (after,) = next_street([player(0, 10, 700, acted=True)])
    assert (after.street_bet, after.contribution, after.has_acted) == (0, 700, False)
