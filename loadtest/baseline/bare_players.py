"""Plays against the bare server: one action at a time at each table, told to all of its seats.

    python -m loadtest.baseline.bare_players --url WS-URL/table --metrics HTTP-URL --json FILE

The result has the form of a load test's, as far as it goes: ``latency_ms``, ``actions``, ``actions_per_s``.
"""

import argparse
import json
import os
from contextlib import AsyncExitStack
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any, Final

import trio
from attrs import define, field, frozen

from cardroom.client import ClientLimits
from cardroom.client.socket import Socket, open_socket
from cardroom.ids import TableId
from cardroom.money import Krw
from cardroom.wire.codec import Encoding
from cardroom.wire.player import Act, ActionKind
from cardroom.wire.table import Done
from loadtest.baseline.bare_script import HANDS, play_script
from loadtest.latencies import Latencies
from loadtest.server import Server, Watched

_LIMITS: Final = ClientLimits()


@frozen
class BarePlay:
    """What is played: seconds of thought between two limits, and how long what counts lasts.

    Each process plays at tables of its own: there the server begins its script anew.
    """

    url: str
    tables: int
    seats: int
    think: tuple[float, float]
    warm_up_seconds: float
    seconds: float
    metrics_url: str


@define(eq=False)
class Heard:
    """What has come to the seats of one table."""

    messages: int = 0
    done: int = 0
    _news: trio.Event = field(factory=trio.Event)

    async def listen(self, socket: Socket) -> None:
        """Count what comes to one seat, until cancelled."""
        while True:
            if isinstance(await socket.receive(), Done):
                self.done += 1
            else:
                self.messages += 1
            self._news.set()
            self._news = trio.Event()

    async def wait(self, messages: int, done: int) -> None:
        """Return when so many messages, and so many answers, have come."""
        while self.messages < messages or self.done < done:
            await self._news.wait()


@define(eq=False)
class Measured:
    """The times of what counts."""

    counts_from: float
    own_ack: Latencies = field(factory=Latencies)
    all_seats: Latencies = field(factory=Latencies)


async def play(plan: BarePlay) -> dict[str, Any]:
    """Play on all tables; gives the result."""
    measured = Measured(trio.current_time() + plan.warm_up_seconds)
    server = Server((Watched("bare", "node", plan.metrics_url),))
    async with trio.open_nursery() as nursery:
        for number in range(plan.tables):
            nursery.start_soon(_play_table, plan, number, measured)
        await trio.sleep_until(measured.counts_from)
        await server.look("begin")
        await trio.sleep(plan.seconds)
        await server.look("end")
        nursery.cancel_scope.cancel()
    return {
        "actions": len(measured.own_ack),
        "actions_per_s": round(len(measured.own_ack) / plan.seconds, 2),
        "latency_ms": {"own_ack": measured.own_ack.as_json(), "all_seats": measured.all_seats.as_json()},
        "server": server.as_json(),
    }


async def _play_table(plan: BarePlay, number: int, measured: Measured) -> None:
    random, heard = Random(number), Heard()  # noqa: S311 - it thinks
    async with AsyncExitStack() as stack, trio.open_nursery() as listening:
        sockets = []
        for _ in range(plan.seats):
            opened = open_socket(f"{plan.url}/{os.getpid()}-{number}", Encoding.MSGPACK, _LIMITS)
            sockets.append(await stack.enter_async_context(opened))
            listening.start_soon(heard.listen, sockets[-1])
        for action, (bundle, socket) in enumerate(
            zip(cycle(play_script(plan.seats, HANDS)), cycle(sockets)), 1
        ):
            await trio.sleep(random.uniform(*plan.think))
            expected, began = heard.messages + len(bundle) * plan.seats, trio.current_time()
            await socket.send(Act(action, TableId(number), 1, action, ActionKind.CALL, Krw(0)))
            with trio.fail_after(_LIMITS.answer_seconds):
                await heard.wait(0, action)
                acked = trio.current_time()
                await heard.wait(expected, action)
            if began >= measured.counts_from:
                measured.own_ack.add(acked - began)
                measured.all_seats.add(trio.current_time() - began)


def main() -> None:
    """Play and write the result."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.baseline.bare_players")
    add = parser.add_argument
    add("--url", required=True)
    add("--metrics", required=True, metavar="URL", help="the server's address, for its metrics")
    add("--tables", type=int, default=16)
    add("--seats", type=int, default=6)
    add("--think-ms", default="10-40", metavar="MIN-MAX")
    add("--warm-up-seconds", type=float, default=2.0)
    add("--seconds", type=float, default=10.0)
    add("--json", type=Path, required=True, metavar="FILE")
    line = parser.parse_args()
    least, _, most = line.think_ms.partition("-")
    think = (int(least) / 1000, int(most or least) / 1000)
    plan = BarePlay(
        line.url, line.tables, line.seats, think, line.warm_up_seconds, line.seconds, line.metrics
    )
    line.json.write_text(json.dumps(trio.run(play, plan)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
