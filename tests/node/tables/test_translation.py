"""Words of the rules and of the wire: nothing is without its counterpart."""

import pytest

from cardroom.wire import table as wire
from cardroom.wire.cards import HandCategory
from cardroom.wire.refusals import Refusal
from node.rules import actions, blinds, events, hand_rank
from node.rules.errors import IllegalReason
from node.tables.translation import refusal_of


@pytest.mark.parametrize("reason", list(IllegalReason))
def test_every_reason_has_its_code(reason: IllegalReason) -> None:
    assert isinstance(refusal_of(reason), Refusal)


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
