"""What the lobby costs, and how soon a change is seen: ``python -m bench.lobby``.

A router of its own process, held to one core, serves 5,000 tables in four shards. This process, on another
core, is the nodes: it changes 1,000 lines a second and tells of them as nodes do. Players list the lobby all
the while, most of them whole, others with filters and orders; a wait begins when the request is due. Then
others follow it live: how long from a table's change to its follower, and what a change costs the router with
500 of them.
"""

import json
import os
import random
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlencode

import psutil
import structlog
import trio
from attrs import define, evolve, field, frozen

from bench.http import Lines, share
from cardroom.client import follow_lobby
from cardroom.ids import BootNonce, NodeId, SeatIndex, ShardId, TableId, UserId
from cardroom.local.servers import free_port, valkey_server
from cardroom.money import Krw
from cardroom.service.redis import Redis, open_redis
from cardroom.wire import keys
from cardroom.wire.lobby_query import LobbyQuery
from cardroom.wire.presence import NodeAnnouncement, SeatSummary, TableSummary
from node.presence.announce import Presence, PresenceServices
from node.tables.directory import Directory, TableEntry
from node.tables.inbox import Inbox
from node.tables.tempo import Rhythm

TABLES: Final = 5_000
SHARDS: Final = tuple(ShardId(number) for number in range(4))
CHANGES_PER_SECOND: Final = 1_000
LISTS_PER_SECOND: Final = 40.0
LIST_SECONDS: Final = 10.0
FOLLOWERS: Final = 500
FOLLOW_SECONDS: Final = 8.0
PROBES: Final = 60

QUERIES: Final = (
    *[LobbyQuery()] * 6,
    LobbyQuery(has_free_seat=True, sort="-players"),
    LobbyQuery(stake="mid", min_players=3),
    LobbyQuery(name="hall 4", state=None, limit=50),
    LobbyQuery(sort="-hands_per_hour", limit=100),
)
"""What is asked for: six of ten the whole list."""

_BOOT: Final = BootNonce("bench")
_DSN: Final = "postgresql://nobody@127.0.0.1:1/none"
_STAKES: Final = ("low", "mid", "high")
_SETTINGS: Final = """
shards = [0, 1, 2, 3]
ticket_key = {{ credential = "ticket_key" }}
[http]
host = "127.0.0.1"
port = {port}
[redis]
host = "127.0.0.1"
port = {redis}
[postgres]
dsn = "{dsn}"
connect_seconds = 0.2
[live]
followers = 2000
followers_per_address = 0
[log]
level = "warning"
form = "json"
"""


def table(number: int, draw: random.Random) -> TableSummary:
    """Give a table with some players."""
    seats = tuple(SeatSummary(SeatIndex(n), UserId(number * 10 + n)) for n in range(draw.randrange(10)))
    return TableSummary(
        table_id=TableId(number),
        shard=SHARDS[number % len(SHARDS)],
        name=f"Hall {number}",
        stake=_STAKES[number % 3],
        small_blind=Krw(500),
        big_blind=Krw(1_000),
        min_buy_in=Krw(40_000),
        max_buy_in=Krw(100_000),
        seat_count=9,
        seats=seats,
        hand_no=number,
        is_private=False,
        waiting=0,
        average_pot=Krw(12_345),
        hands_per_hour=70,
        pace_ms=3_400,
    )


@frozen
class Hall:
    """The nodes' side: what they know, and the process that tells players of it."""

    directory: Directory
    router: psutil.Process
    url: str
    redis: Redis


async def change(hall: Hall, per_second: int) -> None:
    """Change lines for ever, evenly."""
    draw = random.Random(2)  # noqa: S311 - a bench repeats itself
    entries, at, step = list(hall.directory), trio.current_time(), 20
    while True:
        for entry in draw.choices(entries, k=step):
            told = evolve(
                entry.summary, hand_no=entry.summary.hand_no + 1, average_pot=Krw(draw.randrange(90_000))
            )
            entry.tell(told, Rhythm())
        at += step / per_second
        await trio.sleep_until(at)


