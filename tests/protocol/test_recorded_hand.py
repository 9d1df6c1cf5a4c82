"""The recorded hand is whole, and the two encodings say the same."""

from itertools import pairwise

from cardroom.wire.codec import Encoding
from cardroom.wire.player import Act, Hello, player_codec
from cardroom.wire.proof import Openings
from cardroom.wire.table import (
    CardsDealt,
    HandEnded,
    Snapshot,
    TableEvent,
    Welcome,
    table_codec,
)
from tests.protocol.recorded_hand import USER, record_hand

LINES = record_hand()


def test_it_goes_from_hello_to_the_end_of_a_hand() -> None:
    assert isinstance(LINES[0].message, Hello)
    assert isinstance(LINES[1].message, Welcome)
    assert isinstance(LINES[-1].message, Openings)
    assert sum(isinstance(line.message, HandEnded) for line in LINES) == 1
    assert sum(isinstance(line.message, Act) for line in LINES) >= 3
    dealt = [line.message.cards for line in LINES if isinstance(line.message, CardsDealt)]
    assert [len(cards) for cards in dealt] == [2]


def test_its_events_are_numbered_on_from_the_snapshot() -> None:
    numbers = [one.message.table_seq for one in LINES if isinstance(one.message, Snapshot | TableEvent)]
    assert all(after == before + 1 for before, after in pairwise(numbers))


def test_its_nets_and_the_rake_sum_to_zero() -> None:
    (ended,) = [line.message for line in LINES if isinstance(line.message, HandEnded)]
    assert sum(one.net for one in ended.results) + ended.rake == 0
    assert ended.rake > 0


def test_both_encodings_say_the_same() -> None:
    for line in LINES:
        for encoding in Encoding:
            data = line.encoded(encoding)
            read = player_codec(encoding).decode(data) if line.is_sent else table_codec(encoding).decode(data)
            assert read == line.message


def test_no_hand_of_another_player_is_seen_before_it_is_shown() -> None:
    seats = [seat for line in LINES if isinstance(line.message, Snapshot) for seat in line.message.seats]
    assert seats
    assert all(seat.cards == () for seat in seats if seat.user_id != USER)
