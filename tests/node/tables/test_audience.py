"""Who may watch: players always, spectators up to a limit."""

import trio
from trio.testing import MockClock

from cardroom.wire import table as wire
from cardroom.wire.notices import DepositNotice, DepositState
from cardroom.wire.refusals import Refusal
from node.settings import TableLimits
from tests.node.tables.house import PURSE, Guest, House, open_house, settle

NOTICE = DepositNotice(7, "BTC", "0.001", DepositState.CONFIRMING, 1, 3)
TWO_SPECTATORS = TableLimits(between_hands_seconds=1.0, spectators=2)


async def _comes(house: House, user: int) -> Guest:
    guest = house.guest(user)
    await settle()
    return guest


def _was_let_in(guest: Guest) -> bool:
    if guest.kicked is None:
        return bool(guest.all(wire.Snapshot))
    assert guest.kicked is wire.CloseCode.TRY_AGAIN_LATER
    assert guest.heard == [wire.Refused(None, Refusal.SPECTATORS_FULL)]
    return False


async def test_one_more_than_the_limit_is_sent_away_with_a_code(autojump_clock: MockClock) -> None:
    assert wire.CloseCode.TRY_AGAIN_LATER.value == 1013
    async with open_house(limits=TWO_SPECTATORS) as house:
        assert [_was_let_in(await _comes(house, user)) for user in (1, 2, 3)] == [True, True, False]


async def test_who_is_sent_away_hears_nothing_more(autojump_clock: MockClock) -> None:
    async with open_house(limits=TWO_SPECTATORS) as house:
        one, _, three = [await _comes(house, user) for user in (1, 2, 3)]
        one.sit(0)
        await settle()
        assert one.all(wire.SeatTaken)
        assert not _was_let_in(three)
        house.goes(three)
        assert _was_let_in(await _comes(house, 4)), "who has a seat is no spectator any more"


async def test_requests_of_who_is_sent_away_are_refused_too(autojump_clock: MockClock) -> None:
    """They may stand in the inbox behind the hello: no seat is taken by them, and no money moves."""
    async with open_house(limits=TWO_SPECTATORS) as house:
        for user in (1, 2):
            assert _was_let_in(await _comes(house, user))
        three = house.guest(3)
        three.sit(0)
        three.join_waiting_list()
        three.resync(None)
        await settle()
        assert three.refusals == [Refusal.SPECTATORS_FULL] * 4
        assert len(three.heard) == 4
        assert house.table.seats.holders == {}
        assert house.ledger.wallets[three.user_id] == PURSE


async def test_who_goes_makes_room(autojump_clock: MockClock) -> None:
    async with open_house(limits=TWO_SPECTATORS) as house:
        one, _ = [await _comes(house, user) for user in (1, 2)]
        house.goes(one)
        assert _was_let_in(await _comes(house, 3))
        assert not _was_let_in(await _comes(house, 4))


async def test_players_are_counted_and_not_their_devices(autojump_clock: MockClock) -> None:
    async with open_house(limits=TWO_SPECTATORS) as house:
        assert all([_was_let_in(await _comes(house, user)) for user in (1, 1, 2, 1, 2)])
        assert not _was_let_in(await _comes(house, 3))


async def test_who_has_a_seat_is_always_let_in_on_every_device(autojump_clock: MockClock) -> None:
    async with open_house(limits=TWO_SPECTATORS) as house:
        one, two = await house.heads_up()
        spectators = [await _comes(house, user) for user in (3, 4)]
        assert all(map(_was_let_in, spectators))
        house.goes(one)
        for player in (one, one, two):
            device = house.comes_back(player)
            await settle()
            assert _was_let_in(device)
        assert not _was_let_in(await _comes(house, 5))


async def test_who_has_a_reserved_seat_or_is_leaving_is_let_in_too(autojump_clock: MockClock) -> None:
    async with open_house(limits=TWO_SPECTATORS) as house:
        one, _ = await house.heads_up()
        three = await _comes(house, 3)
        house.ledger.is_silent = True
        three.sit(1)
        one.leave()
        await settle()
        assert [_was_let_in(await _comes(house, user)) for user in (4, 5, 6)] == [True, True, False]
        for player in (three, one):
            device = house.comes_back(player)
            await settle()
            assert _was_let_in(device)


async def test_who_waits_for_a_seat_comes_back_though_the_rail_is_full(autojump_clock: MockClock) -> None:
    async with open_house(seats=2, limits=TWO_SPECTATORS) as house:
        one, two = house.guest(1), house.guest(2)
        one.sit(0)
        two.sit(1)
        await settle()
        three = await _comes(house, 3)
        three.join_waiting_list()
        house.goes(three)
        assert [_was_let_in(await _comes(house, user)) for user in (4, 5, 6)] == [True, True, False]
        back = house.comes_back(three)
        await settle()
        assert _was_let_in(back)
        one.leave()
        await settle()
        assert back.place.offered_seat == 0


async def test_a_player_who_has_left_watches_on_though_the_rail_is_full(autojump_clock: MockClock) -> None:
    async with open_house(limits=TWO_SPECTATORS) as house:
        one, _ = await house.heads_up()
        for user in (3, 4):
            assert _was_let_in(await _comes(house, user))
        one.leave()
        await settle()
        assert one.kicked is None
        assert one.last(wire.SeatLeft).user_id == one.user_id
        assert not _was_let_in(await _comes(house, 5))


async def test_nobody_may_watch_where_the_limit_says_so(autojump_clock: MockClock) -> None:
    async with open_house(limits=TableLimits(spectators=0)) as house:
        assert not _was_let_in(await _comes(house, 1))


async def test_a_crash_sends_no_one_away(autojump_clock: MockClock) -> None:
    async with open_house(limits=TWO_SPECTATORS) as house:
        one, two = [await _comes(house, user) for user in (1, 2)]
        await house.crash()
        assert (one.kicked, two.kicked) == (None, None)
        assert len(one.all(wire.Snapshot)) == 2
        assert not _was_let_in(await _comes(house, 3))


async def test_coins_are_told_to_who_was_let_in_and_after_the_snapshot(autojump_clock: MockClock) -> None:
    async with open_house(limits=TWO_SPECTATORS) as house:
        guests = [house.guest(user) for user in (1, 2, 3)]
        for guest in guests:
            guest.notify(NOTICE)
        await settle()
        for let_in in guests[:2]:
            assert [type(one) for one in let_in.heard] == [wire.Snapshot, DepositNotice]
        assert not _was_let_in(guests[2])
        house.goes(guests[0])
        guests[0].notify(NOTICE)
        await settle()
        assert guests[0].all(DepositNotice) == [NOTICE]


async def test_coins_are_told_when_the_snapshot_is(autojump_clock: MockClock) -> None:
    """A table whose journal is silent shows nothing new to who comes; then everything comes in its order."""
    async with open_house() as house:
        await house.heads_up()
        house.journal.is_silent = True
        await trio.sleep(5)
        late = house.guest(4)
        late.notify(NOTICE)
        await settle()
        assert late.heard == []
        house.journal.speak()
        await settle()
        assert [type(one) for one in late.heard[:2]] == [wire.Snapshot, DepositNotice]