@asynccontextmanager
async def open_hall(folder: Path) -> AsyncIterator[Hall]:
    """Run Valkey and a router on one core each as far as there are two, and be the nodes."""
    cores = sorted(os.sched_getaffinity(0))
    draw = random.Random(1)  # noqa: S311 - a bench repeats itself
    directory = Directory()
    for number in range(1, TABLES + 1):
        directory.add(TableEntry(Inbox(1), table(number, draw), "run"))
    with valkey_server(folder / "valkey", port=0) as valkey:
        port = free_port()
        file = folder / "router.toml"
        file.write_text(_SETTINGS.format(port=port, redis=valkey.settings.port, dsn=_DSN))
        async with open_redis(valkey.settings) as redis, trio.open_nursery() as nursery:
            for shard in SHARDS:
                lease = {b"node": b"bench", b"boot": _BOOT.encode(), b"epoch": b"1", b"counter": b"1"}
                await redis.hset(keys.lease(shard), lease)
            me = NodeAnnouncement(NodeId("bench"), _BOOT, "ws://127.0.0.1:1", 0, 600)
            log = structlog.get_logger()
            services = PresenceServices(redis, directory, lambda: me, lambda: SHARDS, 1.0, log)
            nursery.start_soon(Presence(services).run)
            command = [sys.executable, "-m", "shard_router", "--config", str(file)]
            process = await trio.lowlevel.open_process(
                command, env={**os.environ, "HOLDEM_TICKET_KEY": "k" * 32}
            )
            os.sched_setaffinity(process.pid, cores[:1])
            os.sched_setaffinity(0, cores[1:] or cores)
            try:
                hall = Hall(directory, psutil.Process(process.pid), f"http://127.0.0.1:{port}", redis)
                await _wait_for_tables(hall)
                yield hall
            finally:
                os.sched_setaffinity(0, cores)
                process.terminate()
                with trio.CancelScope(shield=True):
                    await process.wait()
            nursery.cancel_scope.cancel()


async def _wait_for_tables(hall: Hall) -> None:
    """Wait until the router has heard of all tables."""
    lines = Lines(hall.url)
    with trio.fail_after(60):
        while True:
            try:
                found = await lines.ask(_request(LobbyQuery(after=TABLES)))
            except OSError:
                found = 0
            if found == 200:
                return
            await trio.sleep(0.1)


def _request(query: LobbyQuery, tag: str = "") -> bytes:
    wish = urlencode(query.parameters())
    head = [f"GET /api/v1/tables{'?' if wish else ''}{wish} HTTP/1.1", "Host: bench", "Accept-Encoding: gzip"]
    head += [f'If-None-Match: W/"{tag}"'] if tag else []
    return "\r\n".join([*head, "", ""]).encode()


@define
class Listed:
    """How long lists took, in seconds: the whole one, and others."""

    whole: list[float] = field(factory=list)
    others: list[float] = field(factory=list)


async def list_tables(hall: Hall) -> Listed:
    """Ask for lists as they come due."""
    lines, draw, listed = Lines(hall.url), random.Random(3), Listed()  # noqa: S311 - a bench repeats itself
    began = trio.current_time()

    async def one(query: LobbyQuery, due: float) -> None:
        await trio.sleep_until(due)
        status = await lines.ask(_request(query))
        assert status == 200, f"a list is answered with {status}"
        took = listed.whole if query == LobbyQuery() else listed.others
        took.append(trio.current_time() - due)

    with trio.fail_after(LIST_SECONDS + 30):
        async with trio.open_nursery() as nursery:
            at = draw.expovariate(LISTS_PER_SECOND)
            while at < LIST_SECONDS:
                nursery.start_soon(one, draw.choice(QUERIES), began + at)
                at += draw.expovariate(LISTS_PER_SECOND)
    return listed


