import typing

import attrs
import pytest

from node.rules.events import Event, HandEnded, Street
from tests.node.rules.dealer import play_sheet


def test_streets_follow_each_other_and_deal_five_cards() -> None:
    assert Street.PREFLOP.following is Street.FLOP
    assert Street.TURN.following is Street.RIVER
    assert [street.board_after for street in Street] == [0, 3, 4, 5]


@pytest.mark.parametrize("kind", typing.get_args(Event))
def test_every_event_is_a_frozen_value(kind: type) -> None:
    names = [field.name for field in attrs.fields(kind)] if attrs.has(kind) else kind._fields  # type: ignore[attr-defined]
    event = kind(*[None] * len(names))
    with pytest.raises(AttributeError):
        setattr(event, names[0], 1)


def test_a_hand_tells_its_story_in_order() -> None:
    sheet = play_sheet("seats BTN 9,000 | BB 9,000\nbutton BTN\nBTN folds\n")
    names = [type(event).__name__ for event in sheet.events]
    assert names == [
        "HandStarted", "Posted", "Posted", "HoleCardsDealt", "HoleCardsDealt", "TurnBegan",
        "ActionTaken", "UncalledReturned", "PotAwarded", "HandEnded",
    ]  # fmt: skip
    assert isinstance(sheet.events[-1], HandEnded)
    assert sheet.events[-1].settlement.of(sheet.seat("BB")).net == 1_000
