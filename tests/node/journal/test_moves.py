"""The moves of a hand: their bytes in the journal, and that to take one is what the rules do."""

import pytest
from attrs import fields
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from cardroom.wire.codec import Malformed
from cardroom.wire.player import ActionKind
from node.journal.fields import FORM_NUMBER
from node.journal.moves import (
    MOVE_TAGS,
    BoardRunsOut,
    ClockActs,
    Move,
    PlayerActs,
    PlayerAgrees,
    PlayerLeaves,
    action_of,
    move_codec,
    take,
)
from node.rules import hand as rules
from node.rules.actions import Action, AllIn, Call, Check, Fold, RaiseTo
from node.rules.blinds import Deal, DealtSeat, HandRules, Post, PostKind
from node.rules.cards import FULL_DECK
from node.rules.errors import IllegalAction, IllegalReason
from node.rules.hand import Hand
from tests.cardroom.wire.messages import any_of

CODEC = move_codec()
BUTTON, BIG_BLIND = SeatIndex(0), SeatIndex(4)
STAKE = HandRules(small_blind=Krw(1), big_blind=Krw(2), run_it_twice=True)
DEAL = Deal(
    BUTTON,
    BUTTON,
    BIG_BLIND,
    (DealtSeat(BIG_BLIND, Krw(100)), DealtSeat(BUTTON, Krw(100))),
    (Post(BUTTON, PostKind.SMALL_BLIND, Krw(1)), Post(BIG_BLIND, PostKind.BIG_BLIND, Krw(2))),
)

GOLDEN = [
    (PlayerActs(BIG_BLIND, 7, 12, ActionKind.FOLD, Krw(0)), "96010407 0c0000"),
    (PlayerActs(BIG_BLIND, 7, 12, ActionKind.CHECK, Krw(0)), "96010407 0c0100"),
    (PlayerActs(BIG_BLIND, 7, 12, ActionKind.CALL, Krw(0)), "96010407 0c0200"),
    (PlayerActs(BIG_BLIND, 7, 12, ActionKind.RAISE_TO, Krw(6_000)), "96010407 0c03cd1770"),
    (PlayerActs(BIG_BLIND, 7, 12, ActionKind.ALL_IN, Krw(0)), "96010407 0c0400"),
    (ClockActs(BIG_BLIND), "920204"),
    (PlayerLeaves(BIG_BLIND), "920304"),
    (PlayerAgrees(BIG_BLIND), "920404"),
    (BoardRunsOut(twice=True), "9205c3"),
    (BoardRunsOut(twice=False), "9205c2"),
]


def dealt() -> Hand:
    hand, _ = rules.start(STAKE, DEAL, FULL_DECK)
    return hand


@pytest.mark.parametrize(("move", "data"), GOLDEN)
def test_golden_bytes_of_every_move(move: Move, data: str) -> None:
    assert FORM_NUMBER == b"2"
    assert CODEC.encode(move) == bytes.fromhex(data), "other bytes are another form: FORM_NUMBER must grow"
    assert CODEC.decode(bytes.fromhex(data)) == move


def test_every_move_has_golden_bytes_and_one_tag() -> None:
    assert {type(move) for move, _ in GOLDEN} == set(MOVE_TAGS.values()) == set(Move.__args__)
    assert list(MOVE_TAGS) == [1, 2, 3, 4, 5]
    assert sum(len(fields(kind)) for kind in MOVE_TAGS.values()) == 9


@given(move=any_of(Move))
def test_every_move_comes_back(move: Move) -> None:
    assert CODEC.decode(CODEC.encode(move)) == move


@given(data=st.binary(max_size=300))
def test_garbage_is_malformed(data: bytes) -> None:
    try:
        move = CODEC.decode(data)
    except Malformed:
        return
    assert CODEC.decode(CODEC.encode(move)) == move


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (ActionKind.FOLD, Fold()),
        (ActionKind.CHECK, Check()),
        (ActionKind.CALL, Call()),
        (ActionKind.RAISE_TO, RaiseTo(Krw(5))),
        (ActionKind.ALL_IN, AllIn()),
    ],
)
def test_the_amount_counts_for_a_raise_only(kind: ActionKind, action: Action) -> None:
    assert action_of(kind, Krw(5)) == action


def test_every_action_has_its_word() -> None:
    assert {type(action_of(kind, Krw(5))) for kind in ActionKind} == {Fold, Check, Call, RaiseTo, AllIn}


@pytest.mark.parametrize("kind", list(ActionKind))
def test_a_players_move_is_the_players_action(kind: ActionKind) -> None:
    hand, move = dealt(), PlayerActs(BUTTON, 1, 1, kind, Krw(4))
    if kind is ActionKind.CHECK:
        with pytest.raises(IllegalAction) as illegal:
            take(hand, move)
        assert illegal.value.reason is IllegalReason.CANNOT_CHECK
    else:
        assert take(hand, move) == rules.apply(hand, BUTTON, action_of(kind, Krw(4)))


def test_the_clock_and_who_leaves_do_what_the_rules_say() -> None:
    hand = dealt()
    assert take(hand, ClockActs(BUTTON)) == rules.time_out(hand, BUTTON)
    assert take(hand, PlayerLeaves(BIG_BLIND)) == rules.mark_leaving(hand, BIG_BLIND)


def test_who_agrees_changes_nothing_and_the_decision_runs_the_board_out() -> None:
    hand = dealt()
    for seat in (BUTTON, BIG_BLIND):
        hand, _ = take(hand, PlayerActs(seat, 1, hand.turn, ActionKind.ALL_IN, Krw(0)))
    assert hand.awaiting_run_it_twice
    assert take(hand, PlayerAgrees(BUTTON)) == (hand, ())
    for twice in (True, False):
        ended, events = take(hand, BoardRunsOut(twice))
        assert (ended, events) == rules.agree_run_twice(hand, twice)
        assert ended.is_over
        assert len(ended.boards) == 1 + twice


@pytest.mark.parametrize(
    ("move", "reason"),
    [
        (PlayerActs(BIG_BLIND, 1, 1, ActionKind.CALL, Krw(0)), IllegalReason.NOT_YOUR_TURN),
        (PlayerActs(SeatIndex(2), 1, 1, ActionKind.CALL, Krw(0)), IllegalReason.NOT_IN_HAND),
        (PlayerActs(BUTTON, 1, 1, ActionKind.RAISE_TO, Krw(10_000)), IllegalReason.RAISE_ABOVE_STACK),
        (ClockActs(BIG_BLIND), IllegalReason.NOT_YOUR_TURN),
        (PlayerLeaves(SeatIndex(2)), IllegalReason.NOT_IN_HAND),
        (BoardRunsOut(twice=True), IllegalReason.RUN_IT_TWICE_NOT_OFFERED),
    ],
)
def test_a_move_that_the_rules_do_not_allow_is_refused(move: Move, reason: IllegalReason) -> None:
    with pytest.raises(IllegalAction) as illegal:
        take(dealt(), move)
    assert illegal.value.reason is reason
