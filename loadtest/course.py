"""The course of a load test: players come, it warms up, is measured, they leave, the ledger is asked."""

import time
from collections.abc import Mapping
from typing import Any, Final

import trio
from attrs import field, frozen

from cardroom.client import ClientError, open_account
from loadtest.crowd import Order
from loadtest.gathering import Gathering, node_numbers
from loadtest.node_profiles import NodeProfiles
from loadtest.parts import Part, open_parts
from loadtest.profile import Profile
from loadtest.progress import Progress
from loadtest.report import Course, final_report
from loadtest.server import Sample, Server, Watched, read_reconciliation
from loadtest.share import choose_processes, divide
from loadtest.stop import Stop

_SEATED_SHARE: Final = 0.95
_SEATED_SECONDS: Final = 60.0
"""How long the warm-up waits for the last players, who may find no seat at all."""
_LAST_SECONDS: Final = 5.0
"""What the processes get on top of their own limit for leaving."""
_PERIOD_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 5.0
"""How often the nodes are looked at: each look costs a node some milliseconds."""


@frozen
class Surroundings:
    """Where a load test may ask of the server: pages of metrics, and the wallet's administration.

    ``sampled`` are processes by name that a profiler looks into.
    """

    watched: tuple[Watched, ...] = ()
    wallet_url: str | None = None
    admin_token: str | None = field(default=None, repr=False)
    sampled: Mapping[str, int] = {}


class CannotPlay(Exception):
    """The load test cannot be played as asked; the text says why."""


async def run_course(
    profile: Profile, surroundings: Surroundings, stop: Stop, progress: Progress
) -> dict[str, Any]:
    """Play a profile to its end, or to the order to stop; gives the result."""
    processes = choose_processes(profile)
    tables = await _find_tables(profile) if processes > 1 else []
    if processes > len(tables) > 0:
        processes = len(tables)
    gathering = Gathering(processes)
    server = Server(surroundings.watched)
    await server.look("before")
    profiles = NodeProfiles(surroundings.sampled, progress.say)
    running = _Running(profile, gathering, server, stop, progress, profiles)
    async with open_parts(divide(profile, processes, tables), gathering.take) as parts:
        await running.play(parts)
    is_balanced = None
    if surroundings.wallet_url is not None and surroundings.admin_token is not None:
        is_balanced = await read_reconciliation(surroundings.wallet_url, surroundings.admin_token)
    report = final_report(profile, running.course(), gathering, server, is_balanced)
    return report | ({"profiles": profiles.found} if profiles.found else {})


async def _find_tables(profile: Profile) -> list[Any]:
    """Give the tables that are to be dealt out among processes, in order."""
    try:
        async with open_account(profile.router_url) as account:
            lobby = await account.lobby()
    except ClientError as error:
        raise CannotPlay(f"The tables cannot be dealt out among processes: {error}") from error
    if not lobby:
        raise CannotPlay("There are no tables to be dealt out among processes")
    return sorted(table.table_id for table in lobby)


class _Running:
    """One load test on its way."""

    def __init__(
        self, profile: Profile, gathering: Gathering, server: Server, stop: Stop, progress: Progress,
        profiles: NodeProfiles,
    ) -> None:  # fmt: skip
        self._profile = profile
        self._gathering = gathering
        self._server = server
        self._stop = stop
        self._progress = progress
        self._profiles = profiles
        self._began_unix = time.time()
        self._began = trio.current_time()
        self._measured_seconds = 0.0
        self._phase = "ramp_up"
        self._nodes: Mapping[str, Mapping[str, float]] = {}

    def course(self) -> Course:
        """Say when what was."""
        seconds = trio.current_time() - self._began
        measured = seconds if self._profile.counts_everything else self._measured_seconds
        return Course(self._began_unix, seconds, measured)

    async def play(self, parts: list[Part]) -> None:
        """Go through all phases."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._follow)
            nursery.start_soon(self._look_at_nodes)
            await self._come(parts)
            await self._measure(parts)
            self._phase = "leaving"
            for part in parts:
                part.order(Order.STOP)
            with trio.move_on_after(self._profile.pace.leave_seconds + _LAST_SECONDS):
                for part in parts:
                    await part.ended.wait()
            nursery.cancel_scope.cancel()

    async def _come(self, parts: list[Part]) -> None:
        """Wait until the players have come and it is warm; everything counts at once without a ramp-up."""
        if self._profile.counts_everything:
            return
        await self._stop.pause(self._profile.start_seconds)
        wanted = _SEATED_SHARE * self._profile.players
        with trio.move_on_after(_SEATED_SECONDS):
            while self._gathering.seated < wanted and not self._stop.is_ordered:
                await self._stop.pause(_PERIOD_SECONDS / 4)
        if not self._gathering.seated and not self._stop.is_ordered:
            raise CannotPlay("Nobody has found a seat: see whether tables are open and wallets are filled")
        self._phase = "warm_up"
        for part in parts:
            part.order(Order.WARM_UP)
        await self._stop.pause(self._profile.warm_up_seconds)

    async def _measure(self, parts: list[Part]) -> None:
        if self._stop.is_ordered:
            return
        self._phase = "measuring"
        await self._server.look("begin")
        began = trio.current_time()
        for part in parts:
            part.order(Order.MEASURE)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._order_scenarios, parts)
            nursery.start_soon(self._profiles.take, self._profile.seconds)
            await self._stop.pause(self._profile.seconds or float("inf"))
            nursery.cancel_scope.cancel()
        self._profiles.say_what_is_missing()
        await self._server.look("end")
        if not self._profile.counts_everything:
            for part in parts:
                part.order(Order.END_MEASURE)
        self._measured_seconds = trio.current_time() - began

    async def _order_scenarios(self, parts: list[Part]) -> None:
        scenarios = self._profile.scenarios
        due: list[tuple[float, Order]] = []
        if scenarios.storm is not None:
            due.append((scenarios.storm.after_seconds, Order.STORM))
        if scenarios.slow_readers is not None:
            due.append((scenarios.slow_readers.after_seconds, Order.SLOW_READERS))
        began = trio.current_time()
        for seconds, order in sorted(due, key=lambda one: one[0]):
            await trio.sleep_until(began + seconds)
            if order is Order.SLOW_READERS:
                self._gathering.split()
            for part in parts:
                part.order(order)

    async def _follow(self) -> None:
        """Close a second of the timeline each second, and show how it goes."""
        at = self._began
        while True:
            at += _PERIOD_SECONDS
            await trio.sleep_until(at)
            seconds = at - self._began
            window = self._gathering.close_window(seconds, _PERIOD_SECONDS, self._phase, self._nodes)
            self._progress.show(self._phase, seconds, self._gathering, window)

    async def _look_at_nodes(self) -> None:
        """Look at the nodes now and then, for the timeline."""
        earlier: Mapping[str, Sample] = {}
        while self._server.watched:
            newest = await self._server.look("now")
            self._nodes = node_numbers(newest, earlier)
            earlier = newest
            await trio.sleep(_LOOK_SECONDS)
