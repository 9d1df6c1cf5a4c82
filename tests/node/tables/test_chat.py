"""Who may speak at a table, how often, and who hears it."""

import io

import pytest
import trio
from trio.testing import MockClock

from cardroom.ids import UserId
from cardroom.service.logs import open_log
from cardroom.service.metrics import render_metrics
from cardroom.service.settings import LogSettings
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.chat import Emote, Emoted, Said
from cardroom.wire.codec import Encoding
from cardroom.wire.refusals import Refusal
from node.settings import TableLimits
from tests.node.tables.house import NO_COMMAND, TABLE, Guest, House, open_house, settle

KIND = asks.ActionKind


async def _seated(house: House, *users: int) -> list[Guest]:
    guests = [house.guest(user) for user in users]
    for guest in guests:
        guest.sit()
    await settle()
    return guests


def _words(guest: Guest) -> list[str]:
    return [said.text for said in guest.all(Said)]


def _refusals(guest: Guest) -> list[Refusal]:
    return [refused.code for refused in guest.all(wire.Refused)]


async def test_what_is_said_is_heard_by_all_and_answered(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        watcher = house.guest(9)
        watcher.encoding = Encoding.JSON
        one, two = await _seated(house, 1, 2)
        one.say("  좋은 밤입니다 👍🏽 ")
        two.emote(Emote.WOW)
        await settle()
        for guest in (one, two, watcher):
            said = guest.last(Said)
            assert (said.table_id, said.user_id, said.nickname) == (TABLE, UserId(1), "player-1")
            assert said.text == "좋은 밤입니다 👍🏽"
            assert said.unix_ms > 1_700_000_000_000
            assert guest.last(Emoted) == Emoted(TABLE, UserId(2), Emote.WOW)
        assert one.last(wire.Done) == wire.Done(2)
        assert two.last(wire.Done) == wire.Done(2)


async def test_who_has_no_seat_says_nothing(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        watcher = house.guest(9)
        house.ledger.is_silent = True
        (waiting,) = await _seated(house, 1)
        for guest in (watcher, waiting):
            guest.say("hello")
            guest.emote()
        await settle()
        for guest in (watcher, waiting):
            assert _refusals(guest) == [Refusal.NOT_SEATED] * 2
            assert not guest.all(Said)
            assert not guest.all(Emoted)


async def test_who_sits_out_may_talk(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        (one,) = await _seated(house, 1)
        one.sit_out()
        one.say("back soon")
        await settle()
        assert _words(one) == ["back soon"]


async def test_five_at_once_then_one_in_two_seconds_words_and_emotes_together(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        one, two = await _seated(house, 1, 2)
        one.sit_out()
        for _ in range(3):
            one.say("hi")
            one.emote()
        one.say("\x07")  # what is refused counts for nothing
        two.say("me too")
        await settle()
        assert _refusals(one) == [Refusal.RATE_LIMITED, Refusal.TEXT_NOT_ALLOWED]
        assert (len(two.all(Said)), len(two.all(Emoted))) == (4, 2)
        await trio.sleep(2.01)
        one.emote()
        one.emote()
        await settle()
        assert (len(two.all(Emoted)), _refusals(one)[2:]) == (3, [Refusal.RATE_LIMITED])
        await trio.sleep(60)
        for _ in range(6):
            one.say("again")
        await settle()
        assert _words(two).count("again") == 5


async def test_leaving_and_coming_again_fills_no_bucket(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        (one,) = await _seated(house, 1)
        for _ in range(5):
            one.say("spam")
        one.leave()
        await settle()
        one.sit()
        await settle()
        one.say("spam")
        await settle()
        assert _refusals(one) == [Refusal.RATE_LIMITED]


async def _all_in_of_the_first_to_act(house: House) -> tuple[Guest, Guest, Guest]:
    """Three are dealt in: one folded, one all-in, one is to act."""
    await _seated(house, 1, 2, 3)
    await trio.sleep(1.01)
    folded = house.to_act()
    folded.act(KIND.FOLD)
    await settle()
    all_in = house.to_act()
    all_in.act(KIND.ALL_IN)
    await settle()
    return folded, all_in, house.to_act()


async def test_who_was_dealt_in_is_silent_while_somebody_is_all_in(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        folded, all_in, to_act = await _all_in_of_the_first_to_act(house)
        (late,) = await _seated(house, 7)
        for guest in (folded, all_in, to_act):
            guest.say("I have aces")
            guest.emote(Emote.ANGRY)
        late.say("what a pot")
        await settle()
        for guest in (folded, all_in, to_act):
            assert _refusals(guest) == [Refusal.CHAT_CLOSED] * 2
            assert _words(guest) == ["what a pot"], "who holds no cards may talk"
        to_act.act(KIND.ALL_IN)
        await settle()
        assert len(folded.all(wire.HandEnded)) == 1
        all_in.say("nice hand")
        folded.say("I had folded aces")
        await settle()
        assert _words(late) == ["what a pot", "nice hand", "I had folded aces"]


async def test_an_all_in_that_is_over_and_a_hand_without_one_close_nothing(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await _seated(house, 1, 2)
        await trio.sleep(1.01)
        one.say("good luck")
        two.say("you too")
        first = house.to_act()
        first.act(KIND.ALL_IN)
        await settle()
        house.to_act().act(KIND.FOLD)
        await settle()
        one.say("easy")
        await settle()
        assert _words(two) == ["good luck", "you too", "easy"]
        assert _refusals(one) == _refusals(two) == []


async def test_the_last_lines_are_told_to_who_comes_after_the_snapshot(autojump_clock: MockClock) -> None:
    async with open_house(limits=TableLimits(chat_lines=3, chat_burst=50)) as house:
        one, two = await _seated(house, 1, 2)
        for number in range(5):
            one.say(f"line {number}")
        two.emote()
        await settle()
        late = house.guest(9)
        await settle()
        assert [type(message) for message in late.heard] == [wire.Snapshot, Said, Said, Said]
        assert _words(late) == ["line 2", "line 3", "line 4"]
        late.mute(1)
        second_device = house.guest(9)
        two.say("hello")
        await settle()
        assert _words(second_device) == ["hello"], "lines of who is muted are not told again either"


async def test_who_is_muted_is_not_heard_and_heard_again(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        watcher = house.guest(9)
        one, two = await _seated(house, 1, 2)
        for guest in (watcher, two):
            guest.mute(1)
            guest.mute(1)
        await settle()
        one.say("can you hear me?")
        one.emote()
        await settle()
        for guest in (watcher, two):
            assert not guest.all(Said)
            assert not guest.all(Emoted)
            assert _refusals(guest) == []
        assert _words(one) == ["can you hear me?"], "nobody knows who has muted whom"
        two.mute(1, muted=False)
        watcher.mute(3, muted=False)
        await settle()
        one.say("and now?")
        await settle()
        assert (_words(two), _words(watcher)) == (["and now?"], [])


async def test_mutes_outlive_connections_while_the_player_sits(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await _seated(house, 1, 2)
        two.mute(1)
        house.goes(two)
        await settle()
        again = house.guest(2)
        one.say("hi")
        await settle()
        assert again.all(Said) == []


async def test_mutes_of_who_is_gone_are_forgotten(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        (one,) = await _seated(house, 1)
        watcher, second_device = house.guest(9), house.guest(9)
        watcher.mute(1)
        await settle()
        house.goes(watcher)
        await settle()
        one.say("still muted")
        await settle()
        assert second_device.all(Said) == []
        house.goes(second_device)
        back = house.guest(9)
        one.say("hi")
        await settle()
        assert _words(back) == ["still muted", "hi"]


async def test_who_left_the_seat_while_away_is_forgotten_with_the_next_mute(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        one, two = await _seated(house, 1, 2)
        one.mute(2)
        one.leave()
        house.goes(one)
        await settle()
        two.mute(3)
        await settle()
        assert set(house.table.rail.chat._mutes) == {UserId(2)}


async def test_so_many_may_be_muted_and_no_more(autojump_clock: MockClock) -> None:
    async with open_house(limits=TableLimits(mutes=2)) as house:
        watcher = house.guest(9)
        for user in (1, 2, 1, 3):
            watcher.mute(user)
        await settle()
        assert _refusals(watcher) == [Refusal.MUTES_FULL]
        watcher.mute(1, muted=False)
        watcher.mute(3)
        await settle()
        assert _refusals(watcher) == [Refusal.MUTES_FULL]


async def test_who_is_not_let_in_mutes_nobody(autojump_clock: MockClock) -> None:
    async with open_house(limits=TableLimits(spectators=1)) as house:
        house.guest(1)
        outside = house.guest(2)
        await settle()
        outside.mute(1)
        await settle()
        assert _refusals(outside)[-1] is Refusal.SPECTATORS_FULL


async def test_talk_outlives_a_crash_of_the_table(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await _seated(house, 1, 2)
        one.say("before")
        two.mute(1)
        house.table.entry.inbox.deliver(NO_COMMAND)
        await trio.sleep(1)
        late = house.guest(9)
        one.say("after")
        await settle()
        assert house.table.has_crashed
        assert (_words(late), _words(two)) == (["before", "after"], ["before"])


async def test_words_are_in_no_log_and_no_metric_but_they_are_counted(
    autojump_clock: MockClock, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "mellifluous"
    before = _count(), _count("refusals", 'code="text_not_allowed"')
    async with open_house() as house:
        house.table.log = open_log(LogSettings(level="debug"), "tests")
        (one,) = await _seated(house, 1)
        one.say(secret)
        one.say(secret + "\x00")
        house.table.entry.inbox.deliver(NO_COMMAND)
        await trio.sleep(1)
        assert _words(one) == [secret]
    assert (_count(), _count("refusals", 'code="text_not_allowed"')) == (before[0] + 1, before[1] + 1)
    captured = capsys.readouterr()
    assert "unforeseen" in captured.err, "the log is looked at"
    assert secret not in captured.out + captured.err
    assert secret.encode() not in render_metrics()


def _count(what: str = "chat", label: str = 'kind="text"') -> float:
    line = f"holdem_{what}_total{{{label}}}"
    found = [one for one in io.StringIO(render_metrics().decode()) if one.startswith(line)]
    return float(found[0].split()[-1]) if found else 0.0
