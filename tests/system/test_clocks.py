"""Clocks over real sockets: the turn's own, the time bank, and a broken connection's by the pot."""

import pytest
from attrs import evolve

from cardroom.client import Table, connect
from cardroom.ids import SeatIndex
from cardroom.local.servers import EmbeddedValkey
from cardroom.wire import table as wire
from cardroom.wire.player import ActionKind
from node.settings import ConnectionTime, TimeBank
from tests.node.tables.house import STAKE
from tests.system.room import act, hear, lose, open_cable, open_room, see, to_act

BRIEF = evolve(STAKE, turn_seconds=0.5)
OUT = wire.MoveCause.TIME_OUT


async def test_the_clock_checks_or_folds_and_twice_in_a_row_sits_out(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey, stake=BRIEF) as room, room.seated(1, 2) as (one, two):
        await act(await to_act(one, two), ActionKind.CALL)
        for _ in range(2):  # before the flop and on it
            acted = await hear(one, wire.Acted, lambda told: told.seat == two.view.my_seat)
            assert (acted.kind, acted.cause) == (wire.MoveKind.CHECK, OUT)
        seen = await see(one, lambda view: view.my_turn is not None)
        assert seen.street is wire.Street.FLOP
        assert seen.seats[SeatIndex(1)].status is wire.SeatStatus.SITTING_OUT
        await act(one, ActionKind.RAISE_TO, 10_000)
        acted = await hear(one, wire.Acted, lambda told: told.cause is OUT)
        assert acted.kind is wire.MoveKind.FOLD
        await see(one, lambda view: view.state is wire.TableState.WAITING_FOR_PLAYERS)


async def test_the_time_bank_comes_after_the_clock_and_is_spent(valkey: EmbeddedValkey) -> None:
    stake = evolve(BRIEF, time_bank=TimeBank(first_seconds=30.0))
    async with open_room(valkey, stake=stake) as room, room.seated(1, 2) as (one, two):
        assert await to_act(one, two) is one
        turn = one.view.my_turn
        assert turn is not None
        assert turn.bank_ms == 30_000
        for table in (one, two):
            extended = await hear(table, wire.TimeExtended)
            assert (extended.seat, extended.turn) == (one.view.my_seat, turn.turn)
            assert extended.phase is wire.ClockPhase.TIME_BANK
            assert extended.left_ms == pytest.approx(30_000, abs=2)
        await act(one, ActionKind.CALL)
        assert (await hear(one, wire.Acted)).cause is wire.MoveCause.PLAYER
        for _ in range(2):
            await act(await to_act(one, two), ActionKind.CHECK)
        turn = (await see(one, lambda view: view.my_turn is not None)).my_turn
        assert turn is not None
        assert 20_000 < turn.bank_ms < 30_000


async def test_who_is_cut_off_gets_time_by_the_pot_and_who_abuses_it_gets_none(
    valkey: EmbeddedValkey,
) -> None:
    """Rule 32: 102,000 lie in the pot, 51 big blinds, and each is worth 0.3 s here."""
    connection = ConnectionTime(least_seconds=0.2, seconds_per_big_blind=0.3, allowed_breaks=1)
    stake = evolve(BRIEF, connection_time=connection)
    async with (
        open_room(valkey, stake=stake) as room,
        room.enter(1) as (one,),
        open_cable(room) as cable,
    ):
        async with connect(room.ticket(2, cable.port)) as two:
            await room.seat(one, two)
            await act(await to_act(one, two), ActionKind.RAISE_TO, 100_000)
            cable.cut()
            way_back = await lose(two)
        extended = await hear(one, wire.TimeExtended)
        assert (extended.seat, extended.phase) == (1, wire.ClockPhase.CONNECTION)
        assert extended.left_ms == pytest.approx(15_300, abs=2)
        async with connect(way_back) as two:
            turn = two.view.my_turn
            assert turn is not None
            assert turn.phase is wire.ClockPhase.CONNECTION
            await act(two, ActionKind.CALL)
            await hear(one, wire.StreetDealt)
            cable.cut()
            way_back = await lose(two)
        assert await _acted_or_has_time(one) == (1, OUT), "once a hand"
        async with connect(way_back) as two:
            await act(one, ActionKind.RAISE_TO, 10_000)
            await act(await to_act(two, one), ActionKind.FOLD)
            await see(two, lambda view: view.hand_no == 2 and view.my_turn is not None)
            cable.cut()
            await lose(two)
        await hear(one, wire.HandStarted)
        assert await _acted_or_has_time(one) == (1, OUT), "no more for who has used it up"


async def _acted_or_has_time(table: Table) -> tuple[int, wire.MoveCause | wire.ClockPhase]:
    """Give whom the clock has told something, and what."""
    is_one = (wire.Acted, wire.TimeExtended)
    told = await hear(table, wire.TableEvent, lambda told: isinstance(told, is_one))
    assert isinstance(told, is_one)
    return told.seat, told.cause if isinstance(told, wire.Acted) else told.phase
