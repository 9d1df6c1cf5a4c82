"""From an action to all seats."""

import pytest

from cardroom.ids import SeatIndex, TableId
from loadtest.fanout import Fanout

TABLE, SEAT = TableId(1), SeatIndex(3)


@pytest.fixture
def done() -> list[float]:
    return []


@pytest.fixture
def fanout(done: list[float]) -> Fanout:
    fanout = Fanout(done.append)
    for _ in range(3):
        fanout.arrived(TABLE)
    return fanout


def test_the_last_who_hears_of_it_counts(fanout: Fanout, done: list[float]) -> None:
    fanout.sent(TABLE, SEAT, 10.0)
    fanout.heard(TABLE, SEAT, 10.1)
    fanout.heard(TABLE, SeatIndex(0), 10.1)
    fanout.heard(TABLE, SEAT, 10.2)
    assert done == []
    fanout.heard(TABLE, SEAT, 10.5)
    assert done == [0.5]
    fanout.heard(TABLE, SEAT, 10.6)
    assert done == [0.5]


@pytest.mark.parametrize("change", ["arrived", "left"])
def test_a_table_where_somebody_comes_or_goes_is_not_measured(
    change: str, fanout: Fanout, done: list[float]
) -> None:
    fanout.sent(TABLE, SEAT, 10.0)
    getattr(fanout, change)(TABLE)
    for _ in range(4):
        fanout.heard(TABLE, SEAT, 10.1)
    assert done == []


def test_what_was_refused_nobody_hears_of(fanout: Fanout, done: list[float]) -> None:
    fanout.sent(TABLE, SEAT, 10.0)
    fanout.dropped(TABLE, SEAT)
    for _ in range(3):
        fanout.heard(TABLE, SEAT, 10.1)
    assert done == []
