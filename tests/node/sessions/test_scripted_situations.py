"""Situations by script, as frames over memory streams: each clock runs its full time, nobody waits."""

import attrs
import pytest
import trio
from trio.testing import MockClock

from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding
from cardroom.wire.place import PlaceChanged
from cardroom.wire.refusals import Refusal
from node.settings import ConnectionTime, SessionLimits, TimeBank
from tests.node.sessions.memory_door import MemoryDoor, Remote, open_memory_door
from tests.node.tables.house import BUY_IN, STAKE, settle

KIND, PHASE = asks.ActionKind, wire.ClockPhase
PATIENT = attrs.evolve(STAKE, time_bank=TimeBank(), connection_time=ConnectionTime())
TWICE = attrs.evolve(STAKE, run_it_twice=True)


async def seated(door: MemoryDoor, *users: int) -> list[Remote]:
    """Seat players, in one encoding and the other, and deal."""
    players = [await door.enter(user, list(Encoding)[user % 2]) for user in users]
    for seat, player in enumerate(players):
        player.sit(seat, BUY_IN)
        await settle()
    await trio.sleep(1.01)
    await settle()
    return players


def in_turn(door: MemoryDoor) -> Remote:
    player = door.house.to_act()
    assert isinstance(player, Remote)
    return player


async def test_the_clock_then_the_bank_then_a_fold_and_out_after_two(autojump_clock: MockClock) -> None:
    async with open_memory_door(stake=PATIENT) as door:
        one, two, three = await seated(door, 1, 2, 3)
        slow = in_turn(door)
        began = trio.current_time()
        await trio.sleep(15.02)
        await settle()
        for player in (one, two, three):
            more = player.last(wire.TimeExtended)
            assert (more.phase, more.left_ms) == (PHASE.TIME_BANK, 30_000)
        await trio.sleep(30.02)
        await settle()
        folded = slow.last(wire.Acted)
        assert (folded.kind, folded.cause) == (wire.MoveKind.FOLD, wire.MoveCause.TIME_OUT)
        assert trio.current_time() - began < 46
        for player in (one, two, three):
            assert player.all(wire.Acted) == slow.all(wire.Acted)


@pytest.mark.parametrize("away", [20, 31])
async def test_who_is_cut_off_in_the_own_turn_has_time_and_plays_on(
    autojump_clock: MockClock, away: int
) -> None:
    async with open_memory_door(stake=PATIENT) as door:
        await seated(door, 1, 2)
        cut = in_turn(door)
        cards = cut.last(wire.CardsDealt).cards
        other = next(player for player in door.house.guests.values() if player is not cut)
        cut.cut()
        await settle()
        await trio.sleep(away)
        back = await door.come_back(cut)
        extended = back.last(wire.TimeExtended)
        assert extended.phase is PHASE.CONNECTION, "thirty seconds for a small pot"
        assert extended.left_ms == pytest.approx((45 - away) * 1000, abs=20)
        assert back.all(wire.Snapshot) == [], "what was missed is enough"
        began = cut.last(wire.TurnBegan)
        back.ask(asks.Act(77, began.table_id, began.hand_no, began.turn.turn, KIND.CALL, Krw(0)))
        await settle()
        assert other.last(wire.Acted).cause is wire.MoveCause.PLAYER
        assert back.all(wire.Done)[-1] == wire.Done(77)
        snapshot = (await door.enter(int(cut.user_id), cut.encoding)).last(wire.Snapshot)
        assert next(seat for seat in snapshot.seats if seat.cards).cards == cards


async def test_nobody_answers_the_offer_of_two_boards(autojump_clock: MockClock) -> None:
    async with open_memory_door(stake=TWICE) as door:
        one, two = await seated(door, 1, 2)
        for _ in range(2):
            in_turn(door).act(KIND.ALL_IN)
            await settle()
        assert one.last(wire.RunItTwiceOffered).offer.left_ms == 5_000
        await trio.sleep(4.9)
        assert one.all(wire.RunItTwiceDecided) == []
        await trio.sleep(0.2)
        await settle()
        for player in (one, two):
            assert [told.twice for told in player.all(wire.RunItTwiceDecided)] == [False]
            assert {dealt.board for dealt in player.all(wire.StreetDealt)} == {1}


async def test_a_seat_is_offered_for_thirty_seconds_and_then_to_the_next(autojump_clock: MockClock) -> None:
    async with open_memory_door(seats=2) as door:
        one, _ = await seated(door, 1, 2)
        three, four = [await door.enter(user) for user in (3, 4)]
        for waiting in (three, four):
            waiting.join_waiting_list()
            await settle()
        one.leave()
        await settle()
        await trio.sleep(20)
        await settle()
        assert one.last(wire.SeatLeft).user_id == one.user_id
        assert three.last(PlaceChanged).place.offered_seat == 0
        four.sit(0, BUY_IN)
        await settle()
        assert four.last(wire.Refused).code is Refusal.SEAT_OFFERED
        await trio.sleep(30)
        await settle()
        assert three.last(PlaceChanged).reason is Refusal.OFFER_EXPIRED
        four.sit(None, BUY_IN)
        await settle()
        assert four.last(PlaceChanged).place.seat == 0


async def test_who_answers_pings_stays_for_an_hour_and_who_is_cut_off_is_noticed(
    autojump_clock: MockClock,
) -> None:
    async with open_memory_door() as door:
        quiet = await door.enter(1)
        await trio.sleep(3_600)
        assert quiet.close_code is None
        assert len(door.services.connections) == 1
        quiet.cut()
        await settle()
        assert len(door.services.connections) == 0


async def test_a_fourth_device_closes_the_first_and_two_act_once(autojump_clock: MockClock) -> None:
    async with open_memory_door(SessionLimits(connections_per_user=3)) as door:
        await seated(door, 1, 2)
        first = in_turn(door)
        user = int(first.user_id)
        others = [await door.enter(user) for _ in range(2)]
        began = first.last(wire.TurnBegan)
        for number, device in enumerate(others):
            device.ask(asks.Act(number, began.table_id, began.hand_no, began.turn.turn, KIND.CALL, Krw(0)))
        await settle()
        answers = [device.all(wire.Done) + device.all(wire.Refused) for device in others]
        assert sorted(type(answer[-1]).__name__ for answer in answers) == ["Done", "Refused"]
        await door.enter(user)
        await trio.sleep(3)
        assert first.close_code == wire.CloseCode.REPLACED.value
        assert [device.close_code for device in others] == [None, None]
