"""A sandbox over real sockets, with a clock that the test moves, and a house that takes its messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import structlog
import trio
from attrs import define, field
from quart import Response, request

from cardroom.local.payments.app import build_app
from cardroom.local.payments.facts import FactFile
from cardroom.local.payments.faults import Faults
from cardroom.local.payments.postman import Postman
from cardroom.local.payments.sandbox import Sandbox
from cardroom.local.payments.settings import SandboxSettings, WebhookSettings
from cardroom.local.servers import free_port
from cardroom.service.http import make_app, serve_http
from cardroom.service.logs import Log
from cardroom.service.settings import Bind, Secret

LOG: Log = structlog.get_logger()
KEY = "a key of these tests"
BLOCK_MS = 1000
NEEDED = {"btc": 3, "eth": 12, "usdt": 12, "usdc": 12}


@define
class Clock:
    """A clock that stands until it is moved."""

    unix_ms: int = 1_800_000_000_000

    def __call__(self) -> int:
        return self.unix_ms

    def blocks(self, count: int) -> None:
        """Let so many blocks come."""
        self.unix_ms += count * BLOCK_MS


def open_sandbox(folder: Path, clock: Clock, block_ms: int = BLOCK_MS) -> Sandbox:
    return Sandbox(FactFile(folder / "facts.jsonl"), "regtest", block_ms, 2, clock)


@define
class House:
    """What messages the house has heard, and how it answers the next ones (then 202)."""

    url: str
    answers: list[int] = field(factory=list)
    heard: list[tuple[dict[str, str], bytes]] = field(factory=list)


@define
class World:
    """A sandbox that is served at ``http``."""

    sandbox: Sandbox
    faults: Faults
    clock: Clock
    postman: Postman
    http: httpx.AsyncClient
    house: House

    async def ask(self, method: str, path: str, body: Any = None, key: str = KEY) -> httpx.Response:
        """Ask a page, with the gateway's key."""
        return await self.http.request(method, path, json=body, headers={"X-Sandbox-Key": key})

    async def get(self, path: str, body: Any = None) -> Any:
        """Ask for what is answered well; with a body it is an order."""
        answer = await self.ask("GET" if body is None else "POST", path, body)
        assert answer.is_success, answer.text
        return answer.json()


@asynccontextmanager
async def open_house() -> AsyncIterator[House]:
    """Serve the page to which messages go."""
    port, stopping, app = free_port(), trio.Event(), make_app("house", LOG)
    house = House(f"http://127.0.0.1:{port}/webhook")

    @app.post("/webhook")
    async def hear() -> Response:
        raw: Any = await request.get_data()
        house.heard.append((dict(request.headers), raw))
        return Response("", status=house.answers.pop(0) if house.answers else 202)

    async with trio.open_nursery() as nursery:
        await nursery.start(serve_http, app, Bind("127.0.0.1", port), stopping)
        yield house
        stopping.set()


@asynccontextmanager
async def open_world(folder: Path) -> AsyncIterator[World]:
    """Serve a sandbox; messages are sent when the test says so."""
    port, stopping, clock, faults = free_port(), trio.Event(), Clock(), Faults()
    sandbox = open_sandbox(folder, clock)
    async with open_house() as house:
        webhook = WebhookSettings(url=house.url, secret=Secret(KEY))
        settings = SandboxSettings(Bind("127.0.0.1", port), folder / "facts.jsonl", webhook)
        app = build_app(settings, sandbox, faults, LOG, clock)
        postman = Postman(sandbox, NEEDED, webhook, faults, clock, LOG)
        async with (
            trio.open_nursery() as nursery,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
        ):
            await nursery.start(serve_http, app, Bind("127.0.0.1", port), stopping)
            yield World(sandbox, faults, clock, postman, http, house)
            stopping.set()
