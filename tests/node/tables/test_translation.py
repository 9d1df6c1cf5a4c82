"""Words of the rules and of the wire: nothing is without its counterpart."""

import pytest

from cardroom.ids import TableId
from cardroom.money import Krw
from cardroom.wire import table as wire
from cardroom.wire.cards import HandCategory
from cardroom.wire.player import Act, ActionKind
from cardroom.wire.refusals import Refusal
from node.rules import actions, blinds, events, hand_rank
from node.rules.errors import IllegalReason
from node.tables.translation import action_of, refusal_of


@pytest.mark.parametrize("reason", list(IllegalReason))
def test_every_reason_has_its_code(reason: IllegalReason) -> None:
    assert isinstance(refusal_of(reason), Refusal)


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (ActionKind.FOLD, actions.Fold()),
        (ActionKind.CHECK, actions.Check()),
        (ActionKind.CALL, actions.Call()),
        (ActionKind.RAISE_TO, actions.RaiseTo(Krw(6_000))),
        (ActionKind.ALL_IN, actions.AllIn()),
    ],
)
def test_every_action_of_a_player_is_one_of_the_rules(kind: ActionKind, action: actions.Action) -> None:
    assert action_of(Act(1, TableId(1), 1, 1, kind, Krw(6_000))) == action


@pytest.mark.parametrize(
    ("ours", "told"),
    [
        (blinds.AnteKind, wire.AnteKind),
        (blinds.PostKind, wire.PostKind),
        (actions.ActionKind, wire.MoveKind),
        (actions.ActionCause, wire.MoveCause),
        (events.Street, wire.Street),
        (hand_rank.Category, HandCategory),
    ],
    ids=lambda kind: str(kind.__name__),
)
def test_the_wire_has_the_words_of_the_rules(ours: type, told: type) -> None:
    assert {one.value for one in ours} == {one.value for one in told}  # type: ignore[attr-defined]
