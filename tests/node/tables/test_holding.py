"""Tables that are held back: the hand in play is played out, then nothing is dealt until they may go on."""

import pytest
import trio
from trio.testing import MockClock

from cardroom.ids import UserId
from cardroom.wire import table as wire
from cardroom.wire.house import HouseWord
from cardroom.wire.ledger import TableMode
from cardroom.wire.player import ActionKind
from cardroom.wire.presence import LobbyState
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import HoldReason, LeaveReason, TableHeld
from node.tables.commands import HearHouse, KeepEmpty, Switch
from tests.node.tables.house import BUY_IN, TABLE, Guest, House, open_house, settle

FROZEN = HouseWord(is_play_frozen=True, told="Back at ten.", number=1)
PAUSED, FREEZE, CLOSING = HoldReason.ADMINISTRATOR, HoldReason.PLAY_FROZEN, HoldReason.CLOSING


async def switch(house: House, mode: TableMode, number: int = 1) -> None:
    house.table.entry.inbox.deliver(Switch(mode, number))
    await settle()


async def freeze(house: House, word: HouseWord = FROZEN) -> None:
    house.table.entry.inbox.deliver(HearHouse(word))
    await settle()


async def is_kept_empty(house: House) -> bool:
    answers: list[bool] = []
    house.table.entry.inbox.deliver(KeepEmpty(answers.append))
    await settle()
    return answers == [True]


def told(guest: Guest) -> list[tuple[HoldReason, ...]]:
    return [message.reasons for message in guest.all(TableHeld)]


def hands(guest: Guest) -> int:
    return len(guest.all(wire.HandStarted))


def is_vacated(house: House) -> bool:
    return house.table.is_vacated


def state(house: House) -> LobbyState:
    return house.table.entry.summary.state


