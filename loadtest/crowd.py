"""All bots of a load test, from the first login to the last cash-out."""

import sys
from contextlib import ExitStack
from typing import Any

import trio

from loadtest.bot import Bot, make_random, pace_start
from loadtest.profile import Profile, player
from loadtest.record import Record
from loadtest.report import final_report, report_each_second
from loadtest.stop import Stop
from loadtest.tally import Tally

_LAST_SECONDS = 2.0
"""What the bots get on top of the time for leaving, to end what they are doing."""


async def play(profile: Profile, stop: Stop) -> dict[str, Any]:
    """Let the bots play until the time is over or ``stop`` is ordered; gives the final numbers."""
    with ExitStack() as files:
        file = profile.record_file
        record = Record(None if file is None else files.enter_context(file.open("w", encoding="utf-8")))
        return await _play(profile, stop, Tally(record))


async def _play(profile: Profile, stop: Stop, tally: Tally) -> dict[str, Any]:
    began = trio.current_time()
    async with trio.open_nursery() as reporting:
        if profile.is_live:
            reporting.start_soon(report_each_second, tally, sys.stdout)
        async with trio.open_nursery() as bots:
            for number in range(1, profile.players + 1):
                bot = Bot(player(profile, number), profile, make_random(profile.seed, number), tally, stop)
                bots.start_soon(bot.run, pace_start(profile.pace, number))
            bots.start_soon(_end_in_time, profile, stop, bots.cancel_scope)
        seconds = trio.current_time() - began
        reporting.cancel_scope.cancel()
    return final_report(tally, seconds)


async def _end_in_time(profile: Profile, stop: Stop, bots: trio.CancelScope) -> None:
    """Order the stop when the time is over; cut off who has not left within the limit."""
    await stop.pause(profile.seconds or float("inf"))
    stop.order()
    bots.deadline = trio.current_time() + profile.pace.leave_seconds + _LAST_SECONDS
