"""The waiting list: who comes first, how long a seat is kept, and what nobody gains by asking."""

import pytest

from cardroom.ids import SeatIndex, UserId
from cardroom.wire.refusals import Refusal
from node.settings import TableLimits
from node.tables.denied import Denied
from node.tables.waitlist import WaitingList

A, B, C, D = (UserId(user) for user in (11, 12, 13, 14))
FIRST, SECOND = SeatIndex(0), SeatIndex(1)
LIMITS = TableLimits(
    between_hands_seconds=1.0, after_showdown_seconds=1.0, waiting=3, offer_seconds=30.0, restart_seconds=0.1
)


def _list(*users: UserId) -> WaitingList:
    waiting = WaitingList(LIMITS)
    for user_id in users:
        assert waiting.join(user_id, now=0.0)
    return waiting


def _move_up(waiting: WaitingList, *free: SeatIndex, away: tuple[UserId, ...] = (), now: float = 0.0) -> None:
    waiting.move_up(free, lambda user_id: user_id not in away, now)


def _offers(waiting: WaitingList) -> dict[UserId, SeatIndex]:
    offers = {user_id: waiting.offer_to(user_id) for user_id in waiting.users}
    return {user_id: offer.seat for user_id, offer in offers.items() if offer is not None}


def test_first_come_first_served_and_asking_again_changes_nothing() -> None:
    waiting = _list(A, B, C)
    assert not waiting.join(A, now=5.0)
    assert [waiting.number_of(user_id) for user_id in (A, B, C, D)] == [1, 2, 3, 0]
    assert waiting.leave(B)
    assert not waiting.leave(B)
    assert (waiting.users, len(waiting)) == ((A, C), 2)


def test_a_full_list_takes_nobody_but_who_is_in_it() -> None:
    waiting = _list(A, B, C)
    with pytest.raises(Denied) as denied:
        waiting.join(D, now=0.0)
    assert denied.value.code is Refusal.WAITING_LIST_FULL
    assert not waiting.join(C, now=0.0)


def test_each_free_seat_goes_to_one_player_and_each_player_gets_one() -> None:
    waiting = _list(A, B, C)
    _move_up(waiting, FIRST, SECOND)
    assert _offers(waiting) == {A: FIRST, B: SECOND}
    _move_up(waiting, FIRST, SECOND, now=10.0)
    assert _offers(waiting) == {A: FIRST, B: SECOND}
    assert waiting.deadline == 30.0, "asking again keeps no seat longer"
    assert waiting.is_kept_from(B, FIRST)
    assert not waiting.is_kept_from(A, FIRST)
    assert not waiting.is_kept_from(B, SeatIndex(2))


def test_an_offer_that_runs_out_costs_the_place_and_goes_to_the_next() -> None:
    waiting = _list(A, B, C)
    _move_up(waiting, FIRST)
    moves = waiting.move_up((FIRST,), lambda _: True, 29.999)
    assert (moves.expired, moves.offered) == ((), ())
    moves = waiting.move_up((FIRST,), lambda _: True, 30.0)
    assert (moves.expired, moves.offered) == ((A,), (B,))
    offer = waiting.offer_to(B)
    assert offer is not None
    assert (waiting.number_of(A), offer.until) == (0, 60.0)


def test_who_is_away_is_passed_over_and_comes_next() -> None:
    waiting = _list(A, B)
    _move_up(waiting, FIRST, away=(A,))
    assert _offers(waiting) == {B: FIRST}
    assert waiting.number_of(A) == 1
    _move_up(waiting, FIRST, SECOND, now=10.0)
    assert _offers(waiting) == {A: SECOND, B: FIRST}


def test_who_is_away_too_long_is_dropped_and_who_is_here_never() -> None:
    waiting = _list(A, B)
    waiting.seen(A, now=100.0)
    _move_up(waiting, away=(A,), now=219.9)
    assert list(waiting.users) == [A, B]
    moves = waiting.move_up((), lambda user_id: user_id == B, 220.1)
    assert [*moves.dropped, *waiting.users] == [A, B]
    _move_up(waiting, now=10_000.0)
    assert list(waiting.users) == [B]


def test_the_list_says_when_there_is_something_to_do() -> None:
    waiting = _list(A)
    assert waiting.deadline == 120.0, "if nobody comes to see that he is here"
    _move_up(waiting, now=110.0)
    assert waiting.deadline == 230.0
    _move_up(waiting, FIRST, now=111.0)
    assert waiting.deadline == 141.0
    waiting.leave(A)
    assert waiting.deadline == float("inf")
