import pytest

from cardroom.money import Krw
from node.rules.actions import AllIn, Call, Check, Fold, RaiseTo


def test_actions_are_values_of_their_own() -> None:
    actions = {Fold(), Check(), Call(), AllIn(), RaiseTo(Krw(5)), RaiseTo(Krw(6))}
    assert len(actions) == 6
    assert RaiseTo(Krw(5)) == RaiseTo(Krw(5))


def test_actions_are_frozen() -> None:
    with pytest.raises(AttributeError):
        RaiseTo(Krw(5)).amount = Krw(6)  # type: ignore[misc]
