"""Time bank and broken connections (rules 31, 32): how much, in which order, and who has lost it."""

import attrs
import pytest
import trio
from trio.testing import MockClock

from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from node.settings import ConnectionTime, TableLimits, TimeBank
from node.tables.spare_time import SpareTime, connection_seconds
from tests.node.tables.house import STAKE, Guest, House, open_house, settle

GAME = attrs.evolve(STAKE, time_bank=TimeBank(), connection_time=ConnectionTime())
KIND, PHASE = asks.ActionKind, wire.ClockPhase


async def _dealt(house: House) -> tuple[Guest, Guest]:
    """Two players and a hand; give who is to act first."""
    one, two = house.guest(1), house.guest(2)
    one.sit(0)
    two.sit(3)
    await settle()
    await trio.sleep(1.01)
    return (one, two) if house.to_act() is one else (two, one)


async def test_the_bank_follows_the_clock_and_is_spent_by_the_second(autojump_clock: MockClock) -> None:
    async with open_house(stake=GAME) as house:
        actor, other = await _dealt(house)
        began = actor.last(wire.TurnBegan).turn
        assert (began.phase, began.left_ms, began.bank_ms) == (PHASE.TURN, 15_000, 30_000)
        await trio.sleep(15.01)
        more = other.last(wire.TimeExtended)
        assert (more.seat, more.turn, more.phase, more.left_ms) == (began.seat, 1, PHASE.TIME_BANK, 30_000)
        late = house.guest(9)
        await trio.sleep(10)
        assert other.all(wire.Acted) == []
        turn = late.last(wire.Snapshot).turn
        assert turn is not None
        assert (turn.phase, turn.left_ms, turn.bank_ms) == (PHASE.TIME_BANK, 29_980, 0)
        actor.act(KIND.CALL)
        await settle()
        assert actor.last(wire.Acted).cause is wire.MoveCause.PLAYER
        holder = house.table.seats.held_by(actor.user_id)
        assert holder.spare.bank_seconds == pytest.approx(20, abs=0.1)


async def test_an_empty_bank_folds_and_does_not_come_back_the_same_hand(autojump_clock: MockClock) -> None:
    async with open_house(stake=GAME) as house:
        actor, other = await _dealt(house)
        await trio.sleep(45.02)
        assert other.last(wire.Acted).cause is wire.MoveCause.TIME_OUT
        assert len(other.all(wire.HandEnded)) == 1
        assert house.table.seats.held_by(actor.user_id).spare.bank_seconds == 0
        await trio.sleep(1.01)
        assert house.table.seats.held_by(actor.user_id).spare.bank_seconds == 0


async def test_nothing_said_in_the_bank_buys_time(autojump_clock: MockClock) -> None:
    async with open_house(stake=GAME) as house:
        actor, other = await _dealt(house)
        for _ in range(44):
            await trio.sleep(1)
            actor.act(KIND.CHECK)
        await trio.sleep(1.02)
        assert other.last(wire.Acted).cause is wire.MoveCause.TIME_OUT


async def test_a_broken_connection_has_the_clock_then_time_by_the_pot_then_the_bank(
    autojump_clock: MockClock,
) -> None:
    async with open_house(stake=GAME) as house:
        actor, other = await _dealt(house)
        actor.act(KIND.RAISE_TO, 100_000)
        await settle()
        house.goes(other)
        await trio.sleep(15.01)
        more = actor.last(wire.TimeExtended)
        assert (more.phase, more.left_ms) == (PHASE.CONNECTION, 51_000), (
            "102,000 in the pot are 51 big blinds"
        )
        await trio.sleep(51)
        assert actor.last(wire.TimeExtended).phase is PHASE.TIME_BANK
        await trio.sleep(30.01)
        assert actor.last(wire.Acted).cause is wire.MoveCause.TIME_OUT
        returned = actor.last(wire.UncalledReturned).amount
        assert returned == 98_000, "no all-in protection: the hand is folded"


async def test_who_is_back_in_time_acts(autojump_clock: MockClock) -> None:
    async with open_house(stake=GAME) as house:
        actor, other = await _dealt(house)
        house.goes(actor)
        await trio.sleep(40)
        again = house.guest(int(actor.user_id))
        await settle()
        turn = again.last(wire.Snapshot).turn
        assert turn is not None
        assert (turn.phase, turn.seat) == (PHASE.CONNECTION, again.last(wire.Snapshot).you.seat)
        hand_no = again.last(wire.Snapshot).hand_no
        again.ask(asks.Act(1, again.last(wire.Snapshot).table_id, hand_no, turn.turn, KIND.CALL, Krw(0)))
        await settle()
        assert other.last(wire.Acted).cause is wire.MoveCause.PLAYER
        assert house.table.seats.held_by(actor.user_id).spare.bank_seconds == 30


async def test_who_breaks_off_too_often_gets_no_more_time(autojump_clock: MockClock) -> None:
    stake = attrs.evolve(GAME, connection_time=ConnectionTime(allowed_breaks=1), time_bank=TimeBank(0.0))
    async with open_house(stake=stake, limits=TableLimits(between_hands_seconds=1.0)) as house:
        actor, other = await _dealt(house)
        house.goes(actor)
        await trio.sleep(45.5)
        assert len(other.all(wire.TimeExtended)) == 1
        await trio.sleep(2)
        while house.to_act().user_id != actor.user_id:
            other.act(KIND.CALL)
            await settle()
        await trio.sleep(15.5)
        assert len(other.all(wire.TimeExtended)) == 1
        assert other.last(wire.Acted).cause is wire.MoveCause.TIME_OUT


def test_gifts_up_to_the_most_and_breaks_forgiven() -> None:
    spare, bank, connection = SpareTime(30.0, breaks=2), TimeBank(), ConnectionTime()
    filled = []
    for _ in range(80):
        spare.hand_dealt(bank, connection)
        filled.append(spare.bank_seconds)
    assert (filled[8], filled[9], filled[18], filled[19]) == (30, 35, 35, 40)
    assert filled[-1] == 60
    assert spare.breaks == 0


@pytest.mark.parametrize(
    ("pot", "seconds"), [(0, 30), (60_000, 30), (100_000, 50), (240_000, 120), (10**9, 120)]
)
def test_rule_32_time_by_the_size_of_the_pot(pot: int, seconds: float) -> None:
    assert connection_seconds(Krw(pot), Krw(2_000), ConnectionTime()) == seconds


def test_a_break_counts_once_a_hand() -> None:
    spare, connection = SpareTime(0.0), ConnectionTime(allowed_breaks=2)
    assert spare.may_break(1, connection)
    spare.note_break(1)
    assert not spare.may_break(1, connection)
    assert spare.may_break(2, connection)
    spare.note_break(2)
    assert not spare.may_break(3, connection)
