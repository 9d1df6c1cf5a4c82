"""All players of one process, from the first login to the last cash-out, as they are ordered."""

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from enum import Enum
from typing import Any, Final

import trio
from attrs import define, field

from cardroom.ids import TableId
from loadtest.bot import Bot, make_random
from loadtest.client_load import Load, LoadProbe
from loadtest.entrance import Entrance, open_entrance
from loadtest.numbers import Numbers
from loadtest.profile import player
from loadtest.record import Record
from loadtest.resting import rest_of_the_collector
from loadtest.scenarios.chat import chat
from loadtest.scenarios.lobby_watchers import watch_lobby
from loadtest.scenarios.slow_readers import read_slowly
from loadtest.scenarios.storm import break_connections
from loadtest.share import Share
from loadtest.stop import Stop
from loadtest.tally import Tally

_LAST_SECONDS: Final = 2.0
"""What the bots get on top of the time for leaving, to end what they are doing."""
_PERIOD_SECONDS: Final = 1.0


class Order(Enum):
    """What the course of a load test orders its processes to do."""

    WARM_UP = "warm_up"
    MEASURE = "measure"
    END_MEASURE = "end_measure"
    STORM = "storm"
    SLOW_READERS = "slow_readers"
    STOP = "stop"


@define
class Second:
    """What a process tells each second; ``is_measured`` says whether its numbers count."""

    is_measured: bool
    numbers: Numbers = field(repr=False)
    load: Load = field(repr=False)
    connected: int
    seated: int

    def to_document(self) -> dict[str, Any]:
        """Write it for ``of_document`` in another process."""
        return {
            "is_measured": self.is_measured,
            "numbers": self.numbers.to_document(),
            "load": self.load.to_document(),
            "connected": self.connected,
            "seated": self.seated,
        }

    @classmethod
    def of_document(cls, document: dict[str, Any]) -> "Second":
        """Read what ``to_document`` wrote."""
        return cls(
            document["is_measured"],
            Numbers.of_document(document["numbers"]),
            Load.of_document(document["load"]),
            document["connected"],
            document["seated"],
        )


Tell = Callable[[Second], None]


async def play(share: Share, orders: AsyncIterator[Order], tell: Tell) -> None:
    """Let the share's bots play until ``Order.STOP``; returns when they have left, and all is told."""
    file = share.profile.record_file
    with ExitStack() as files:
        record = Record(None if file is None else files.enter_context(file.open("w", encoding="utf-8")))
        tally = Tally(record)
        tables = None if share.tables is None else frozenset(map(TableId, share.tables))
        async with open_entrance(share.profile, tables, tally) as entrance:
            await Crowd(share, entrance, tally, tell).play(orders)


class Crowd:
    """The bots of one process."""

    def __init__(self, share: Share, entrance: Entrance, tally: Tally, tell: Tell) -> None:
        self._share = share
        self._entrance = entrance
        self._tally = tally
        self._tell = tell
        self._stop = Stop()
        self._is_measured = False
        self._probe = LoadProbe()
        self._bots = self._make_bots()
        self._slow = trio.Event()

    async def play(self, orders: AsyncIterator[Order]) -> None:
        """Play until the order to stop; who has not left within the limit is cut off."""
        async with trio.open_nursery() as serving:
            serving.start_soon(self._probe.run)
            serving.start_soon(self._tell_each_second)
            async with trio.open_nursery() as playing:
                for number, bot in enumerate(self._bots):
                    playing.start_soon(bot.run, self._share.start_spacing_seconds * number)
                self._start_scenarios(playing)
                playing.start_soon(self._follow, orders, playing.cancel_scope)
            serving.cancel_scope.cancel()
        self._close_second()

    def _make_bots(self) -> list[Bot]:
        profile, first = self._share.profile, self._share.first
        return [
            Bot(
                player(profile, number), profile, make_random(profile.seed, number), self._tally, self._stop,
                self._entrance,
            )
            for number in range(first, first + profile.players)
        ]  # fmt: skip

    def _start_scenarios(self, nursery: trio.Nursery) -> None:
        scenarios = self._share.profile.scenarios
        place = (self._share, self._entrance, self._tally, self._stop)
        if scenarios.chat is not None:
            nursery.start_soon(chat, scenarios.chat, self._bots, self._share, self._stop)
        if scenarios.lobby_watchers is not None:
            nursery.start_soon(watch_lobby, scenarios.lobby_watchers, *place)
        if scenarios.slow_readers is not None:
            nursery.start_soon(read_slowly, scenarios.slow_readers, self._slow, *place)

    async def _follow(self, orders: AsyncIterator[Order], playing: trio.CancelScope) -> None:
        """Do as ordered; after the last order nobody is waited for longer than leaving takes."""
        async for order in orders:
            self._obey(order)
            if order is Order.STOP:
                break
        self._stop.order()
        playing.deadline = trio.current_time() + self._share.profile.pace.leave_seconds + _LAST_SECONDS

    def _obey(self, order: Order) -> None:
        match order:
            case Order.MEASURE | Order.END_MEASURE:
                self._close_second()
                self._is_measured = order is Order.MEASURE
                rest_of_the_collector()
            case Order.WARM_UP:
                rest_of_the_collector()  # a second for thousands of players, which must not be measured
            case Order.STORM:
                storm = self._share.profile.scenarios.storm
                if storm is not None:
                    break_connections(storm, self._bots, self._share, self._tally)
            case Order.SLOW_READERS:
                self._slow.set()
            case Order.STOP:
                self._stop.order()

    async def _tell_each_second(self) -> None:
        due = trio.current_time()
        while True:
            due += _PERIOD_SECONDS
            await trio.sleep_until(due)
            self._close_second()

    def _close_second(self) -> None:
        tally = self._tally
        load = self._probe.close_window()
        self._tell(Second(self._is_measured, tally.close_window(), load, tally.connected, tally.seated))
