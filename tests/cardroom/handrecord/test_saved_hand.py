"""What a file of messages says about the cards of its hands; what is no message is named with its line."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardroom.handrecord.reading import UnreadableError
from cardroom.handrecord.saved_hand import SavedHand, ShownHand, read_saved
from tests.cardroom.handrecord.saving import three_all_in, written

HEAD = {"table_id": 1, "hand_no": 1}


def read_one(*messages: dict[str, Any]) -> SavedHand:
    (hand,) = read_saved(written(messages))
    return hand


def test_a_played_hand_is_read_in_full() -> None:
    messages = three_all_in()
    hand = read_one(*messages)
    started = next(message for message in messages if message["type"] == "hand_started")
    assert (hand.table_id, hand.hand_no, str(hand.hand_id)) == (1, 1, started["hand_id"])
    assert hand.commitment == bytes.fromhex(started["commitment"])
    assert hand.seats == tuple(seat["seat"] for seat in started["seats"])
    assert hand.own_seat == 0
    assert [len(board) for board in hand.boards] == [5, 5]
    assert [len(shown.cards) for shown in hand.shown] == [2, 2, 2]
    assert len(hand.openings) == len(hand.cards) == 16
    assert (hand.is_over, hand.is_void, hand.faults) == (True, False, [])


def test_what_tells_nothing_of_cards_is_passed_over() -> None:
    others = [
        {"type": "said", "text": "a\u2028b\x85c"},
        {"type": "acted"},
        {"type": "a message of next year"},
    ]
    text = "\n\n" + "".join(json.dumps(one, ensure_ascii=False) + "\r\n" for one in others)
    assert read_saved(text) == ()


def test_hands_of_several_tables_are_kept_apart() -> None:
    shown = {"type": "hand_shown", **HEAD, "seat": 3, "cards": [51]}
    hands = read_saved(written([shown, shown | {"table_id": 2}, shown | {"hand_no": 2}, shown]))
    assert [(hand.table_id, hand.hand_no) for hand in hands] == [(1, 1), (2, 1), (1, 2)]
    assert hands[0].shown == [ShownHand(3, (51,)), ShownHand(3, (51,))]


def test_the_own_seat_follows_who_sits_where() -> None:
    messages = three_all_in()
    started = next(message for message in messages if message["type"] == "hand_started")
    seats = [{"seat": 4, "user_id": 1, "cards": []}, {"seat": 0, "user_id": 2, "cards": []}]
    welcome = {"type": "welcome", "user_id": 1}
    snapshot = {"type": "snapshot", **HEAD, "hand_id": None, "board": [], "seats": seats}
    left = {"type": "seat_left", **HEAD, "seat": 4}
    taken = {"type": "seat_taken", **HEAD, "seat": 2, "user_id": 1}
    elsewhere = taken | {"table_id": 9, "seat": 5}
    assert read_one(welcome, snapshot, elsewhere, started).own_seat == 4
    assert read_one(welcome, snapshot, left, started).own_seat is None
    assert read_one(welcome, snapshot, left, taken, started).own_seat == 2
    assert read_one(snapshot, started).own_seat is None, "nobody says who we are"


def test_a_snapshot_in_the_middle_brings_what_was_missed() -> None:
    messages = three_all_in()
    started = next(message for message in messages if message["type"] == "hand_started")
    seats = [{"seat": 0, "user_id": 1, "cards": [50, 51]}]
    snapshot = {"type": "snapshot", **HEAD, "hand_id": started["hand_id"], "board": [1, 2, 3], "seats": seats}
    street = {"type": "street_dealt", **HEAD, "board": 1, "cards": [4]}
    hand = read_one(started, snapshot, street)
    assert (hand.boards[0], hand.shown, hand.is_joined) == ([1, 2, 3, 4], [ShownHand(0, (50, 51))], False)
    assert hand.faults == []
    late = read_one(snapshot, street)
    assert (late.hand_id, late.is_joined) == (None, True)


def test_a_number_is_given_again_after_a_void_hand() -> None:
    started = next(message for message in three_all_in() if message["type"] == "hand_started")
    again = started | {"commitment": "11" * 32, "hand_id": "00000000-0000-0000-0000-000000000009"}
    voided = {"type": "hand_voided", **HEAD}
    gone: dict[str, Any] = {"type": "snapshot", **HEAD, "hand_id": None, "board": [], "seats": []}
    for between in (voided, gone):
        first, second = read_saved(written([started, between, again]))
        assert (first.is_void, second.is_void) == (True, False)
        assert first.faults == second.faults == []
    ended = {"type": "hand_ended", **HEAD}
    for hand in (read_one(started, again), read_one(started, ended, gone, again)):
        assert hand.faults == ["a second commitment was given for the same hand"]
    assert read_one(started, started).faults == []


def test_other_own_cards_are_a_fault() -> None:
    dealt = {"type": "cards_dealt", **HEAD, "cards": [1, 2]}
    assert read_one(dealt, dealt, dealt | {"cards": []}).faults == []
    assert read_one(dealt, dealt | {"cards": [1, 3]}).faults == ["own cards were dealt twice"]


SHOWN = {"type": "hand_shown", **HEAD, "seat": 0, "cards": [1]}
OPENINGS = {"type": "openings", **HEAD, "hand_id": "x", "commitment": "", "openings": []}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("no message", "Expecting value"),
        ("[]", "an object expected"),
        ("{}", "'type' is missing"),
        ('{"type":7}', "a text expected"),
        ("[" * 100_000, "too deep"),
        ('{"type":"hand_voided"}', "'table_id' is missing"),
        (json.dumps(SHOWN | {"hand_no": "1"}), "a whole number expected"),
        (json.dumps(SHOWN | {"hand_no": True}), "a whole number expected"),
        (json.dumps(SHOWN | {"cards": 7}), "a list expected"),
        (json.dumps(SHOWN | {"cards": []}), "hand_shown of 0 cards"),
        (json.dumps(SHOWN | {"cards": [1, 2, 3]}), "hand_shown of 3 cards"),
        (json.dumps(SHOWN | {"cards": [52]}), "52 is no card"),
        (json.dumps(SHOWN | {"type": "cards_dealt", "cards": [1]}), "cards_dealt of 1 cards"),
        (json.dumps(SHOWN | {"type": "street_dealt", "board": 3}), "on board 3"),
        (json.dumps(SHOWN | {"type": "street_dealt", "board": 1, "cards": [1] * 6}), "a board of 6 cards"),
        (json.dumps(OPENINGS | {"openings": [7]}), "an object expected"),
        (json.dumps(OPENINGS | {"openings": [{"position": 1, "card": 1, "salt": "zz", "path": []}]}), "hex"),
        (json.dumps({"type": "hand_started", **HEAD, "hand_id": "no id", "commitment": ""}), "UUID"),
    ],
    ids=range(18),
)
def test_what_is_no_message_is_named_with_its_line(line: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=f"line 2: .*{why}"):
        read_saved(f'{{"type":"pong"}}\n{line}\n')


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_or_refused(data: st.DataObject) -> None:
    text = written(three_all_in())
    for _ in range(data.draw(st.integers(1, 3))):
        place, cut = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 30))
        text = text[:place] + data.draw(st.text(max_size=3)) + text[place + cut :]
    with suppress(UnreadableError):
        read_saved(text)
