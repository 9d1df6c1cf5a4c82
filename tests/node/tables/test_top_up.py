"""Chips from the wallet to the seat: top-up and rebuy (rules 34, 44, 45)."""

import pytest
import trio
from trio.testing import MockClock

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.refusals import Refusal
from tests.node.tables.house import (
    BUY_IN,
    FIRST_SEAT_WINS,
    HALF,
    PURSE,
    open_house,
    settle,
)

KIND = asks.ActionKind


async def test_a_top_up_between_hands_is_in_the_stack_at_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.heads_up()
        one.top_up(60_000)
        await settle()
        assert one.last(wire.Done).request_id == 2
        changed = two.last(wire.SeatChanged)
        assert (changed.seat, changed.stack) == (SeatIndex(0), 160_000)
        assert house.ledger.wallets[one.user_id] == PURSE - 160_000
        assert one.place.arriving == 0
        house.check_money()
        await trio.sleep(1.01)
        assert wire.DealtSeat(SeatIndex(0), Krw(160_000)) in two.last(wire.HandStarted).seats


async def test_rule_34_a_top_up_in_a_hand_plays_from_the_next(autojump_clock: MockClock) -> None:
    async with open_house(shuffle=lambda: FIRST_SEAT_WINS) as house:
        one, two = await house.dealt()
        one.top_up(HALF)
        await settle()
        assert one.last(wire.Done).request_id == 2
        assert one.place.arriving == HALF
        assert house.ledger.wallets[one.user_id] == PURSE - BUY_IN
        assert one.last(wire.TurnBegan).turn.legal.max_raise_to == HALF
        house.check_money()
        assert two.last(wire.SeatChanged).seat == SeatIndex(3), "nobody sees chips that are not in play"
        one.act(KIND.ALL_IN)
        await settle()
        assert two.last(wire.Acted).amount == HALF - 1_000
        two.act(KIND.CALL)
        await settle()
        pot_without_rake = 2 * HALF - 2_000
        assert two.last(wire.SeatChanged).stack == pot_without_rake + HALF
        assert one.place.arriving == 0
        house.check_money()


async def test_chips_under_way_are_not_lost_with_the_hand(autojump_clock: MockClock) -> None:
    async with open_house(shuffle=lambda: FIRST_SEAT_WINS) as house:
        one, two = await house.dealt(BUY_IN, HALF)
        two.top_up(HALF)
        await settle()
        await house.all_in()
        assert one.last(wire.PotAwarded).wins[0].seat == SeatIndex(0)
        assert house.stack(two) == HALF, "only what was in play is lost"
        assert house.ledger.settled[0].rake == 2_000
        house.check_money()
        await trio.sleep(1.01)
        assert wire.DealtSeat(SeatIndex(3), HALF) in one.last(wire.HandStarted).seats


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (100_001, Refusal.BUY_IN_TOO_LARGE),
        (2**62, Refusal.BUY_IN_TOO_LARGE),
        (0, Refusal.BUY_IN_TOO_SMALL),
        (-1, Refusal.BUY_IN_TOO_SMALL),
        (-100_000, Refusal.BUY_IN_TOO_SMALL),
    ],
)
@pytest.mark.parametrize("in_hand", [False, True])
async def test_a_top_up_out_of_bounds_is_refused_and_moves_nothing(
    autojump_clock: MockClock, amount: int, code: Refusal, in_hand: bool
) -> None:
    async with open_house() as house:
        one, _ = await (house.dealt if in_hand else house.heads_up)()
        one.top_up(amount)
        await settle()
        assert one.refusals == [code]
        assert house.ledger.wallets[one.user_id] == PURSE - HALF
        house.check_money()


