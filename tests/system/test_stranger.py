"""What a stranger has copied from the page is what stands there, and it sees what it is there to see."""

import json
from enum import Enum
from random import Random
from typing import Any

import attrs
import msgpack
import pytest

from cardroom.wire.codec import Encoding, message_name
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
from tests.protocol.recorded_hand import record_hand
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
        self._messages = iter(messages)

    def say(self, message: Message) -> None:
        pass

    def hear(self, seconds: float) -> Message | None:
        return next(self._messages)


def recorded() -> list[Message]:
    """Give what the node says in the recorded hand, without the answers to requests of that player."""
    told = [json.loads(line.encoded(Encoding.JSON)) for line in record_hand() if not line.is_sent]
    return [message for message in told if "request_id" not in message]


def changed(kind: str, **fields: Any) -> list[Message]:
    """Give the recorded hand with the first message of a kind changed."""
    messages = recorded()
    next(message for message in messages if message["type"] == kind).update(fields)
    return messages


def seen(messages: list[Message]) -> Report:
    """Let a stranger hear all this, and give what was noted."""
    report = Report()
    with pytest.raises(StopIteration):
        Visit(Script(messages), 50, report, Random(1)).run("ticket")
    return report


def mine() -> list[int]:
    return [card for message in recorded() if message["type"] == "cards_dealt" for card in message["cards"]]


def test_nothing_is_noted_where_all_is_well() -> None:
    report = seen(recorded())
    assert report.hands == 1
    assert report.actions.total() == 4
    assert (report.gaps, report.foreign_cards, report.unbalanced_hands, report.refusals) == (0, 0, 0, {})


def test_a_gap_is_noted_once() -> None:
    messages = recorded()
    messages.remove(next(message for message in messages if message["type"] == "street_dealt"))
    assert seen(messages).gaps == 1


def test_cards_that_are_not_ones_own_are_noted() -> None:
    assert seen(changed("cards_dealt", cards=[*mine(), 51, 50])).foreign_cards == 1
    assert seen(changed("cards_dealt", cards=[])).foreign_cards == 1
    assert seen(changed("hand_shown", cards=[mine()[0], 51])).foreign_cards == 1


def test_cards_of_others_in_a_snapshot_are_noted_while_somebody_is_to_act() -> None:
    turn = next(message["turn"] for message in recorded() if message["type"] == "turn_began")
    snapshot = next(message for message in recorded() if message["type"] == "snapshot")
    seats = [seat | {"cards": [51, 50]} for seat in snapshot["seats"]]
    assert seen(changed("snapshot", turn=turn, seats=seats)).foreign_cards == 1


def test_a_hand_that_does_not_sum_to_zero_is_noted() -> None:
    assert seen(changed("hand_ended", rake=1)).unbalanced_hands == 1


def test_refusals_are_noted_by_code() -> None:
    refused = {"type": "refused", "request_id": None, "code": "busy"}
    assert seen([*recorded(), refused]).refusals == {"busy": 1}
