"""Stacks that are filled up from the wallet by themselves, as far as the player has said (rule 34)."""

import pytest
import trio
from trio.testing import MockClock

from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.place import PlaceChanged
from cardroom.wire.refusals import Refusal
from node.tables.commands import Drain
from tests.node.tables.house import (
    BUY_IN,
    FIRST_SEAT_WINS,
    HALF,
    PURSE,
    open_house,
    settle,
)

KIND = asks.ActionKind


async def test_an_automatic_top_up_fills_after_each_hand(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt(BUY_IN)
        one.auto_top_up(BUY_IN)
        await settle()
        assert one.place.auto_top_up_to == BUY_IN
        taken = []
        for _ in range(4):
            assert house.stack(one) >= BUY_IN
            await house.fold()
            house.check_money()
            await trio.sleep(1.01)
            taken.append(PURSE - house.ledger.wallets[one.user_id])
        assert taken == [201_000] * 4, "the small blind of the first hand; the blinds of the second are won"


async def test_an_automatic_top_up_ends_when_the_player_says_so(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt(BUY_IN)
        one.auto_top_up(BUY_IN)
        one.auto_top_up(0)
        await house.fold()
        await trio.sleep(5)
        assert one.place.auto_top_up_to == 0
        assert house.stack(one) == BUY_IN - 1_000
        assert house.ledger.wallets[one.user_id] == PURSE - BUY_IN


@pytest.mark.parametrize(
    ("up_to", "code"),
    [
        (79_999, Refusal.BUY_IN_TOO_SMALL),
        (-1, Refusal.BUY_IN_TOO_SMALL),
        (200_001, Refusal.BUY_IN_TOO_LARGE),
        (2**62, Refusal.BUY_IN_TOO_LARGE),
    ],
)
async def test_an_automatic_top_up_stays_within_the_buy_ins(
    autojump_clock: MockClock, up_to: int, code: Refusal
) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up()
        watcher = house.guest(9)
        one.auto_top_up(up_to)
        watcher.auto_top_up(BUY_IN)
        await settle()
        assert one.refusals == [code]
        assert watcher.refusals == [Refusal.NOT_SEATED]
        assert one.place.auto_top_up_to == 0
        assert house.stack(one) == HALF


async def test_an_automatic_top_up_is_asked_for_once_however_long_the_ledger_takes(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        one, two = await house.heads_up()
        house.ledger.is_silent = True
        one.auto_top_up(BUY_IN)
        for _ in range(5):
            two.straddle()
            two.sit_in()
            await settle()
        assert house.ledger.unanswered == 1
        one.top_up(10_000)
        await settle()
        assert one.refusals == [Refusal.TOP_UP_UNDER_WAY]
        house.ledger.speak()
        await settle()
        assert house.stack(one) == BUY_IN
        house.check_money()


async def test_an_automatic_top_up_counts_what_was_asked_for_by_hand(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt()
        house.ledger.is_silent = True
        one.top_up(60_000)
        one.auto_top_up(BUY_IN)
        await house.fold()
        assert house.ledger.unanswered == 2, "the top-up by hand and the settlement"
        house.ledger.speak()
        await settle()
        assert house.stack(one) == BUY_IN
        house.check_money()


async def test_an_automatic_top_up_that_the_wallet_cannot_pay_ends_and_says_so(
    autojump_clock: MockClock,
) -> None:
    async with open_house(shuffle=lambda: FIRST_SEAT_WINS) as house:
        one, poor = house.guest(1), house.guest(2, purse=BUY_IN)
        one.sit(0)
        poor.sit(3)
        poor.auto_top_up(BUY_IN)
        await trio.sleep(1.01)
        await house.all_in()
        told = poor.last(PlaceChanged)
        assert (told.reason, told.place.auto_top_up_to) == (Refusal.INSUFFICIENT_FUNDS, 0)
        assert one.refusals == poor.refusals == []
        assert house.stack(poor) == 0
        house.check_money()
        await trio.sleep(30)
        reasons = [place.reason for place in poor.all(PlaceChanged) if place.reason is not None]
        assert reasons == [Refusal.INSUFFICIENT_FUNDS], "nobody asks again by himself"


async def test_who_has_lost_all_comes_back_by_the_automatic_top_up(autojump_clock: MockClock) -> None:
    async with open_house(shuffle=lambda: FIRST_SEAT_WINS) as house:
        one, two = await house.dealt(BUY_IN, BUY_IN)
        two.auto_top_up(120_000)
        await house.all_in()
        assert house.stack(two) == 120_000
        house.check_money()
        await trio.sleep(1.01)
        assert len(one.all(wire.HandStarted)) == 2


async def test_nothing_is_filled_up_for_who_sits_out_or_leaves(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.heads_up(HALF, HALF)
        one.sit_out()
        one.auto_top_up(BUY_IN)
        await trio.sleep(5)
        assert house.stack(one) == HALF
        one.sit_in()
        await settle()
        assert house.stack(one) == BUY_IN
        house.ledger.is_silent = True
        two.leave()
        two.auto_top_up(BUY_IN)
        await settle()
        assert two.refusals == [Refusal.LEAVING]
        house.ledger.speak()
        await settle()
        assert house.ledger.wallets[two.user_id] == PURSE
        house.check_money()


async def test_an_automatic_top_up_begins_when_the_seat_has_its_chips(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one = house.guest(1)
        house.ledger.is_silent = True
        one.sit(0, Krw(80_000))
        one.auto_top_up(BUY_IN)
        await settle()
        assert house.ledger.unanswered == 1
        house.ledger.speak()
        await settle()
        assert house.stack(one) == BUY_IN
        house.check_money()


async def test_nothing_is_filled_up_at_a_table_that_closes(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt(BUY_IN, BUY_IN)
        for guest in (one, two):
            guest.auto_top_up(BUY_IN)
        house.table.entry.inbox.deliver(Drain())
        await house.fold()
        await trio.sleep(30)
        assert len(one.all(wire.HandEnded)) == 1
        assert house.ledger.wallets == {one.user_id: PURSE - BUY_IN, two.user_id: PURSE - BUY_IN}
