"""Chips from the wallet over real sockets: top-up, rebuy, automatic top-up until the wallet is empty."""

import trio

from cardroom.client import Table
from cardroom.ids import UserId
from cardroom.local.servers import EmbeddedValkey
from cardroom.money import Krw
from cardroom.wire import table as wire
from cardroom.wire.place import PlaceChanged
from cardroom.wire.player import ActionKind
from cardroom.wire.refusals import Refusal
from node.settings import TableLimits
from tests.node.tables.house import BUY_IN, FIRST_SEAT_WINS, HALF, PURSE
from tests.system.room import abreast, act, fold, go_all_in, hear, open_room, refused, see, to_act

PAUSE = TableLimits(between_hands_seconds=0.3, after_showdown_seconds=0.3)


async def test_a_top_up_plays_from_the_next_hand(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey) as room, room.seated(1, 2, buy_in=HALF) as (one, two):
        await to_act(one, two)
        before = one.view.my_stack
        with refused(Refusal.BUY_IN_TOO_LARGE):
            await one.top_up(Krw(100_001))
        await one.top_up(Krw(100_000))
        assert (one.view.my_stack, one.view.place.arriving) == (before, 100_000)
        assert room.ledger.wallets[UserId(1)] == PURSE - 200_000
        with refused(Refusal.BUY_IN_TOO_LARGE):
            await one.top_up(Krw(1))
        await fold(one, two)
        await see(one, lambda view: view.place.arriving == 0 and view.my_stack > 190_000)
        started = await hear(two, wire.HandStarted, lambda told: told.hand_no == 2)
        assert {dealt.seat: dealt.stack for dealt in started.seats} == {0: 199_000, 1: 101_000}


async def test_a_top_up_waits_for_the_ledger_and_nobody_waits_for_it(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey) as room, room.seated(1, 2, buy_in=HALF) as (one, two):
        await to_act(one, two)
        room.ledger.is_silent = True
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.top_up, Krw(50_000))
            await fold(one, two)
            await hear(two, wire.HandStarted, lambda told: told.hand_no == 2)
            with refused(Refusal.TOP_UP_UNDER_WAY):
                await one.top_up(Krw(10_000))
            room.ledger.speak()
        assert one.view.place.arriving == 50_000


async def _lose_all(winner: Table, loser: Table) -> None:
    await go_all_in(winner, loser)
    await abreast(winner, loser)
    await see(loser, lambda view: view.state is wire.TableState.WAITING_FOR_PLAYERS)
    assert loser.view.my_stack == 0


async def test_who_has_lost_all_buys_in_again_at_the_same_seat(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey, shuffle=lambda: FIRST_SEAT_WINS) as room, room.seated(1, 2) as (one, two):
        await _lose_all(one, two)
        with refused(Refusal.BUY_IN_TOO_SMALL):
            await two.top_up(Krw(79_999))
        await two.top_up(Krw(80_000))
        started = await hear(one, wire.HandStarted, lambda told: told.hand_no == 2)
        assert stack_of(two, started) == 80_000
        assert room.ledger.wallets[UserId(2)] == PURSE - BUY_IN - 80_000


def stack_of(table: Table, started: wire.HandStarted) -> Krw:
    """Give the stack with which a player begins a hand."""
    return next(dealt.stack for dealt in started.seats if dealt.seat == table.view.my_seat)


async def test_an_automatic_top_up_fills_the_stack_until_the_wallet_is_empty(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey, PAUSE) as room, room.seated(1, 2) as (one, two):
        wallets = room.ledger.wallets
        wallets[UserId(2)] = Krw(wallets[UserId(2)] + wallets[UserId(1)] - 1_500)
        wallets[UserId(1)] = Krw(1_500)
        with refused(Refusal.BUY_IN_TOO_LARGE):
            await one.auto_top_up(Krw(BUY_IN + 1))
        await one.auto_top_up(BUY_IN)
        assert one.view.place.auto_top_up_to == BUY_IN
        assert await to_act(one, two) is one
        await act(one, ActionKind.FOLD)
        started = await hear(two, wire.HandStarted, lambda told: told.hand_no == 2)
        assert stack_of(one, started) == BUY_IN
        assert wallets[UserId(1)] == 500
        assert await to_act(one, two) is two
        await act(two, ActionKind.RAISE_TO, 4_000)
        await act(await to_act(one, two), ActionKind.FOLD)
        told = await hear(one, PlaceChanged, lambda told: told.reason is not None)
        assert told.reason is Refusal.INSUFFICIENT_FUNDS
        assert told.place.auto_top_up_to == 0
        started = await hear(two, wire.HandStarted, lambda told: told.hand_no == 3)
        assert stack_of(one, started) == BUY_IN - 2_000
