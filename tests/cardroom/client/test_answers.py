"""Requests and their answers, by number."""

from uuid import UUID

import pytest
import trio

from cardroom.client import ConnectionLost, RequestRefused
from cardroom.client.answers import Answers
from cardroom.ids import HandId, TableId
from cardroom.wire.proof import Openings
from cardroom.wire.refusals import Refusal


async def test_each_request_gets_its_own_answer() -> None:
    answers = Answers(first_number=100)
    with answers.expect() as first, answers.expect() as second:
        answers.settle(101, RequestRefused(Refusal.NOT_SEATED))
        answers.settle(100, None)
        await first.wait()
        with pytest.raises(RequestRefused):
            await second.wait()


async def test_an_answer_may_carry_what_was_asked_for() -> None:
    answers = Answers(first_number=1)
    openings = Openings(1, TableId(1), 2, HandId(UUID(int=3)), bytes(32), ())
    with answers.expect() as answer:
        answers.settle(1, openings)
        assert await answer.wait() == openings


async def test_the_end_of_the_connection_answers_all() -> None:
    answers = Answers(first_number=1)
    with answers.expect() as answer:
        answers.fail_all(ConnectionLost("gone"))
        with pytest.raises(ConnectionLost):
            await answer.wait()


async def test_an_answer_that_nobody_waits_for_is_passed_over() -> None:
    answers = Answers(first_number=1)
    with trio.move_on_after(0), answers.expect() as answer:
        await answer.wait()
    answers.settle(1, None)
    with answers.expect() as after:
        assert after.number == 2