async def measure_delay(hall: Hall) -> Sequence[float]:
    """Change one table now and then; give how long a follower waits for it, each time."""
    entry, delays, draw = hall.directory.find(TableId(1)), [], random.Random(4)  # noqa: S311 - a bench repeats itself
    assert entry is not None, "the table is there"
    views = follow_lobby(hall.url, LobbyQuery(name="Hall 1"))
    try:
        await anext(views)
        for number in range(PROBES):
            await trio.sleep(draw.uniform(0.05, 0.15))
            waiting = 1_000_000 + number
            began = trio.current_time()
            entry.tell(evolve(entry.summary, pace_ms=waiting), Rhythm())
            with trio.fail_after(10):
                while (await anext(views)).tables[TableId(1)].pace_ms != waiting:
                    pass
            delays.append(trio.current_time() - began)
    finally:
        await views.aclose()
    return delays


async def measure_followers(hall: Hall) -> Mapping[str, float]:
    """Let many follow the whole lobby, who look at nothing; give what a told change costs the router."""
    address = hall.url.removeprefix("http://").split(":")
    request = b"GET /api/v1/lobby/events?max_big_blind=%d HTTP/1.1\r\nHost: bench\r\n\r\n"
    heard = 0

    async def follow(*, task_status: trio.TaskStatus[None]) -> None:
        nonlocal heard
        async with await trio.open_tcp_stream(address[0], int(address[1])) as stream:
            await stream.send_all(request % 1_000)
            rest = b""
            while b"lobby_snapshot" not in rest:
                rest = rest[-64:] + await stream.receive_some()
            task_status.started()
            while True:
                data = await stream.receive_some()
                heard += data.count(b"event: lobby_delta")

    async with trio.open_nursery() as nursery:
        for _ in range(FOLLOWERS):
            await nursery.start(follow)
        await trio.sleep(2)
        figures = {}
        for name, per_second in (("idle", 0), ("followed", 100)):
            with trio.move_on_after(FOLLOW_SECONDS):
                heard, spent = 0, _cpu(hall)
                async with trio.open_nursery() as changing:
                    if per_second:
                        changing.start_soon(change, hall, per_second)
                    await trio.sleep_forever()
            figures[f"lobby_500_{name}_cpu_percent"] = 100 * (_cpu(hall) - spent) / FOLLOW_SECONDS
        told = max(1, heard)
        figures["lobby_500_us_per_told_delta"] = 1e6 * (_cpu(hall) - spent) / told
        figures["lobby_500_us_per_change_and_follower"] = (
            1e6 * (_cpu(hall) - spent) / (100 * FOLLOW_SECONDS * FOLLOWERS)
        )
        nursery.cancel_scope.cancel()
    return figures


def _cpu(hall: Hall) -> float:
    times = hall.router.cpu_times()
    return times.user + times.system


async def _measure() -> Mapping[str, float]:
    with TemporaryDirectory(prefix="holdem-") as folder:
        async with open_hall(Path(folder)) as hall:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(change, hall, CHANGES_PER_SECOND)
                spent = _cpu(hall)
                listed = await list_tables(hall)
                spent = _cpu(hall) - spent
                delays = await measure_delay(hall)
                nursery.cancel_scope.cancel()
            followed = await measure_followers(hall)
    return {
        "lobby_5000_p95_ms": share([*listed.whole, *listed.others], 95),
        "lobby_5000_whole_p95_ms": share(listed.whole, 95),
        "lobby_5000_filtered_p95_ms": share(listed.others, 95),
        "lobby_5000_cpu_percent": 100 * spent / LIST_SECONDS,
        "lobby_delay_p50_ms": share(delays, 50),
        "lobby_delay_p95_ms": share(delays, 95),
        **followed,
    }


def measure() -> Mapping[str, float]:
    """Give milliseconds, microseconds and shares of a core by name."""
    return trio.run(_measure)


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: round(value, 2) for name, value in measure().items()}) + "\n")