async def test_the_stack_before_the_hand_counts_not_what_is_left_behind_the_bets(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        one, two = await house.dealt(BUY_IN)
        one.act(KIND.RAISE_TO, 150_000)
        await settle()
        one.top_up(150_000)
        one.top_up(1)
        await settle()
        assert one.refusals == [Refusal.BUY_IN_TOO_LARGE] * 2
        two.act(KIND.FOLD)
        await settle()
        house.check_money()


async def test_two_top_ups_together_do_not_pass_the_maximum(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt()
        for amount in (60_000, 60_000, 40_001, 40_000):
            one.top_up(amount)
            await settle()
        assert one.refusals == [Refusal.BUY_IN_TOO_LARGE] * 2
        assert one.place.arriving == HALF
        await house.fold()
        assert house.stack(one) == BUY_IN - 1_000
        house.check_money()


async def test_one_top_up_at_a_time(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt()
        house.ledger.is_silent = True
        one.top_up(50_000)
        one.top_up(50_001)
        one.top_up(50_000)
        await settle()
        assert one.refusals == [Refusal.TOP_UP_UNDER_WAY] * 2
        assert house.ledger.unanswered == 1
        house.ledger.speak()
        await settle()
        assert one.last(wire.Done).request_id == 2
        assert one.place.arriving == 50_000
        house.check_money()


async def test_who_has_no_seat_or_no_chips_there_yet_tops_nothing_up(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = house.guest(1), house.guest(2)
        house.ledger.is_silent = True
        one.sit(0, HALF)
        one.top_up(HALF)
        two.top_up(HALF)
        await settle()
        assert one.refusals == [Refusal.TOP_UP_UNDER_WAY]
        assert two.refusals == [Refusal.NOT_SEATED]
        house.ledger.speak()
        await settle()
        house.check_money()
        house.ledger.is_silent = True
        one.leave()
        one.top_up(HALF)
        one.auto_top_up(BUY_IN)
        await settle()
        assert one.refusals[1:] == [Refusal.LEAVING] * 2
        house.ledger.speak()
        await settle()
        assert house.ledger.wallets == {one.user_id: PURSE, two.user_id: PURSE}


async def test_a_halted_table_takes_no_more_money(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt()
        house.ledger.refuses = Refusal.HAND_UNBALANCED
        await house.fold()
        house.ledger.refuses = None
        one.top_up(HALF)
        await settle()
        assert one.refusals == [Refusal.TABLE_HALTED]
        assert house.ledger.wallets[one.user_id] == PURSE - HALF


async def test_more_than_the_wallet_has_is_refused_and_the_seat_stays(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        poor = house.guest(1, purse=Krw(120_000))
        poor.sit(0, HALF)
        await settle()
        poor.top_up(20_001)
        await settle()
        assert poor.last(wire.Refused) == wire.Refused(2, Refusal.INSUFFICIENT_FUNDS)
        poor.top_up(20_000)
        await settle()
        assert house.stack(poor) == 120_000
        assert house.ledger.wallets[poor.user_id] == 0
        house.check_money()


async def test_who_has_lost_all_buys_in_again_with_the_minimum_or_more(autojump_clock: MockClock) -> None:
    async with open_house(shuffle=lambda: FIRST_SEAT_WINS) as house:
        one, two = await house.dealt(BUY_IN, BUY_IN)
        await house.all_in()
        assert house.stack(two) == 0
        await trio.sleep(20)
        assert len(one.all(wire.HandStarted)) == 1, "one player with chips is no game"
        for amount in (79_999, 200_001, 80_000):
            two.top_up(amount)
            await settle()
        assert two.refusals == [Refusal.BUY_IN_TOO_SMALL, Refusal.BUY_IN_TOO_LARGE]
        house.check_money()
        await trio.sleep(1.01)
        assert wire.DealtSeat(SeatIndex(3), Krw(80_000)) in one.last(wire.HandStarted).seats


async def test_a_request_that_is_repeated_moves_money_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt()
        for _ in range(5):
            one.top_up(20_000, request_id=77)
            await settle()
        assert one.all(wire.Done)[1:] == [wire.Done(77)] * 5
        assert one.place.arriving == 20_000
        assert house.ledger.wallets[one.user_id] == PURSE - 120_000
        await house.fold()
        one.top_up(20_000, request_id=77)
        await settle()
        assert one.last(wire.Done) == wire.Done(77)
        assert house.stack(one) == 119_000
        house.check_money()


async def test_a_request_repeated_on_another_device_is_answered_there(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up()
        house.ledger.is_silent = True
        one.top_up(20_000, request_id=77)
        await settle()
        house.goes(one)
        device = house.comes_back(one)
        device.top_up(20_000, request_id=77)
        await settle()
        assert not device.all(wire.Done)
        house.ledger.speak()
        await settle()
        assert device.all(wire.Done) == [wire.Done(77)]
        assert house.stack(one) == 120_000
        house.check_money()


async def test_a_request_from_two_devices_at_once_is_answered_on_both(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up()
        device = house.comes_back(one)
        house.ledger.is_silent = True
        for _ in range(2):
            for connection in (one, device):
                connection.top_up(20_000, request_id=77)
        await settle()
        house.ledger.speak()
        await settle()
        assert one.all(wire.Done)[1:] == [wire.Done(77)]
        assert device.all(wire.Done) == [wire.Done(77)]
        assert house.stack(one) == 120_000
        house.check_money()


async def test_an_older_request_that_is_repeated_moves_nothing_either(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        poor = house.guest(1, purse=Krw(140_000))
        poor.sit(0, HALF)
        await settle()
        for number, amount in ((71, 50_000), (72, 10_000), (73, 10_000)):
            poor.top_up(amount, request_id=number)
            await settle()
        for number, amount in ((71, 50_000), (72, 10_000), (72, 20_000)):
            poor.top_up(amount, request_id=number)
            await settle()
        answers = [one for one in poor.heard if isinstance(one, wire.Done | wire.Refused)][1:]
        assert answers == [
            wire.Refused(71, Refusal.INSUFFICIENT_FUNDS),
            wire.Done(72),
            wire.Done(73),
            wire.Refused(71, Refusal.INSUFFICIENT_FUNDS),
            wire.Done(72),
            wire.Refused(72, Refusal.ACTION_ID_REUSED),
        ]
        assert house.stack(poor) == 120_000
        house.check_money()


async def test_only_so_many_answers_are_kept(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up()
        for number in range(100, 140):
            one.top_up(1, request_id=number)
            await settle()
        answered = house.table.seats.held_by(one.user_id).answered_top_ups
        assert list(answered) == list(range(108, 140)), "the newest"
        assert house.stack(one) == HALF + 40


@pytest.mark.parametrize("is_silent", [True, False])
async def test_a_number_that_stands_for_another_request_is_refused(
    autojump_clock: MockClock, is_silent: bool
) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up()
        house.ledger.is_silent = is_silent
        one.top_up(20_000, request_id=77)
        one.top_up(30_000, request_id=77)
        await settle()
        assert one.refusals == [Refusal.ACTION_ID_REUSED]
        house.ledger.speak()
        await settle()
        assert house.stack(one) == 120_000
        house.check_money()


async def test_a_refused_request_that_is_repeated_is_refused_again(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        poor = house.guest(1, purse=HALF)
        poor.sit(0, HALF)
        await settle()
        poor.top_up(20_000, request_id=77)
        await settle()
        house.ledger.wallets[poor.user_id] = Krw(50_000)
        house.money += 50_000
        poor.top_up(20_000, request_id=77)
        poor.top_up(20_000, request_id=78)
        await settle()
        answers = [one for one in poor.heard if isinstance(one, wire.Done | wire.Refused)][1:]
        assert answers == [wire.Refused(77, Refusal.INSUFFICIENT_FUNDS)] * 2 + [wire.Done(78)]
        assert house.stack(poor) == 120_000
        house.check_money()


@pytest.mark.parametrize("in_hand", [False, True])
async def test_who_leaves_with_chips_under_way_gets_all_of_them(
    autojump_clock: MockClock, in_hand: bool
) -> None:
    async with open_house() as house:
        one, two = await (house.dealt if in_hand else house.heads_up)()
        house.ledger.is_silent = True
        one.top_up(HALF)
        one.leave()
        await trio.sleep(10)
        assert two.all(wire.SeatLeft) == [], "an answer is still open"
        house.ledger.speak()
        await settle()
        lost = 1_000 if in_hand else 0
        assert one.all(wire.Done)[1:] == [wire.Done(3), wire.Done(2)]
        assert two.last(wire.SeatLeft).paid == BUY_IN - lost
        assert house.ledger.wallets[one.user_id] == PURSE - lost
        house.check_money()


async def test_a_hand_may_end_while_chips_are_under_way(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt()
        house.ledger.is_silent = True
        one.top_up(HALF)
        await house.fold()
        assert house.stack(one) == HALF - 1_000
        house.check_money()
        await trio.sleep(1.01)
        assert wire.DealtSeat(SeatIndex(0), Krw(99_000)) in two.last(wire.HandStarted).seats
        house.ledger.speak()
        await settle()
        assert one.place.arriving == HALF
        house.check_money()
        await house.play_passively()
        await settle()
        assert one.place.arriving == 0
        house.check_money()


@pytest.mark.parametrize("is_silent", [True, False])
async def test_chips_survive_a_crash_of_the_table(autojump_clock: MockClock, is_silent: bool) -> None:
    """Under way while the task breaks off, or paid and not yet in play."""
    async with open_house() as house:
        one, two = await house.dealt()
        one.act(KIND.RAISE_TO, 50_000)
        await settle()
        house.ledger.is_silent = is_silent
        one.top_up(HALF, request_id=77)
        await settle()
        await house.crash()
        house.check_money()
        house.ledger.speak()
        await settle()
        assert len(two.all(wire.HandVoided)) == 1
        assert house.stack(one) == BUY_IN
        one.top_up(HALF, request_id=77)
        await settle()
        assert one.last(wire.Done) == wire.Done(77)
        assert house.ledger.wallets[one.user_id] == PURSE - BUY_IN
        house.check_money()