async def test_a_paused_table_plays_the_hand_out_and_deals_no_other(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt()
        await switch(house, TableMode.PAUSED)
        assert told(one) == told(two) == [(PAUSED,)]
        assert state(house) is LobbyState.PAUSED
        await house.play_passively()
        await trio.sleep(60)
        assert hands(one) == 1
        assert one.last(wire.StateChanged).state is wire.TableState.HELD
        await switch(house, TableMode.RUNNING, 2)
        assert told(one) == [(PAUSED,), ()]
        assert one.last(wire.StateChanged).state is wire.TableState.BETWEEN_HANDS
        await trio.sleep(1.01)
        assert hands(one) == 2
        house.check_money()


async def test_a_hand_that_was_about_to_be_dealt_is_not(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up()
        await trio.sleep(0.5)
        await switch(house, TableMode.PAUSED)
        await trio.sleep(60)
        assert hands(one) == 0
        await switch(house, TableMode.RUNNING, 2)
        await trio.sleep(1.01)
        assert hands(one) == 1


async def test_nobody_brings_money_to_a_paused_table_and_all_may_leave(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        one, two = await house.heads_up()
        three = house.guest(3)
        await switch(house, TableMode.PAUSED)
        three.sit(1)
        one.top_up(1000)
        two.leave()
        await settle()
        assert three.refusals == one.refusals == [Refusal.TABLE_HELD]
        assert two.last(wire.SeatLeft).paid == BUY_IN
        two.sit(3)
        one.say("where is everybody?")
        one.sit_out()
        await settle()
        assert two.refusals == [Refusal.TABLE_HELD]
        assert one.refusals == [Refusal.TABLE_HELD], "all else goes on"
        assert told(house.comes_back(two)) == []
        await settle()
        assert told(house.guest(4)) == []
        house.check_money()


async def test_who_comes_is_told_why_nothing_is_dealt(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await switch(house, TableMode.PAUSED)
        await freeze(house)
        guest = house.guest(1)
        await settle()
        assert [type(one) for one in guest.heard if not isinstance(one, wire.TableEvent)][:2] == [
            wire.Snapshot, TableHeld]  # fmt: skip
        assert guest.last(TableHeld) == TableHeld(TABLE, (PAUSED, FREEZE), "Back at ten.")
        assert guest.last(wire.Snapshot).state is wire.TableState.HELD
        await switch(house, TableMode.RUNNING, 2)
        await freeze(house, HouseWord(number=2))
        assert told(guest) == [(PAUSED, FREEZE), (FREEZE,), ()]
        late = house.guest(2)
        await settle()
        assert told(late) == []


@pytest.mark.parametrize("stage", ["before the deal", "before the flop", "on the flop", "after the hand"])
async def test_while_play_is_frozen_no_hand_begins(autojump_clock: MockClock, stage: str) -> None:
    async with open_house() as house:
        one, two = await (house.heads_up() if stage == "before the deal" else house.dealt())
        if stage == "on the flop":
            house.to_act().act(ActionKind.CALL)
            await settle()
            house.to_act().act(ActionKind.CHECK)
            await settle()
        if stage == "after the hand":
            await house.fold()
        await freeze(house)
        if one.all(wire.HandStarted) and not one.all(wire.HandEnded):
            await house.play_passively()
        played = hands(one)
        await trio.sleep(60)
        assert hands(one) == played
        assert state(house) is LobbyState.OPEN, "the house is frozen, not the table"
        two.top_up(100)
        guest = house.guest(3)
        guest.sit(1)
        await settle()
        assert two.refusals == guest.refusals == [Refusal.PLAY_FROZEN]
        await freeze(house, HouseWord(number=2))
        await trio.sleep(1.01)
        assert hands(one) == played + 1
        house.check_money()


async def test_a_closing_table_plays_the_hand_out_and_pays_everybody_out(autojump_clock: MockClock) -> None:
    async with open_house(seats=4) as house:
        one, _ = await house.dealt()
        three, four, five = house.guest(3), house.guest(4), house.guest(5)
        three.sit(1)
        five.sit(2)
        await settle()
        four.join_waiting_list()
        await settle()
        assert four.place.waiting_number == 1
        await switch(house, TableMode.CLOSING)
        assert told(one) == [(CLOSING,)]
        assert state(house) is LobbyState.CLOSING
        assert three.last(wire.SeatLeft).reason is LeaveReason.TABLE_CLOSED, "who is in no hand goes at once"
        assert four.place.waiting_number == 0
        for guest, request in ((four, four.sit), (four, four.join_waiting_list)):
            request()
            await settle()
            assert guest.refusals[-1] is Refusal.TABLE_CLOSING
        assert not is_vacated(house)
        await house.play_passively()
        left = {(event.user_id, event.reason) for event in four.all(wire.SeatLeft)}
        assert left == {(UserId(user), LeaveReason.TABLE_CLOSED) for user in (1, 2, 3, 5)}
        assert is_vacated(house)
        assert house.ledger.escrow == {}
        assert hands(one) == 1
        house.check_money()


async def test_money_that_is_under_way_is_waited_for(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt()
        house.ledger.is_silent = True
        one.top_up(500)
        three = house.guest(3)
        three.sit(1)
        await settle()
        await switch(house, TableMode.CLOSING)
        await house.fold()
        await trio.sleep(5)
        assert not is_vacated(house)
        house.ledger.speak()
        await settle()
        assert is_vacated(house)
        assert house.ledger.escrow == {}
        assert one.refusals == two.refusals == three.refusals == []


async def test_a_table_is_kept_empty_only_if_nobody_is_there_or_about(
    autojump_clock: MockClock,
) -> None:
    async with open_house(seats=2) as house:
        assert await is_kept_empty(house)
        guest = house.guest(1)
        guest.sit(0)
        await settle()
        assert guest.refusals == [Refusal.TABLE_CLOSING]
        await switch(house, TableMode.RUNNING)
        house.ledger.is_silent = True
        guest.sit(0)
        await settle()
        assert not await is_kept_empty(house), "a seat is reserved"
        house.ledger.speak()
        two, three = house.guest(2), house.guest(3)
        two.sit(1)
        await settle()
        three.join_waiting_list()
        await settle()
        guest.leave()
        two.leave()
        await trio.sleep(1)
        assert house.table.seats.waiting.users == (3,)
        assert not house.table.seats.holders
        assert not await is_kept_empty(house), "somebody waits, to whom a seat is offered"
        three.sit()
        await settle()
        assert three.refusals == []
        house.ledger.is_silent = True
        await switch(house, TableMode.CLOSING, 2)
        assert await is_kept_empty(house), "who asks again whether it may be closed hears so"


async def test_an_old_word_of_the_ledger_changes_nothing(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        guest = house.guest(1)
        await switch(house, TableMode.PAUSED, 1)
        await switch(house, TableMode.RUNNING, 2)
        await switch(house, TableMode.PAUSED, 1)
        assert told(guest) == [(PAUSED,), ()]
        assert state(house) is LobbyState.OPEN


async def test_a_crash_changes_nothing_of_it(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt()
        await switch(house, TableMode.PAUSED)
        await house.crash()
        await trio.sleep(60)
        assert hands(one) == 1
        await switch(house, TableMode.RUNNING, 2)
        await trio.sleep(1.01)
        assert hands(one) == 2


async def test_seats_that_were_offered_are_offered_again_later(autojump_clock: MockClock) -> None:
    async with open_house(seats=2) as house:
        one, two, guest = house.guest(1), house.guest(2), house.guest(3)
        one.sit(0)
        two.sit(1)
        await settle()
        guest.join_waiting_list()
        await settle()
        one.leave()
        await trio.sleep(2)
        assert guest.place.offered_seat == 0
        await switch(house, TableMode.PAUSED)
        await trio.sleep(300)
        assert house.table.seats.waiting.users == (3,)
        assert house.table.seats.waiting.offers == ()
        await switch(house, TableMode.RUNNING, 2)
        assert guest.place.offered_seat == 0
        guest.sit(0)
        await settle()
        assert guest.refusals == []


async def test_a_top_up_that_was_decided_is_answered_as_before_and_none_asked_for_by_itself(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        one, two = await house.heads_up()
        one.top_up(700, request_id=77)
        await settle()
        await switch(house, TableMode.PAUSED)
        one.top_up(700, request_id=77)
        two.auto_top_up(BUY_IN)
        await settle()
        assert [done.request_id for done in one.all(wire.Done)].count(77) == 2
        assert one.refusals == []
        house.check_money()
