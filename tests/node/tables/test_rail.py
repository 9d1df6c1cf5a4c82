"""Administrators' words and orders at a table."""

import trio
from trio.testing import MockClock

from cardroom.ids import UserId
from cardroom.wire import table as wire
from cardroom.wire.chat import Said
from cardroom.wire.refusals import Refusal
from node.settings import TableLimits
from node.tables.commands import Announce, Silence
from tests.node.tables.house import Guest, House, open_house, settle


async def _silence(house: House, user: int, seconds: int) -> bool:
    done: list[bool] = []
    house.table.entry.inbox.deliver(Silence(UserId(user), seconds, done.append))
    await settle()
    return done[0]


async def _seated(house: House) -> tuple[Guest, Guest]:
    one, two = house.guest(1), house.guest(2)
    one.sit(0)
    two.sit(3)
    await settle()
    return one, two


async def test_who_is_silenced_says_nothing_until_it_is_over_or_lifted(autojump_clock: MockClock) -> None:
    async with open_house(limits=TableLimits(chat_burst=50)) as house:
        one, two = await _seated(house)
        one.sit_out()
        assert await _silence(house, 1, 60)
        one.say("hm?")
        one.emote()
        two.say("free")
        await settle()
        assert [refused.code for refused in one.all(wire.Refused)] == [Refusal.SILENCED] * 2
        await trio.sleep(60.1)
        one.say("back")
        await settle()
        assert await _silence(house, 1, 60)
        assert await _silence(house, 1, 0)
        one.say("and again")
        await settle()
        assert [said.text for said in two.all(Said)] == ["free", "back", "and again"]


async def test_so_many_are_silenced_at_a_time(autojump_clock: MockClock) -> None:
    async with open_house(limits=TableLimits(silenced=1)) as house:
        assert await _silence(house, 1, 60)
        assert not await _silence(house, 2, 60)
        assert await _silence(house, 1, 30), "the same player for another time"
        assert await _silence(house, 2, 0), "nothing to lift is no trouble"
        await trio.sleep(30.1)
        assert await _silence(house, 2, 60)


async def test_an_announcement_is_an_event_of_the_table(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        watcher = house.guest(9)
        one, _ = await _seated(house)
        watcher.mute(1)
        numbers: list[int] = []
        house.table.entry.inbox.deliver(Announce("the house closes at six", numbers.append))
        await settle()
        for guest in (watcher, one):
            announced = guest.last(wire.Announced)
            assert (announced.text, [announced.table_seq]) == ("the house closes at six", numbers)
        await trio.sleep(1.01)
        events = [event.table_seq for event in watcher.all(wire.TableEvent)]
        assert events == list(range(1, len(events) + 1))
