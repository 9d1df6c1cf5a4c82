"""What a stranger has copied from the page is what stands there, and it sees what it is there to see."""

from enum import Enum
from random import Random
from typing import Any

import attrs
import msgpack
import pytest

from cardroom.wire.codec import message_name
from cardroom.wire.player import PLAYER_TAGS, ActionKind
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import (
    TABLE_TAGS,
    DealtSeat,
    LegalActions,
    Pong,
    RunItTwiceView,
    SeatNet,
    SeatStatus,
    SeatView,
    TurnView,
)
from tests.system import stranger_msgpack as copied
from tests.system.stranger import Message, Report, Visit


def fields(kind: Any) -> list[str]:
    return [field.name for field in attrs.fields(kind)]


def test_messages_of_the_node() -> None:
    known = {tag: (message_name(kind), fields(kind)) for tag, kind in TABLE_TAGS.items() if kind is not Pong}
    assert {tag: (name, told.split()) for tag, (name, told) in copied.HEARD.items()} == known


def test_messages_of_the_player() -> None:
    said = {tag: (name, told.split()) for name, (tag, told) in copied.SAID.items()}
    assert said == {tag: (message_name(PLAYER_TAGS[tag]), fields(PLAYER_TAGS[tag])) for tag in said}


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (copied.PARTS["legal"], LegalActions),
        (copied.PARTS["turn"], TurnView),
        (copied.PARTS["offer"], RunItTwiceView),
        (copied.LISTS["snapshot", "seats"], SeatView),
        (copied.LISTS["hand_started", "seats"], DealtSeat),
        (copied.LISTS["hand_ended", "results"], SeatNet),
    ],
)
def test_parts_of_messages(told: str, kind: type) -> None:
    assert told.split() == fields(kind)


@pytest.mark.parametrize(
    ("told", "kind"), [(copied.ACTION_KINDS, ActionKind), (copied.SEAT_STATUSES, SeatStatus)]
)
def test_enums(told: tuple[str, ...], kind: type[Enum]) -> None:
    assert list(told) == [one.value for one in kind]


def test_refusal_codes() -> None:
    codes = list(Refusal)
    assert all(codes[at].value == name for at, name in copied.REFUSALS.items())


def test_what_a_later_version_may_add_is_passed_over() -> None:
    assert copied.read(msgpack.packb([3, 7, "one more"])) == {"type": "done", "request_id": 7}
    assert copied.read(msgpack.packb([99, 1, 2])) == {"type": "message_99"}


class Script:
    """A line on which everything is already said."""

    def __init__(self, messages: list[Message]) -> None:
        self.said: list[Message] = []
        self._messages = iter(messages)

    def say(self, message: Message) -> None:
        self.said.append(message)

    def hear(self, seconds: float) -> Message | None:
        return next(self._messages)


def seen(*messages: Message) -> Report:
    """Let a stranger who holds seat 1 hear this, and give what was noted up to the end of the script."""
    start: Message = {
        "seats": [],
        "turn": None,
        "your_seat": 1,
        "table_seq": 1,
        "table_id": 1,
        "big_blind": 2,
    }
    numbered = [{"table_seq": at, **message} for at, message in enumerate(messages, start=2)]
    report = Report()
    line = Script([{"type": "welcome", "user_id": 7}, {"type": "snapshot", **start}, *numbered])
    with pytest.raises(StopIteration):
        Visit(line, 50, report, Random(1)).run("ticket")
    return report


MY_DEAL = {"type": "hand_started", "seats": [{"seat": 1}, {"seat": 2}]}
MY_CARDS = {"type": "cards_dealt", "cards": [1, 2]}


def test_nothing_is_noted_where_all_is_well() -> None:
    shown = {"type": "hand_shown", "seat": 2, "cards": [3, 4]}
    ended = {
        "type": "hand_ended",
        "rake": 1,
        "results": [{"seat": 1, "net": 4, "stack": 9}, {"seat": 2, "net": -5}],
    }
    assert seen(MY_DEAL, MY_CARDS, shown, ended) == Report(hands=1)


def test_a_gap_is_noted_once() -> None:
    assert (
        seen({"type": "acted"}, {"type": "acted", "table_seq": 4}, {"type": "acted", "table_seq": 5}).gaps
        == 1
    )


@pytest.mark.parametrize(
    "messages",
    [
        [MY_DEAL, MY_CARDS, {"type": "hand_shown", "seat": 2, "cards": [2, 9]}],
        [MY_DEAL, {"type": "cards_dealt", "cards": [1, 2, 3, 4]}],
        [{"type": "hand_started", "seats": [{"seat": 2}]}, MY_CARDS],
        [
            {
                "type": "snapshot",
                "table_id": 1,
                "your_seat": 1,
                "turn": {},
                "seats": [{"seat": 2, "cards": [1]}],
            }
        ],
    ],
)
def test_a_card_that_is_not_ones_own_is_noted(messages: list[Message]) -> None:
    assert seen(*messages).foreign_cards == 1


def test_a_hand_that_does_not_sum_to_zero_is_noted() -> None:
    assert seen({"type": "hand_ended", "rake": 1, "results": [{"seat": 2, "net": 0}]}).unbalanced_hands == 1


def test_refusals_are_noted_by_code() -> None:
    assert seen({"type": "refused", "request_id": None, "code": "busy"}).refusals == {"busy": 1}
