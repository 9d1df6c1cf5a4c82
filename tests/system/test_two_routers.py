"""Two real routers behind Debian's nginx with the project's files: any of them is killed, players go on."""

import asyncio
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
import trio
from attrs import define, field, frozen
from trio_websocket import (
    ConnectionClosed,
    WebSocketConnection,
    WebSocketRequest,
    open_websocket_url,
    serve_websocket,
)

from cardroom.local.configuration import write_toml
from cardroom.local.servers import EmbeddedPostgres, free_port, valkey_server
from cardroom.service.redis import open_redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from tests.shard_router.front import PASSWORD, TICKET_KEY, NodeHand, bearer, table_summary
from tests.system.edge import edge, trusting
from wallet_worker.store.migrate import migrate

PLAYER, STRANGER = "127.0.0.9", "127.0.0.5"
"""Addresses of clients: the first is not counted."""

ME, TABLES, TICKET = "/api/v1/me", "/api/v1/tables", "/api/v1/tables/1/ticket"


@pytest.fixture(scope="module")
def database(postgres: EmbeddedPostgres) -> str:
    """Make a database of our own, with the real schema."""

    async def create() -> None:
        connection = await asyncpg.connect(postgres.dsn, timeout=5.0)
        await connection.execute("CREATE DATABASE two_routers", timeout=10.0)
        await connection.close(timeout=5.0)

    asyncio.run(create())
    query = urlsplit(postgres.dsn).query
    migrate(PostgresSettings(dsn=f"postgresql://postgres@/two_routers?{query}"))
    return f"postgresql://holdem_router@/two_routers?{query}"


@define
class Router:
    """A router's process, which may be killed and started again."""

    project: Path
    file: Path
    port: int
    database: str
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        own = {"HOLDEM_TICKET_KEY": TICKET_KEY, "HOLDEM_ROUTER_DSN": self.database}
        with self.file.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "shard_router", "--config", str(self.file)],
                cwd=self.project, env={**os.environ, **own}, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    async def until_ready(self) -> None:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False) as http:
            with trio.fail_after(60):
                while True:
                    with trio.move_on_after(1):
                        try:
                            if (await http.get("/health/ready")).status_code == 200:
                                return
                        except httpx.TransportError:
                            await trio.sleep(0.05)

    async def count_me(self) -> int:
        """Say how often it has told somebody who they are."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False) as http:
            text = (await http.get("/metrics")).text
        counts = re.findall(rf'_count{{method="GET",route="{ME}",status="200"}} (\d+)', text)
        return sum(map(int, counts))


def make_router(place: Path, project: Path, redis: RedisSettings, database: str, name: str) -> Router:
    port = free_port()
    settings = {
        "shards": [0, 1],
        "ticket_key": {"credential": "ticket_key"},
        "trusted_proxies": ["127.0.0.1/32"],
        "http": {"host": "127.0.0.1", "port": port},
        "redis": {"host": redis.host, "port": redis.port},
        "postgres": {"dsn": {"credential": "router_dsn"}},
        "hashing": {"memory_kib": 64, "time_cost": 1},
        "limits": {"exempt": [f"{PLAYER}/32"]},
    }
    file = place / f"{name}.toml"
    file.write_text(write_toml(settings))
    return Router(project, file, port, database)


@contextmanager
def both_routers(
    place: Path, project: Path, redis: RedisSettings, database: str
) -> Iterator[tuple[Router, Router]]:
    first, second = (make_router(place, project, redis, database, name) for name in ("first", "second"))
    try:
        first.start()
        second.start()
        yield first, second
    finally:
        first.kill()
        second.kill()


@frozen
class Client:
    """Asks at the edge, from an address of its own."""

    http: httpx.AsyncClient
    bad: list[str] = field(factory=list)

    async def log_in(self) -> str:
        body = {"nickname": "Alice", "email": "alice@example.com", "password": PASSWORD}
        assert (await self.http.post("/api/v1/auth/register", json=body)).status_code == 201
        body = {"email": body["email"], "password": PASSWORD}
        return str((await self.http.post("/api/v1/auth/login", json=body)).json()["token"])

    async def go_on(self, token: str, times: int) -> None:
        """Ask for what may be repeated, again and again; whatever is not well is written down."""
        for _ in range(times):
            for method, path in (("GET", ME), ("GET", TABLES), ("POST", TICKET)):
                try:
                    answer = await self.http.request(method, path, headers=bearer(token))
                except httpx.TransportError as error:
                    self.bad.append(f"{method} {path}: {error!r}")
                else:
                    if answer.status_code != 200:
                        self.bad.append(f"{method} {path}: {answer.status_code} {answer.text}")


@asynccontextmanager
async def client(url: str, context: ssl.SSLContext, address: str) -> AsyncIterator[Client]:
    transport = httpx.AsyncHTTPTransport(verify=context, local_address=address)
    async with httpx.AsyncClient(base_url=url, transport=transport, timeout=15.0) as http:
        yield Client(http)


async def answer_as_node(request: WebSocketRequest) -> None:
    """Say what a node would see of a player's connection."""
    seen = dict(request.headers)
    connection: WebSocketConnection = await request.accept()
    await connection.send_message(f"{request.path} {seen[b'x-forwarded-for'].decode()}")
    with suppress(ConnectionClosed):
        await connection.get_message()


