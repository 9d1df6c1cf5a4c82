"""How long a ticket takes while everybody logs in: ``python -m bench.logins``.

A whole cluster runs with one router, at which nobody plays. Tickets are asked for at a steady pace, first
alone and then while 100 logins a second are offered for ten seconds; each request is due at a moment of its
own, and a wait begins when it is due. Passwords cost what they cost in production. Logins that the router
cannot check in time it refuses; how many it let in says what the machine can do.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import trio
from attrs import define, field, frozen

from bench.http import Lines, share
from cardroom.client import open_account
from cardroom.ids import TableId
from cardroom.local.cluster import Cluster, open_processes, open_servers
from cardroom.local.crowding import provide_crowd
from cardroom.local.patience import Patience
from cardroom.local.plan import BotPlan, ClusterPlan, TablePlan
from cardroom.local.ports import free_ports
from cardroom.local.processes import Workplace
from cardroom.local.record import claim_folder

ACCOUNTS: Final = 200
TABLES: Final = 4
TICKETS_PER_SECOND: Final = 50.0
LOGINS_PER_SECOND: Final = 100.0
IDLE_SECONDS: Final = 8.0
STORM_SECONDS: Final = 10.0
AS_PLAYED: Final = {"hashing.niceness": 19}
"""Hashes come last, as in production; on a developer's machine they would wait for other programs."""

Ask = Callable[[random.Random], Awaitable[int]]

_LATEST_SECONDS: Final = 20.0
_OK: Final = 200
_BUSY: Final = 503


@frozen
class Door:
    """The router, who comes to it, and where they want to play."""

    lines: Lines
    tables: Sequence[TableId]
    tokens: Sequence[str]
    password: str

    async def ticket(self, draw: random.Random) -> int:
        """Ask for a ticket; gives the answer's status."""
        path = f"/api/v1/tables/{draw.choice(self.tables)}/ticket"
        return await self.lines.ask(_write(path, draw.choice(self.tokens), {}))

    async def login(self, draw: random.Random) -> int:
        """Log in; gives the answer's status."""
        body = {"email": _email(draw.randint(1, ACCOUNTS)), "password": self.password}
        return await self.lines.ask(_write("/api/v1/auth/login", "", body))


@define
class Waits:
    """How long requests took, in seconds, and how they were answered."""

    took: list[float] = field(factory=list)
    answers: Counter[int] = field(factory=Counter)


def _write(path: str, token: str, body: Mapping[str, str]) -> bytes:
    data = json.dumps(body).encode() if body else b""
    head = [f"POST {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(data)}"]
    head += [f"Authorization: Bearer {token}"] if token else ["Content-Type: application/json"]
    return "\r\n".join([*head, "", ""]).encode() + data


def _email(number: int) -> str:
    return f"caller-{number:02}@bots.invalid"


async def offer(ask: Ask, rate: float, seconds: float, seed: int) -> Waits:
    """Send requests as they come due, whether or not the ones before are answered."""
    waits = Waits()
    draw = random.Random(seed)  # noqa: S311 - a bench repeats itself
    began = trio.current_time()

    async def one(due: float) -> None:
        await trio.sleep_until(due)
        waits.answers[await ask(draw)] += 1
        waits.took.append(trio.current_time() - due)

    with trio.fail_after(seconds + _LATEST_SECONDS):
        async with trio.open_nursery() as nursery:
            at = draw.expovariate(rate)
            while at < seconds:
                nursery.start_soon(one, began + at)
                at += draw.expovariate(rate)
    return waits


@asynccontextmanager
async def open_door(folder: Path) -> AsyncIterator[Door]:
    """Run a cluster with tables and accounts, at which nobody plays."""
    tables = tuple(TablePlan(shard=n % 4, name=f"Hall {n + 1}", stake="low") for n in range(TABLES))
    bots = BotPlan(players=ACCOUNTS, names="caller")
    plan = ClusterPlan(
        project=Path.cwd(),
        folder=folder,
        ports=free_ports(),
        tables=tables,
        bots=bots,
        settings={"shard_router.toml": AS_PLAYED},
    )
    plan.logs.mkdir()
    with claim_folder(folder) as (record, _):
        workplace = Workplace(plan.project, plan.logs, record, lambda _: None)
        async with open_servers(plan, workplace, Patience()) as servers, open_processes(servers) as cluster:
            await provide_crowd(cluster, "bench")
            password = servers.credential("bots_password")
            found = await _list(cluster)
            tokens = [await _log_in(cluster, number, password) for number in range(1, 9)]
            yield Door(Lines(cluster.router_url), found, tokens, password)


async def _log_in(cluster: Cluster, number: int, password: str) -> str:
    async with open_account(cluster.router_url) as account:
        return (await account.log_in(_email(number), password)).token


async def _list(cluster: Cluster) -> Sequence[TableId]:
    """Wait until all tables are open, and give them."""
    async with open_account(cluster.router_url) as account:
        with trio.fail_after(30):
            while True:
                tables = [table.table_id for table in await account.lobby() if table.is_open]
                if len(tables) == TABLES:
                    return tables
                await trio.sleep(0.2)


async def _measure() -> Mapping[str, float]:
    with TemporaryDirectory(prefix="holdem-") as folder:
        async with open_door(Path(folder)) as door:
            await offer(door.ticket, TICKETS_PER_SECOND, 2.0, 1)  # connections are opened, caches filled
            idle = await offer(door.ticket, TICKETS_PER_SECOND, IDLE_SECONDS, 2)
            stormed, logins = await _storm(door)
    for waits in (idle, stormed):
        assert set(waits.answers) == {_OK}, f"every ticket is given: {waits.answers}"
    assert set(logins.answers) <= {_OK, _BUSY}, f"logins are let in or told to come back: {logins.answers}"
    sys.stderr.write(f"let in: {logins.answers[_OK] / STORM_SECONDS:.1f} a second\n")
    return {
        "login_storm_ticket_p99_ms": share(stormed.took, 99),
        "login_storm_ticket_p99_vs_idle": share(stormed.took, 99) / share(idle.took, 99),
    }


async def _storm(door: Door) -> tuple[Waits, Waits]:
    found: dict[str, Waits] = {}

    async def keep(name: str, ask: Ask, rate: float, seed: int) -> None:
        found[name] = await offer(ask, rate, STORM_SECONDS, seed)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, "tickets", door.ticket, TICKETS_PER_SECOND, 3)
        nursery.start_soon(keep, "logins", door.login, LOGINS_PER_SECOND, 4)
    return found["tickets"], found["logins"]


def measure() -> Mapping[str, float]:
    """Give the figures by name."""
    return trio.run(_measure)


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: round(value, 3) for name, value in measure().items()}) + "\n")
