"""The way into a table: bounded for players, certain for the rest."""

import pytest
import trio
from trio.testing import MockClock

from cardroom.wire.notices import DepositNotice, DepositState
from cardroom.wire.player import Leave
from node.tables.commands import Ask, Drain, TellNotice, Unwatch, Watch
from node.tables.inbox import Inbox
from tests.node.tables.house import TABLE, open_house

NOTICE = DepositNotice(7, "BTC", "0.001", DepositState.CONFIRMING, 1, 3)


async def test_players_are_bounded_and_the_rest_is_not() -> None:
    async with open_house() as house:
        inbox, ask = Inbox(2), Ask(house.guest(1), Leave(1, TABLE, False), 0.0)
        assert [inbox.offer(ask), inbox.offer(ask), inbox.offer(ask)] == [True, True, False]
        for _ in range(1000):
            inbox.deliver(Drain())
        assert len(inbox) == 1002
        assert await inbox.receive() == ask
        assert [inbox.offer(ask), inbox.offer(ask)] == [True, False]


async def test_a_cancelled_receive_takes_nothing(autojump_clock: MockClock) -> None:
    inbox = Inbox(2)
    with trio.move_on_after(1):
        await inbox.receive()
    inbox.deliver(Drain())
    with trio.CancelScope() as scope:
        scope.cancel()
        await inbox.receive()
    assert await inbox.receive() == Drain()


async def test_what_must_not_be_lost_is_not_offered_and_unread_watchers_are_found() -> None:
    async with open_house() as house:
        inbox, guest, other = Inbox(2), house.guest(1), house.guest(2)
        with pytest.raises(AssertionError):
            inbox.deliver(Ask(guest, Leave(1, TABLE, False), 0.0))
        for command in (Drain(), Watch(guest), Unwatch(other), Watch(other)):
            inbox.deliver(command)
        assert inbox.unread_watchers() == (guest, other)
        assert (len(inbox), inbox.unread_watchers()) == (0, ())


async def test_what_may_be_lost_is_where_too_much_waits() -> None:
    async with open_house() as house:
        inbox, hint = Inbox(2), TellNotice(house.guest(1), NOTICE)
        for _ in range(1000):
            inbox.hint(hint)
        assert len(inbox) == 2
        inbox.deliver(Drain())
        assert [await inbox.receive() for _ in range(3)] == [hint, hint, Drain()]
