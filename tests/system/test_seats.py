"""Seats over real sockets: who gets one, with how much, how it is given up, and who may only watch."""

import pytest
import trio
from attrs import evolve

from cardroom.ids import SeatIndex, UserId
from cardroom.local.servers import EmbeddedValkey
from cardroom.money import Krw
from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding
from cardroom.wire.lobby import sign_ticket
from cardroom.wire.player import ActionKind, Hello, SitDown
from cardroom.wire.refusals import Refusal
from node.settings import TableLimits
from tests.node.sessions.door import KEY, open_door
from tests.node.tables.house import BUY_IN, FIRST_SEAT_WINS, PURSE, STAKE, TABLE, until
from tests.system.room import act, go_all_in, hear, open_room, play_passively, refused, see, to_act

SEAT = SeatIndex(2)
SMALLEST, LARGEST = Krw(80_000), Krw(200_000)


async def test_a_seat_is_reserved_while_the_ledger_is_silent(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey) as room, room.enter(1, 2, 4) as (one, two, watcher):
        room.ledger.is_silent = True
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.sit_down, BUY_IN, SEAT)
            taken = await hear(watcher, wire.SeatTaken)
            assert (taken.seat, taken.user_id, taken.stack) == (SEAT, UserId(1), 0)
            assert taken.status is wire.SeatStatus.RESERVED
            with refused(Refusal.SEAT_TAKEN):
                await two.sit_down(BUY_IN, SEAT)
            with refused(Refusal.ALREADY_SEATED):
                await one.sit_down(BUY_IN, SeatIndex(3))
            assert one.view.my_stack == 0
            room.ledger.speak()
        assert one.view.my_stack == BUY_IN
        seated = await hear(watcher, wire.SeatChanged)
        assert (seated.seat, seated.stack) == (SEAT, BUY_IN)
        assert seated.status is not wire.SeatStatus.RESERVED


async def test_a_buy_in_that_the_wallet_has_not_frees_the_seat_again(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey) as room, room.enter(1, 2) as (poor, watcher):
        room.ledger.wallets[UserId(1)] = Krw(BUY_IN - 1)
        room.ledger.wallets[UserId(2)] = Krw(2 * PURSE - BUY_IN + 1)
        with refused(Refusal.INSUFFICIENT_FUNDS):
            await poor.sit_down(BUY_IN, SEAT)
        left = await hear(watcher, wire.SeatLeft)
        assert (left.seat, left.paid, left.reason) == (SEAT, 0, wire.LeaveReason.BUY_IN_REFUSED)
        await watcher.sit_down(BUY_IN, SEAT)


async def test_a_buy_in_lies_between_the_smallest_and_the_largest(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey) as room, room.enter(1, 2) as (one, two):
        assert (one.view.place.min_buy_in, one.view.place.max_buy_in) == (SMALLEST, LARGEST)
        for table in (one, two):
            with refused(Refusal.BUY_IN_TOO_SMALL):
                await table.sit_down(Krw(SMALLEST - 1))
            with refused(Refusal.BUY_IN_TOO_LARGE):
                await table.sit_down(Krw(LARGEST + 1))
        await one.sit_down(SMALLEST)
        await two.sit_down(LARGEST)
        assert room.ledger.wallets[UserId(1)] == PURSE - SMALLEST
        assert room.ledger.wallets[UserId(2)] == PURSE - LARGEST


async def test_a_player_has_one_seat_whatever_the_connection(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey) as room, room.enter(1, 1) as (here, there):
        await here.sit_down(BUY_IN)
        with refused(Refusal.ALREADY_SEATED):
            await there.sit_down(BUY_IN)
        assert (await see(there, lambda view: view.my_stack == BUY_IN)).my_seat == here.view.my_seat


async def test_one_seat_for_each_address_behind_a_proxy(valkey: EmbeddedValkey) -> None:
    stake = evolve(STAKE, same_address_seats=False)
    home, office = [(b"X-Forwarded-For", b"198.51.100.7")], [(b"X-Forwarded-For", b"198.51.100.8")]
    wanted = [SitDown(number, TABLE, None, BUY_IN, posts_blind=True) for number in range(3)]
    async with (
        open_door(valkey.settings, stake=stake, proxies=("127.0.0.1/32",)) as door,
        door.enter(1, headers=home) as one,
        door.enter(2, Encoding.JSON, headers=home) as brother,
        door.enter(3, headers=office) as colleague,
    ):
        await one.send(wanted[0])
        assert await one.hear_until(wire.Done | wire.Refused) == wire.Done(0)
        await brother.send(wanted[1])
        assert await brother.hear_until(wire.Refused) == wire.Refused(1, Refusal.SAME_ADDRESS)
        await colleague.send(wanted[2])
        assert await colleague.hear_until(wire.Done | wire.Refused) == wire.Done(2)


