"""The waiting list over real sockets: a seat is offered for a while, and to nobody else meanwhile."""

import pytest
from attrs import evolve

from cardroom.client import Table
from cardroom.ids import SeatIndex
from cardroom.local.servers import EmbeddedValkey
from cardroom.wire import table as wire
from cardroom.wire.place import PlaceChanged
from cardroom.wire.refusals import Refusal
from tests.node.tables.house import BUY_IN
from tests.system.room import QUICK, hear, open_room, refused, see, to_act

PATIENT = evolve(QUICK, waiting=3, offer_seconds=30.0)
HASTY = evolve(QUICK, offer_seconds=0.5)


async def _leave(*players: Table) -> SeatIndex:
    """Let whose turn it is go; give the seat that becomes free."""
    leaver = await to_act(*players)
    seat = leaver.view.my_seat
    assert seat is not None
    await leaver.leave()
    return seat


async def test_a_free_seat_is_offered_to_the_first_and_kept_from_all_others(valkey: EmbeddedValkey) -> None:
    async with (
        open_room(valkey, PATIENT, seats=2) as room,
        room.seated(1, 2) as players,
        room.enter(3, 4, 5) as (first, second, outsider),
    ):
        for number, waiter in enumerate((first, second), start=1):
            await waiter.join_waiting_list()
            assert waiter.view.place.waiting_number == number
        await see(players[0], lambda view: view.waiting == 2)
        seat = await _leave(*players)
        place = (await see(first, lambda view: view.place.offered_seat is not None)).place
        assert place.offered_seat == seat
        assert place.offer_left_ms == pytest.approx(30_000, abs=2)
        for other in (second, outsider):
            with refused(Refusal.SEAT_OFFERED):
                await other.sit_down(BUY_IN)
            with refused(Refusal.SEAT_OFFERED):
                await other.sit_down(BUY_IN, seat)
        await first.sit_down(BUY_IN)
        assert first.view.my_seat == seat
        assert first.view.place.waiting_number == 0
        await see(second, lambda view: view.place.waiting_number == view.waiting == 1)


async def test_an_offer_runs_out_and_the_next_one_is_asked(valkey: EmbeddedValkey) -> None:
    async with (
        open_room(valkey, HASTY, seats=2) as room,
        room.seated(1, 2) as players,
        room.enter(3, 4) as (slow, quick),
    ):
        for waiter in (slow, quick):
            await waiter.join_waiting_list()
        seat = await _leave(*players)
        expired = await hear(slow, PlaceChanged, lambda told: told.reason is not None)
        assert expired.reason is Refusal.OFFER_EXPIRED
        assert (expired.place.offered_seat, expired.place.waiting_number) == (None, 0)
        assert (await see(quick, lambda view: view.place.offered_seat is not None)).place.offered_seat == seat
        await quick.sit_down(BUY_IN)
        with refused(Refusal.TABLE_FULL):
            await slow.sit_down(BUY_IN)
        await hear(quick, wire.HandStarted, lambda told: told.hand_no == 2)


async def test_who_may_wait_and_who_waits_no_more(valkey: EmbeddedValkey) -> None:
    async with (
        open_room(valkey, evolve(PATIENT, waiting=1), seats=2) as room,
        room.enter(1, 2, 3, 4) as (one, two, three, four),
    ):
        with refused(Refusal.SEAT_IS_FREE):
            await three.join_waiting_list()
        await room.seat(one, two)
        with refused(Refusal.ALREADY_SEATED):
            await one.join_waiting_list()
        await three.join_waiting_list()
        with refused(Refusal.WAITING_LIST_FULL):
            await four.join_waiting_list()
        await three.leave_waiting_list()
        with refused(Refusal.NOT_WAITING):
            await three.leave_waiting_list()
        await four.join_waiting_list()
        assert four.view.place.waiting_number == four.view.waiting == 1