async def until_table_is_known(player: Client, token: str) -> None:
    """Ask until routers have heard of the table: what they show of the lobby may be half a second old."""
    with trio.fail_after(15):
        while True:
            if (await player.http.post(TICKET, headers=bearer(token))).status_code == 200:
                return
            await trio.sleep(0.1)


async def kill_one_after_the_other(player: Client, token: str, routers: tuple[Router, Router]) -> None:
    """Ask all the while; each router dies in the middle of it, the first one is back before the second."""
    first, second = routers
    async with trio.open_nursery() as nursery:
        nursery.start_soon(player.go_on, token, 60)
        await trio.sleep(0.2)
        first.kill()
    first.start()
    await first.until_ready()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(player.go_on, token, 60)
        await trio.sleep(0.2)
        second.kill()
    second.start()
    await second.until_ready()


async def until_both_serve(player: Client, token: str, routers: tuple[Router, Router]) -> None:
    """Ask until the edge has noticed that both are there again."""
    with trio.fail_after(15):
        while not all([await router.count_me() for router in routers]):
            await player.go_on(token, 1)


async def ask_too_often(
    stranger: Client, token: str, routers: tuple[Router, Router], at_each: int, at_edge: int
) -> list[int]:
    """Ask both routers as the edge asks them for a stranger, at once; then ask at the edge."""
    statuses: list[int] = []

    async def ask(http: httpx.AsyncClient) -> None:
        statuses.append((await http.get(ME, headers=bearer(token))).status_code)

    async def ask_router(router: Router) -> None:
        url, seen = f"http://127.0.0.1:{router.port}", {"X-Forwarded-For": STRANGER}
        async with httpx.AsyncClient(base_url=url, headers=seen, trust_env=False) as http:
            for _ in range(at_each):
                await ask(http)

    async with trio.open_nursery() as nursery:
        for router in routers:
            nursery.start_soon(ask_router, router)
    for _ in range(at_edge):
        await ask(stranger.http)
    return statuses


async def only_what_is_named_is_public(player: Client) -> None:
    for path in ("/admin/users", "/metrics", "/health", "/nodes/elsewhere", "/nodes/127.0.0.1:22", "/"):
        answer = await player.http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
        assert answer.headers["Content-Type"] == "application/problem+json"
    too_large = await player.http.post("/api/v1/auth/login", content=b"x" * 20_000)
    assert (too_large.status_code, too_large.json()["code"]) == (413, "too_large")


async def players_reach_named_nodes(url: str, context: ssl.SSLContext) -> None:
    """Others lead nowhere: that is among what is not public."""
    socket_url = url.replace("https", "wss")
    async with open_websocket_url(f"{socket_url}/nodes/node-1", ssl_context=context) as opened:
        assert await opened.get_message() == "/ 127.0.0.1"


@pytest.mark.timeout(120)
async def test_players_go_on_whichever_router_is_killed_and_both_count_as_one(
    tmp_path: Path, project_root: Path, database: str, nursery: trio.Nursery
) -> None:
    with (
        valkey_server(tmp_path / "valkey", 0) as valkey,
        both_routers(tmp_path, project_root, valkey.settings, database) as routers,
    ):
        node = await nursery.start(serve_websocket, answer_as_node, "127.0.0.1", 0, None)
        ports = {
            "127.0.0.1:8000": routers[0].port,
            "127.0.0.1:8002": routers[1].port,
            "127.0.0.1:8811": node.port,
        }
        folder = tmp_path / "edge"
        with edge(project_root, folder, ports) as url:
            context = trusting(folder)
            for router in routers:
                await router.until_ready()
            async with (
                open_redis(valkey.settings) as redis,
                client(url, context, PLAYER) as player,
                client(url, context, STRANGER) as stranger,
            ):
                hand = NodeHand(redis)
                await hand.open_both_shards()
                await hand.publish(table_summary(1))
                token = await player.log_in()
                await until_table_is_known(player, token)
                await trio.sleep(1)  # the other router's picture, too
                await kill_one_after_the_other(player, token, routers)
                await until_both_serve(player, token, routers)
                assert player.bad == []
                statuses = await ask_too_often(stranger, token, routers, at_each=45, at_edge=22)
                assert statuses == [200] * 100 + [429] * 12
                await only_what_is_named_is_public(player)
                await players_reach_named_nodes(url, context)