async def test_who_takes_winnings_away_brings_them_back(valkey: EmbeddedValkey) -> None:
    """Rule 35: 398,000 won after the rake are brought again, no won less and none more."""
    async with open_room(valkey, shuffle=lambda: FIRST_SEAT_WINS) as room, room.seated(1, 2) as (one, two):
        await go_all_in(one, two)
        await see(one, lambda view: view.my_stack == 398_000)
        await one.leave()
        assert (await hear(two, wire.SeatLeft)).paid == 398_000
        await see(one, lambda view: view.place.min_buy_in == view.place.max_buy_in == 398_000)
        for less in (SMALLEST, LARGEST, Krw(397_999)):
            with refused(Refusal.BUY_IN_BELOW_LAST_STACK):
                await one.sit_down(less)
        with refused(Refusal.BUY_IN_TOO_LARGE):
            await one.sit_down(Krw(398_001))
        await one.sit_down(Krw(398_000))


async def test_who_leaves_now_folds_when_the_turn_comes_and_is_paid(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey) as room, room.seated(1, 2) as players:
        actor = await to_act(*players)
        leaver = players[1 - players.index(actor)]
        await leaver.leave()
        changed = await hear(actor, wire.SeatChanged, lambda told: told.seat == leaver.view.my_seat)
        assert changed.status is wire.SeatStatus.LEAVING
        with refused(Refusal.LEAVING):
            await leaver.sit_in()
        await act(actor, ActionKind.CALL)
        acted = await hear(actor, wire.Acted, lambda told: told.cause is not wire.MoveCause.PLAYER)
        assert (acted.kind, acted.cause) == (wire.MoveKind.FOLD, wire.MoveCause.LEAVING)
        left = await hear(actor, wire.SeatLeft)
        assert (left.paid, left.reason) == (BUY_IN - 2_000, wire.LeaveReason.LEFT)
        await see(leaver, lambda view: view.me is None)
        assert room.ledger.wallets[leaver.view.user_id] == PURSE - 2_000
        with refused(Refusal.NOT_SEATED):
            await leaver.leave()


async def test_who_leaves_after_the_hand_plays_it_and_may_think_better_of_it(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey, shuffle=lambda: FIRST_SEAT_WINS) as room, room.seated(1, 2) as (one, two):
        await to_act(one, two)
        for player in (one, two):
            await player.leave(after_hand=True)
            assert player.view.place.leaves_after_hand
        await two.sit_in()
        assert not two.view.place.leaves_after_hand
        await play_passively(one, two)
        left = await hear(two, wire.SeatLeft)
        assert (left.user_id, left.paid) == (UserId(1), BUY_IN + 2_000 - 200)
        assert two.view.me is not None


async def test_so_many_may_watch_and_one_more_is_sent_away(valkey: EmbeddedValkey) -> None:
    async with (
        open_room(valkey, TableLimits(spectators=2)) as room,
        room.enter(1) as (player,),
    ):
        await player.sit_down(BUY_IN)
        async with room.enter(7, 8), room.door.knock() as third:
            await third.send(Hello(sign_ticket(room.door.ticket(9), KEY), ""))
            refusal = wire.Refused(None, Refusal.SPECTATORS_FULL)
            assert await third.hear_until(wire.Refused) == refusal
            assert await third.hear_close() == wire.CloseCode.TRY_AGAIN_LATER.value
            with refused(Refusal.SPECTATORS_FULL):
                async with room.enter(10):
                    pass
            async with room.enter(1) as (second_device,):
                assert second_device.view.my_stack == BUY_IN
        await until(lambda: len(room.door.house.table.audience.viewers) == 1)
        async with room.enter(10):
            pass


@pytest.mark.parametrize("wrong", [SeatIndex(-1), SeatIndex(6)])
async def test_a_seat_that_does_not_exist(valkey: EmbeddedValkey, wrong: SeatIndex) -> None:
    async with open_room(valkey) as room, room.enter(1) as (one,):
        with refused(Refusal.NO_SUCH_SEAT):
            await one.sit_down(BUY_IN, wrong)
