"""Who comes back is told what was missed: the same events, own cards included, and the clock of now."""

from random import Random

import pytest
import trio
from attrs import define, evolve
from trio.testing import MockClock

from cardroom.wire import table as wire
from cardroom.wire.player import ActionKind
from node.settings import TableLimits, TimeBank
from node.tables.commands import Unwatch, Watch
from tests.node.tables.house import NO_COMMAND, STAKE, Guest, House, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle

BETWEEN_HANDS = 1.0


async def come_back(house: House, guest: Guest, last_seq: int | None) -> Guest:
    """Let a player come back on another device; give what that one is told."""
    device = Guest(guest.user_id, house.table)
    house.table.entry.inbox.deliver(Watch(device, last_seq))
    house.table.entry.inbox.deliver(Unwatch(device))
    await settle()
    return device


def events_after(guest: Guest, last_seq: int) -> list[wire.TableEvent]:
    return [event for event in guest.all(wire.TableEvent) if event.table_seq > last_seq]


def without_clock(events: list[wire.TableEvent]) -> list[wire.TableEvent]:
    return [_without_clock(event) for event in events]


def _without_clock(event: wire.TableEvent) -> wire.TableEvent:
    match event:
        case wire.TurnBegan(turn=turn):
            return evolve(event, turn=evolve(turn, left_ms=0))
        case wire.TimeExtended():
            return evolve(event, left_ms=0)
        case wire.RunItTwiceOffered(offer=offer):
            return evolve(event, offer=evolve(offer, left_ms=0))
    return event


@define
class Returning:
    """At every step players come back, from any event on."""

    house: House
    stayed: list[Guest]
    draw: Random
    compared: int = 0
    snapshots: int = 0

    async def come_back(self) -> None:
        for guest in self.stayed:
            newest = self.house.table.history.table_seq
            last_seq = self.draw.randint(max(0, newest - 30), newest)
            device = await come_back(self.house, guest, last_seq)
            assert without_clock(device.all(wire.TableEvent)) == without_clock(
                events_after(guest, last_seq)
            ), "the events that the player has missed, and no other"
            assert not device.all(wire.Snapshot)
            self.compared += len(device.heard)


async def test_at_every_step_who_comes_back_hears_what_who_stayed_has_heard(
    autojump_clock: MockClock,
) -> None:
    stake = evolve(STAKE, run_it_twice=True, straddle=True)
    async with open_house(shuffle=RecordingShuffle(Random(3)), stake=stake) as house:
        watcher = house.guest(99)
        players = [house.guest(user, DEEP_PURSE) for user in range(1, 5)]
        await settle()
        returning = Returning(house, [watcher, *players[:2]], Random(3))
        play = RandomPlay(house, players, Random(3), returning.come_back)
        assert await play.play(12) == 12
        assert returning.compared > 1_000
        own = [dealt.cards for player in players[:2] for dealt in player.all(wire.CardsDealt)]
        assert sum(bool(cards) for cards in own) >= 15
        assert not any(dealt.cards for dealt in watcher.all(wire.CardsDealt))


async def test_the_turn_has_the_time_that_is_left_of_it(autojump_clock: MockClock) -> None:
    stake = evolve(STAKE, turn_seconds=10.0, time_bank=TimeBank(first_seconds=20.0))
    async with open_house(stake=stake) as house:
        one, two = house.guest(1), house.guest(2)
        one.sit()
        two.sit()
        await settle()
        before = house.table.history.table_seq
        await trio.sleep(BETWEEN_HANDS)
        await settle()
        assert two.last(wire.TurnBegan).turn.left_ms == 10_000
        await trio.sleep(4)
        began = (await come_back(house, two, before)).last(wire.TurnBegan)
        assert began.turn.left_ms == pytest.approx(6_000, abs=1)
        assert began.turn.bank_ms == 20_000
        await trio.sleep(11)  # five seconds of the time bank are gone
        device = await come_back(house, two, before)
        extended = device.last(wire.TimeExtended)
        assert extended.phase is wire.ClockPhase.TIME_BANK
        assert extended.left_ms == pytest.approx(15_000, abs=1)
        assert device.all(wire.TableEvent)[-1] == extended
        snapshot = (await come_back(house, two, None)).last(wire.Snapshot)
        assert snapshot.turn is not None
        assert (snapshot.turn.phase, snapshot.turn.left_ms) == (extended.phase, extended.left_ms)


