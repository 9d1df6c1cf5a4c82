"""First answers: given again to the same action, refused to another under its id."""

import attrs
import pytest

from cardroom.ids import TableId, UserId
from cardroom.money import Krw
from cardroom.wire.player import Act, ActionKind
from cardroom.wire.refusals import Refusal
from node.tables.denied import Denied
from node.tables.first_answers import FirstAnswers

ME, OTHER = UserId(1), UserId(2)
ACT = Act(7, TableId(1), 3, 1, ActionKind.CALL, Krw(0))


def test_an_action_is_done_once() -> None:
    answers = FirstAnswers()
    assert not answers.has_done(ME, ACT)
    answers.note(ME, ACT, None)
    assert answers.has_done(ME, ACT)
    assert not answers.has_done(OTHER, ACT), "ids are each player's own"
    answers.forget_all()
    assert not answers.has_done(ME, ACT)


def test_a_refusal_is_repeated_and_an_id_stands_for_one_action() -> None:
    answers = FirstAnswers()
    answers.note(ME, ACT, Refusal.OUT_OF_TURN)
    with pytest.raises(Denied) as again:
        answers.has_done(ME, ACT)
    assert again.value.code is Refusal.OUT_OF_TURN
    with pytest.raises(Denied) as other:
        answers.has_done(ME, attrs.evolve(ACT, kind=ActionKind.FOLD))
    assert other.value.code is Refusal.ACTION_ID_REUSED
