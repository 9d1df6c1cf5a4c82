"""Who has to go, goes after the hand and hears why; and what a reality check tells."""

import trio
from trio.testing import MockClock

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.wire import table as wire
from cardroom.wire.place import PlaceChanged
from cardroom.wire.protection import RealityCheck
from cardroom.wire.refusals import Refusal
from node.tables.commands import EndPlay, TellReality
from tests.node.tables.house import BUY_IN, HALF, TABLE, Guest, House, open_house, settle
from tests.node.tables.test_restoring import gone_on_with, returned


async def end_play(house: House, guest: Guest, reason: Refusal = Refusal.SESSION_LIMIT) -> None:
    house.table.entry.inbox.deliver(EndPlay(guest.user_id, reason))
    await settle()


async def tell_reality(house: House, user: UserId, seconds: int) -> None:
    holder = house.table.seats.of_user(user)
    since = 0 if holder is None else holder.sat_unix_ms
    house.table.entry.inbox.deliver(TellReality(user, since + seconds * 1000))
    await settle()


def reasons(guest: Guest) -> list[Refusal]:
    return [one.reason for one in guest.all(PlaceChanged) if one.reason is not None]


async def test_between_hands_the_seat_ends_at_once_and_only_the_player_hears_why(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        one, two = await house.heads_up()
        await end_play(house, one, Refusal.SELF_EXCLUDED)
        assert house.table.seats.of_user(one.user_id) is None
        assert house.ledger.wallets[one.user_id] == 1_000_000
        assert reasons(one) == [Refusal.SELF_EXCLUDED]
        assert reasons(two) == []
        assert two.last(wire.SeatLeft).reason is wire.LeaveReason.LEFT
        house.check_money()


async def test_a_hand_in_play_is_played_to_its_end_and_the_player_cannot_stay(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        one, two = await house.dealt()
        for _ in range(3):
            await end_play(house, one)
        assert reasons(one) == [Refusal.SESSION_LIMIT]
        assert one.place.leaves_after_hand
        one.sit_in()
        one.top_up(10_000)
        await settle()
        assert one.refusals == [Refusal.SESSION_LIMIT, Refusal.SESSION_LIMIT]
        assert one.place.leaves_after_hand
        await house.play_passively()
        await settle()
        assert house.table.seats.of_user(one.user_id) is None
        assert two.last(wire.SeatLeft).user_id == one.user_id
        house.check_money()


async def test_no_chips_are_brought_by_themselves_to_who_has_to_go(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt()
        one.auto_top_up(BUY_IN)
        await settle()
        await end_play(house, one, Refusal.LOSS_LIMIT)
        await house.fold()
        await trio.sleep(2)
        assert house.ledger.wallets[one.user_id] == 1_000_000 - 1_000
        assert house.table.seats.of_user(one.user_id) is None
        house.check_money()


async def test_who_has_no_seat_or_is_about_to_have_one(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one = house.guest(1)
        await settle()
        await end_play(house, one)
        await tell_reality(house, one.user_id, 5)
        assert (reasons(one), one.all(RealityCheck)) == ([], [])
        house.ledger.is_silent = True
        one.sit(0)
        house.table.entry.inbox.deliver(EndPlay(one.user_id, Refusal.SESSION_LIMIT))
        await settle()
        assert one.place.seat == 0
        house.ledger.speak()
        await settle()
        assert house.table.seats.of_user(one.user_id) is None
        assert house.ledger.wallets[one.user_id] == 1_000_000


async def test_a_reality_check_tells_all_own_connections_time_and_net(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt()
        device = house.comes_back(one)
        await tell_reality(house, one.user_id, 3)
        assert one.heard[-1] == RealityCheck(TABLE, 3, Krw(0))  # the small blind lies in the hand in play
        await house.fold()
        await tell_reality(house, one.user_id, 90)
        stack = house.stack(one)
        assert one.last(RealityCheck) == RealityCheck(TABLE, 90, Krw(-1_000))
        assert stack == HALF - 1_000
        assert device.all(RealityCheck) == one.all(RealityCheck)
        assert two.all(RealityCheck) == []
        one.top_up(20_000)
        await settle()
        await tell_reality(house, one.user_id, 91)
        assert one.last(RealityCheck).net == stack - HALF
        await tell_reality(house, two.user_id, 91)
        assert two.last(RealityCheck).net == house.stack(two) - BUY_IN


async def test_the_next_owner_goes_on_with_time_and_net_and_with_who_has_to_go(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        one, two = await house.dealt()
        await house.fold()
        await trio.sleep(1.01)
        lost = house.stack(one) - HALF
        await end_play(house, two)
        since = house.table.seats.held_by(one.user_id).sat_unix_ms
        async with gone_on_with(house) as heir:
            again, _ = returned(heir, one, two)
            await settle()
            assert heir.table.seats.held_by(one.user_id).sat_unix_ms == since
            assert heir.table.seats.held_by(two.user_id).ends_for is Refusal.SESSION_LIMIT
            await tell_reality(heir, one.user_id, 77)
            told = again.last(RealityCheck)
            assert (told.seated_seconds, told.net) == (77, lost)
