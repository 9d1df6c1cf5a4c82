"""How long players wait for the router's and the wallet's pages: ``python -m bench.http``.

A whole cluster runs with 1,000 tables. Requests come as 5,000 players send them, each due at a moment of its
own whether or not the ones before are answered: a look at the lobby every 30 s, at one's balance every two
minutes, at one's transactions and for a ticket every ten, a login every hour, and a new player every two
seconds. A wait begins when its request is due and ends with the answer's last byte.
"""

import io
import json
import random
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit

import trio
from attrs import define, field, frozen

from cardroom.client import open_account
from cardroom.local.cluster import Cluster, open_processes, open_servers
from cardroom.local.console import Console
from cardroom.local.patience import Patience
from cardroom.local.plan import BotPlan, ClusterPlan, TablePlan
from cardroom.local.ports import free_ports
from cardroom.local.processes import Workplace
from cardroom.local.record import claim_folder
from cardroom.local.seeding import provide_players

PLAYERS: Final = 5_000
TABLES: Final = 1_000
ACCOUNTS: Final = 24
SECONDS: Final = 12.0
RATES: Final = {
    "lobby": PLAYERS / 30,
    "balance": PLAYERS / 120,
    "ticket": PLAYERS / 600,
    "transactions": PLAYERS / 600,
    "login": PLAYERS / 3600,
    "register": 0.5,
}
"""Requests a second, by kind."""

_CHUNK_BYTES: Final = 1 << 20
_GOOD: Final = (200, 201)
_LATEST_SECONDS: Final = 10.0


@define
class Line:
    """A connection to a server, kept open from request to request."""

    stream: trio.abc.Stream
    _read: bytearray = field(factory=bytearray)

    async def ask(self, request: bytes) -> int:
        """Send a request and read the whole answer; gives its status."""
        await self.stream.send_all(request)
        while (end := self._read.find(b"\r\n\r\n")) < 0:
            await self._receive()
        head = bytes(self._read[:end]).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        while len(self._read) < end + 4 + length:
            await self._receive()
        del self._read[: end + 4 + length]
        return int(head.split(b" ")[1])

    async def _receive(self) -> None:
        data = await self.stream.receive_some(_CHUNK_BYTES)
        assert data, "the server keeps the connection open"
        self._read += data


@define
class Lines:
    """As many connections to a server as there are requests at once."""

    url: str
    _free: list[Line] = field(factory=list)

    async def ask(self, request: bytes) -> int:
        """Send a request over a free connection, or over a new one."""
        line = self._free.pop() if self._free else await self._open()
        status = await line.ask(request)
        self._free.append(line)
        return status

    async def _open(self) -> Line:
        address = urlsplit(self.url)
        assert address.hostname is not None, "the server has a name"
        assert address.port is not None, "the server has a port"
        return Line(await trio.open_tcp_stream(address.hostname, address.port))


@frozen
class Visitor:
    """A player with a session."""

    email: str
    password: str
    token: str


@frozen
class House:
    """Whom requests go to, and who sends them."""

    router: Lines
    wallet: Lines
    tables: Sequence[int]
    visitors: Sequence[Visitor]


async def send(house: House, kind: str, draw: random.Random) -> int:
    """Send one request of a kind, of any of the players; gives the answer's status."""
    visitor = draw.choice(house.visitors)
    match kind:
        case "lobby":
            return await house.router.ask(_write("GET", "/api/v1/tables"))
        case "ticket":
            path = f"/api/v1/tables/{draw.choice(house.tables)}/ticket"
            return await house.router.ask(_write("POST", path, visitor.token))
        case "login":
            body = {"email": visitor.email, "password": visitor.password}
            return await house.router.ask(_write("POST", "/api/v1/auth/login", body=body))
        case "register":
            name = f"new-{draw.randrange(10**9)}"
            body = {"nickname": name, "email": f"{name}@bench.invalid", "password": visitor.password}
            return await house.router.ask(_write("POST", "/api/v1/auth/register", body=body))
        case _:
            return await house.wallet.ask(_write("GET", f"/api/v1/wallet/{kind}", visitor.token))