async def test_the_offer_to_run_it_twice_has_the_time_that_is_left_of_it(autojump_clock: MockClock) -> None:
    stake = evolve(STAKE, run_it_twice=True, run_it_twice_seconds=5.0)
    async with open_house(stake=stake) as house:
        one, two = house.guest(1), house.guest(2)
        one.sit()
        two.sit()
        await trio.sleep(BETWEEN_HANDS + 0.1)
        for _ in range(2):
            house.to_act().act(ActionKind.ALL_IN)
            await settle()
        await trio.sleep(2)
        device = await come_back(house, two, 0)
        assert device.last(wire.RunItTwiceOffered).offer.left_ms == pytest.approx(3_000, abs=1)
        await trio.sleep(4)
        again = await come_back(house, two, 0)
        assert again.last(wire.RunItTwiceDecided).twice is False


async def _a_hand_at(house: House) -> Guest:
    one, two = house.guest(1), house.guest(2)
    one.sit()
    two.sit()
    await trio.sleep(BETWEEN_HANDS + 0.1)
    await house.play_passively()
    return two


@pytest.mark.parametrize("ahead", [1, 1_000_000])
async def test_a_number_that_was_not_given_yet_is_answered_with_a_snapshot(
    autojump_clock: MockClock, ahead: int
) -> None:
    async with open_house() as house:
        guest = await _a_hand_at(house)
        newest = house.table.history.table_seq
        assert [type(one) for one in (await come_back(house, guest, newest + ahead)).heard] == [wire.Snapshot]
        assert (await come_back(house, guest, newest)).all(wire.TableEvent) == []
        assert len((await come_back(house, guest, newest - 1)).all(wire.TableEvent)) == 1


@pytest.mark.parametrize("last_seq", [-1, -(10**9)])
async def test_no_event_has_such_a_number(autojump_clock: MockClock, last_seq: int) -> None:
    async with open_house() as house:
        guest = await _a_hand_at(house)
        assert [type(one) for one in (await come_back(house, guest, last_seq)).heard] == [wire.Snapshot]


async def test_who_missed_more_than_is_kept_gets_a_snapshot(autojump_clock: MockClock) -> None:
    limits = TableLimits(between_hands_seconds=BETWEEN_HANDS, kept_events=5)
    async with open_house(limits=limits) as house:
        guest = await _a_hand_at(house)
        newest = house.table.history.table_seq
        assert [type(one) for one in (await come_back(house, guest, newest - 6)).heard] == [wire.Snapshot]
        assert (await come_back(house, guest, newest - 5)).all(wire.TableEvent) == events_after(
            guest, newest - 5
        )


async def test_no_event_leads_over_a_crash(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        guest = await _a_hand_at(house)
        await trio.sleep(BETWEEN_HANDS + 0.1)
        before = house.table.history.table_seq
        house.table.entry.inbox.deliver(NO_COMMAND)
        await trio.sleep(0.6)
        assert house.table.has_crashed
        assert guest.heard[-2:] == [guest.last(wire.Snapshot), guest.last(wire.HandVoided)]
        assert guest.last(wire.HandVoided).table_seq == guest.last(wire.Snapshot).table_seq + 1
        assert [type(one) for one in (await come_back(house, guest, before)).heard] == [wire.Snapshot]
        after = guest.last(wire.Snapshot).table_seq
        assert (await come_back(house, guest, after)).all(wire.TableEvent) == [guest.last(wire.HandVoided)]
