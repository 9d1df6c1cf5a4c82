"""The events of a hand as its record has them: in order, each with its street, seat and player."""

from collections import Counter
from pathlib import Path

import pytest
from attrs import evolve

from cardroom.handrecord.events import HandEvent, Street, list_events
from cardroom.handrecord.reading import UnreadableError, read_phh
from cardroom.handrecord.record import HandRecord, RecordedPlayer, write_phh
from cardroom.ids import SeatIndex, UserId
from cardroom.money import Krw
from tests.cardroom.handrecord.test_record import RECORD

ACTIONS = (
    "d dh p1 AsKs", "d dh p2 2c7d", "d dh p3 9h9d",
    "p3 cbr 6000", "p1 f", "p2 cc",
    "d db 2h3h4h", "p2 cbr 4000 # thinks long", "p3 cc", "d db 5h", "p2 cc", "p3 cc",
    "d db 6h", "p2 cc", "p3 cc", "p2 sm 2c7d", "p3 sm",
)  # fmt: skip
WHOLE = evolve(
    RECORD,
    players=(*RECORD.players, RecordedPlayer(UserId(9), SeatIndex(7), Krw(50_000), Krw(40_000))),
    blinds=(Krw(1_000), Krw(2_000), Krw(0)),
    antes=(Krw(0), Krw(0), Krw(0)),
    posts=("p1 small_blind 1000", "p2 big_blind 2000"),
    actions=ACTIONS,
    runs_twice=None,
    second_board="",
)


def events_of(record: HandRecord) -> tuple[HandEvent, ...]:
    return list_events(write_phh(record).encode())


def test_every_event_has_its_street_its_seat_and_its_player() -> None:
    events = events_of(WHOLE)
    assert events[0] == HandEvent(
        Street.PREFLOP, "small_blind", SeatIndex(4), UserId(1), Krw(1_000), "", "p1 small_blind 1000"
    )
    assert events[5] == HandEvent(
        Street.PREFLOP, "bet_or_raise", SeatIndex(7), UserId(9), Krw(6_000), "", "p3 cbr 6000"
    )
    assert events[8] == HandEvent(Street.FLOP, "board", None, None, None, "2h3h4h", "d db 2h3h4h")
    assert events[-1] == HandEvent(
        Street.SHOWDOWN, "show_or_muck", SeatIndex(7), UserId(9), None, "", "p3 sm"
    )
    assert Counter(event.street.value for event in events) == {
        "preflop": 8, "flop": 3, "turn": 3, "river": 3, "showdown": 2,
    }  # fmt: skip


def test_what_is_written_is_what_phh_says_without_commentary() -> None:
    notations = [event.notation for event in events_of(WHOLE)]
    assert notations == [*WHOLE.posts, *(action.partition(" #")[0] for action in ACTIONS)]


def test_a_second_board_comes_last() -> None:
    events = events_of(evolve(WHOLE, runs_twice=True, second_board="KcQc"))
    assert events[-1] == HandEvent(
        Street.SHOWDOWN, "second_board", None, None, None, "KcQc", "second_board KcQc"
    )


def test_hands_of_our_tables_are_read_and_nothing_of_them_is_lost(project_root: Path) -> None:
    text = (project_root / "tests" / "data" / "our_tables.phhs").read_text(encoding="utf-8")
    hands = [f"[1]\n{part.partition(chr(10))[2]}" for part in text.split("\n[")[1:]]
    assert len(hands) >= 6
    for hand in hands:
        (read,) = read_phh(hand)
        assert read.own is not None
        events = list_events(hand.encode())
        boards = 1 if read.own.second_board else 0
        assert len(events) == len(read.own.posts) + len(read.actions) + boards
        assert {event.user_id for event in events if event.seat is not None} == set(read.own.user_ids)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"", "no hand"),
        (b"not toml", "TOML"),
        (b"variant = 'NT'", "starting_stacks"),
        (write_phh(WHOLE).replace("p1 f", "p1 cc").encode(), "checksum"),
        (write_phh(WHOLE).replace("_user_ids", "_players").encode(), "who played"),
        (write_phh(evolve(WHOLE, actions=("p1 sm AsKsQs",))).encode(), "no cards"),
        (write_phh(evolve(WHOLE, actions=("p1 sm x\\u0000",))).encode(), "no cards"),
        (write_phh(evolve(WHOLE, actions=("d db 2h3h", "p1 f"))).encode(), "board of 2"),
        (f"[1]\n{write_phh(WHOLE)}\n[2]\n{write_phh(WHOLE)}".encode(), "not one hand"),
    ],
)
def test_what_is_no_record_is_refused(record: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        list_events(record)