def _write(method: str, path: str, token: str = "", body: Mapping[str, str] | None = None) -> bytes:
    data = b"" if body is None else json.dumps(body).encode()
    head = [
        f"{method} {path} HTTP/1.1",
        "Host: bench",
        "Accept-Encoding: gzip",
        f"Content-Length: {len(data)}",
    ]
    head += [f"Authorization: Bearer {token}"] if token else []
    head += ["Content-Type: application/json"] if data else []
    return "\r\n".join([*head, "", ""]).encode() + data


@define
class Played:
    """How long each kind of request took, in seconds, and how many were refused, whyever."""

    took: dict[str, list[float]] = field(factory=lambda: {kind: [] for kind in RATES})
    refused: int = 0


async def play(house: House) -> Played:
    """Send requests as they come due."""
    played = Played()
    draw = random.Random(1)  # noqa: S311 - a bench repeats itself
    began = trio.current_time()

    async def one(kind: str, due: float) -> None:
        await trio.sleep_until(due)
        status = await send(house, kind, draw)
        played.refused += status not in _GOOD
        played.took[kind].append(trio.current_time() - due)

    with trio.fail_after(SECONDS + _LATEST_SECONDS):
        async with trio.open_nursery() as nursery:
            for kind, rate in RATES.items():
                at = draw.expovariate(rate)
                while at < SECONDS:
                    nursery.start_soon(one, kind, began + at)
                    at += draw.expovariate(rate)
    return played


@asynccontextmanager
async def open_house(folder: Path) -> AsyncIterator[House]:
    """Run a cluster with tables and players, at which nobody plays."""
    tables = tuple(TablePlan(shard=n % 4, name=f"Hall {n + 1}", stake="low") for n in range(TABLES))
    bots = BotPlan(players=ACCOUNTS, names="guest")
    plan = ClusterPlan(project=Path.cwd(), folder=folder, ports=free_ports(), tables=tables, bots=bots)
    plan.logs.mkdir()
    with claim_folder(folder) as (record, _):
        workplace = Workplace(plan.project, plan.logs, record, Console(io.StringIO()).say)
        async with open_servers(plan, workplace, Patience()) as servers, open_processes(servers) as cluster:
            secrets = (servers.credential("admin_token"), servers.credential("bots_password"))
            await provide_players(cluster.router_url, cluster.wallet_url, bots, secrets, "bench")
            visitors = [await _log_in(cluster, number, secrets[1]) for number in range(1, ACCOUNTS + 1)]
            yield House(Lines(cluster.router_url), Lines(cluster.wallet_url), await _list(cluster), visitors)


async def _log_in(cluster: Cluster, number: int, password: str) -> Visitor:
    email = f"guest-{number:02}@bots.invalid"
    async with open_account(cluster.router_url) as account:
        return Visitor(email, password, (await account.log_in(email, password)).token)


async def _list(cluster: Cluster) -> Sequence[int]:
    """Wait until all tables are open, and give them."""
    async with open_account(cluster.router_url) as account:
        with trio.fail_after(30):
            while True:
                tables = [table.table_id for table in await account.lobby() if table.is_open]
                if len(tables) == TABLES:
                    return tables
                await trio.sleep(0.2)


def share(took: Sequence[float], hundredths: int) -> float:
    """Give the time in milliseconds within which so many of a hundred were answered."""
    return round(sorted(took)[min(len(took) - 1, len(took) * hundredths // 100)] * 1e3, 1)


async def _measure() -> Mapping[str, float]:
    with TemporaryDirectory(prefix="holdem-") as folder:
        async with open_house(Path(folder)) as house:
            played = await play(house)
    took = played.took
    everything = [seconds for of_kind in took.values() for seconds in of_kind]
    figures = {"http_lobby_1000_p95_ms": share(took["lobby"], 95)}
    figures |= {
        f"http_{kind}_p95_ms": share(seconds, 95) for kind, seconds in took.items() if kind != "lobby"
    }
    figures |= {"http_p95_ms": share(everything, 95), "http_p99_ms": share(everything, 99)}
    return figures | {"http_refused": played.refused}


def measure() -> Mapping[str, float]:
    """Give milliseconds by name."""
    return trio.run(_measure)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(dict(measure())) + "\n")
