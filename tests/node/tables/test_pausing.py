"""A table whose journal does not speak tells nothing; one that pauses plays nothing, and says so."""

from random import Random

import pytest
import trio
from attrs import define, field
from trio.testing import MockClock

from cardroom.wire import table as wire
from cardroom.wire.player import ActionKind
from cardroom.wire.refusals import Refusal
from node.tables.commands import Pause
from tests.node.tables.house import TABLE, House, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle
from tests.node.tables.test_table_life import LIMITS, STAKES

PAUSED, GOES_ON = [wire.TablePaused(TABLE, is_paused=one) for one in (True, False)]


async def pause(house: House, *, is_paused: bool = True) -> None:
    house.table.entry.inbox.deliver(Pause(is_paused))
    await settle()


async def test_nothing_of_a_deal_is_told_before_the_journal_speaks(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        players = await house.heads_up()
        watcher = house.guest(3)
        await settle()
        heard = [len(guest.heard) for guest in (*players, watcher)]
        house.journal.is_silent = True
        await trio.sleep(5)
        assert house.table.seats.settlements.last_played.hand_no == 0
        assert len(house.journal) == 1, "the hand is dealt"
        assert [len(guest.heard) for guest in (*players, watcher)] == heard
        assert not any(guest.all(wire.HandStarted) for guest in house.guests.values())
        late = house.guest(4)
        await settle()
        assert late.heard == [], "who comes now sees nothing of it either"
        house.journal.speak()
        await settle()
        assert all(guest.all(wire.HandStarted) for guest in (*players, watcher))
        assert late.last(wire.Snapshot).hand_id == watcher.last(wire.HandStarted).hand_id


async def test_no_action_and_no_answer_before_the_journal_speaks(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt()
        actor, other = house.to_act(), two if house.to_act() is one else one
        house.journal.is_silent = True
        heard = len(actor.heard), len(other.heard)
        actor.act(ActionKind.CALL)
        other.say("hello")
        other.resync(None)
        other.leave(after_hand=True)
        await settle()
        assert (len(actor.heard), len(other.heard)) == heard
        house.journal.step()
        assert actor.all(wire.Acted)
        assert actor.all(wire.Done)
        assert other.heard[heard[1] :][0] == actor.last(wire.Acted)
        house.journal.speak()
        await settle()
        assert other.refusals == []


@define
class Silences:
    """Lets the journal fall silent at random moments, and proves that nobody hears a word until it speaks."""

    house: House
    draw: Random
    heard: dict[int, int] = field(factory=dict)
    proved: int = 0

    async def look(self) -> None:
        guests = self.house.guests.values()
        journal = self.house.journal
        if journal.is_silent:
            waits = len(journal)
            for guest in guests if waits else ():
                assert len(guest.heard) == self.heard[guest.user_id], "told before it was kept"
            self.proved += bool(waits)
            journal.speak()
            await settle()
        elif self.draw.random() < 0.3:
            self.heard = {guest.user_id: len(guest.heard) for guest in guests}
            journal.is_silent = True


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_in_random_play_nothing_is_told_before_it_is_kept(autojump_clock: MockClock, seed: int) -> None:
    """A step that changes nothing in the journal is told at once only when nothing waits there."""
    async with open_house(
        seats=4, shuffle=RecordingShuffle(Random(seed)), stake=STAKES, limits=LIMITS
    ) as house:
        players = [house.guest(user, DEEP_PURSE) for user in range(1, 7)]
        await settle()
        silences = Silences(house, Random(seed))
        await RandomPlay(house, players, Random(seed), silences.look).play(40)
        house.journal.speak()
        await settle()
        assert not house.table.has_crashed
        assert silences.proved > 10


async def test_a_turn_has_its_whole_time_from_when_it_is_told(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        players = await house.heads_up()
        house.journal.is_silent = True
        await trio.sleep(30)
        house.journal.speak()
        await trio.sleep(14.8)
        assert not players[0].all(wire.HandEnded)
        await trio.sleep(0.4)
        assert players[0].all(wire.HandEnded), "the clock has folded"


async def test_a_paused_table_tells_all_and_refuses_all(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        players = await house.dealt()
        actor, memory = house.to_act(), dict(house.journal.kept)
        await pause(house)
        assert [guest.heard[-1] for guest in players] == [PAUSED, PAUSED]
        actor.act(ActionKind.CALL)
        actor.say("hello")
        actor.resync(None)
        actor.top_up(10_000)
        actor.leave()
        await settle()
        assert actor.refusals == [Refusal.TABLE_PAUSED] * 5
        assert house.journal.kept == memory
        assert not actor.all(wire.Acted)
        house.check_money()


async def test_no_clock_runs_while_it_pauses_and_then_it_is_fresh(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        players = await house.dealt()
        actor = house.to_act()
        await trio.sleep(14)
        await pause(house)
        await trio.sleep(1_000)
        assert not any(guest.all(wire.Acted) for guest in players)
        await pause(house, is_paused=False)
        for guest in players:
            told = [one for one in guest.heard if isinstance(one, wire.TablePaused | wire.TimeExtended)]
            assert GOES_ON in told
            assert guest.last(wire.TimeExtended).left_ms in (14_999, 15_000)
        await trio.sleep(14)
        actor.act(ActionKind.CALL)
        await settle()
        assert actor.refusals == []
        assert actor.all(wire.Acted)


async def test_no_hand_is_dealt_while_it_pauses(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up()
        await pause(house)
        await trio.sleep(100)
        assert not one.all(wire.HandStarted)
        await pause(house, is_paused=False)
        await trio.sleep(1.1)
        assert one.last(wire.HandStarted).hand_no == 1


async def test_who_comes_to_a_paused_table_is_told_first_that_it_waits(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await house.dealt()
        house.journal.is_silent = True
        house.to_act().act(ActionKind.CALL)
        await pause(house)
        late = house.guest(3)
        await settle()
        assert late.heard == [PAUSED], "nothing of the table before the journal speaks"
        house.journal.speak()
        await pause(house, is_paused=False)
        assert isinstance(late.heard[1], wire.Snapshot)
        assert GOES_ON in late.heard


async def test_that_a_table_pauses_is_told_past_what_waits(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await house.dealt()
        actor = house.to_act()
        house.journal.is_silent = True
        actor.act(ActionKind.CALL)
        await settle()
        await pause(house)
        assert actor.heard[-1] == PAUSED
        assert not actor.all(wire.Acted)
        house.journal.speak()
        await pause(house, is_paused=False)
        assert actor.all(wire.Acted)
        assert actor.all(wire.Done)


async def test_a_table_that_crashes_while_it_pauses_still_pauses(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt()
        await pause(house)
        await house.crash()
        assert one.all(wire.HandVoided)
        one.say("hello")
        await trio.sleep(10)
        assert one.refusals == [Refusal.TABLE_PAUSED]
        assert len(one.all(wire.HandStarted)) == 1
        await pause(house, is_paused=False)
        await trio.sleep(1.1)
        assert len(one.all(wire.HandStarted)) == 2


async def test_money_that_comes_while_it_pauses_is_booked(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt()
        house.ledger.is_silent = True
        one.top_up(10_000)
        await settle()
        await pause(house)
        house.ledger.speak()
        await settle()
        await pause(house, is_paused=False)
        assert house.table.seats.held_by(one.user_id).arriving == 10_000
        assert one.refusals == []
        house.check_money()


async def test_a_turn_that_runs_out_in_the_moment_of_the_pause_is_not_decided_by_the_clock(
    autojump_clock: MockClock,
) -> None:
    """The table has taken the pause from its inbox, and before it does it the turn's time is over."""
    async with open_house() as house:
        players = await house.dealt()
        house.table.entry.inbox.deliver(Pause(is_paused=True))
        autojump_clock.jump(1_000)
        await settle()
        assert not any(player.all(wire.Acted) for player in players)
        await pause(house, is_paused=False)
        house.to_act().act(ActionKind.FOLD)
        await settle()
        assert players[0].last(wire.Acted).cause is wire.MoveCause.PLAYER
