"""The door: the player's address, whatever stands between; who asks too often; which countries are served.

Blocks come out of the database: tests/shard_router/test_door.py has them, and players.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
import trio
from quart import websocket
from quart.testing.connections import WebsocketResponseError
from quart_trio import QuartTrio

from cardroom.local.servers import EmbeddedPostgres, EmbeddedValkey
from cardroom.service.countries import CountrySettings
from cardroom.service.entry import EntrySettings, GuardSettings, add_entry, make_entry, player_address
from cardroom.service.http import add_metrics_page, make_app
from cardroom.service.limit_rules import Rule, limited
from cardroom.service.postgres import open_postgres
from cardroom.service.rate_limits import LimitSettings
from cardroom.service.redis import open_redis
from cardroom.service.settings import PostgresSettings
from tests.cardroom.service.test_redis import alone_at

PLAYER, LIAR, EDGE = "198.51.100.7", "203.0.113.9", "127.0.0.1"
LOG = structlog.get_logger()


def make_pages() -> QuartTrio:
    app = make_app("door", LOG)
    add_metrics_page(app)

    @app.get("/whence")
    async def whence() -> str:
        return player_address()

    @app.post("/log-in")
    @limited(Rule.LOGIN)
    async def log_in() -> str:
        return ""

    @app.post("/told")
    @limited(Rule.WEBHOOK)
    async def told() -> str:
        return ""

    @app.get("/admin/anything")
    async def anything() -> str:
        return ""

    @app.websocket("/live")
    @limited(Rule.LOGIN)
    async def live() -> None:
        await websocket.send(player_address())

    return app


class Door:
    """Asks pages behind a door, from wherever."""

    def __init__(self, postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> None:
        self._postgres = postgres
        self._valkey = valkey

    @asynccontextmanager
    async def open(
        self, limits: LimitSettings, guard: GuardSettings | None = None
    ) -> AsyncIterator[QuartTrio]:
        settings = EntrySettings((f"{EDGE}/32",), limits, guard or GuardSettings())
        async with (
            open_postgres(PostgresSettings(self._postgres.dsn), must_answer=False) as pool,
            open_redis(alone_at(self._valkey)) as redis,
            trio.open_nursery() as nursery,
        ):
            await redis.flushdb()
            entry = make_entry(settings, pool, redis, LOG)
            nursery.start_soon(entry.limits.run)
            app = make_pages()
            add_entry(app, entry)
            yield app
            nursery.cancel_scope.cancel()


@pytest.fixture
def door(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> Door:
    return Door(postgres, valkey)


async def ask(app: QuartTrio, path: str, peer: str = PLAYER, method: str = "GET", **headers: str) -> Any:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    send = getattr(app.test_client(), method.lower())
    return await send(path, headers=told, scope_base={"client": (peer, 4711)})


async def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, (await answer.get_json())["code"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [(EDGE, f"{LIAR}, {PLAYER}", PLAYER), (EDGE, "", EDGE), (LIAR, PLAYER, LIAR)],
)
async def test_pages_see_the_address_of_the_player(
    door: Door, peer: str, forwarded: str, address: str
) -> None:
    async with door.open(LimitSettings()) as app:
        answer = await ask(app, "/whence", peer, X_Forwarded_For=forwarded)
    assert await answer.get_data(as_text=True) == address


async def test_every_answer_says_how_the_limit_stands_and_a_refusal_when_to_come_back(door: Door) -> None:
    async with door.open(LimitSettings(login="2/minute")) as app:
        first, second, third = [await ask(app, "/log-in", method="POST") for _ in range(3)]
        other = await ask(app, "/whence")
    assert [answer.status_code for answer in (first, second)] == [200, 200]
    assert await code(third) == (429, "rate_limited")
    for answer, remaining in ((first, 1), (second, 0), (third, 0)):
        assert answer.headers["RateLimit-Policy"] == '"login-address";q=2;w=60'
        name, left, reset = answer.headers["RateLimit"].split(";")
        assert (name, left) == ('"login-address"', f"r={remaining}")
        assert 55 < int(reset.removeprefix("t=")) <= 60
    assert 55 < int(third.headers["Retry-After"]) <= 60
    assert "Retry-After" not in second.headers
    assert other.headers["RateLimit-Policy"] == '"default-address";q=100;w=60'


async def test_pages_that_are_not_there_are_counted_and_monitors_are_not(door: Door) -> None:
    async with door.open(LimitSettings(default="2/minute")) as app:
        answers = [await ask(app, "/wp-login.php") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [404, 404, 429]
        assert (await ask(app, "/whence", method="PUT")).status_code == 429
        assert (await ask(app, "/whence", "198.51.100.8")).status_code == 200
        metrics = [await ask(app, "/metrics") for _ in range(3)]
        assert [answer.status_code for answer in metrics] == [200] * 3
        assert "RateLimit" not in metrics[0].headers


async def test_opening_a_websocket_is_counted_and_refused_alike(door: Door) -> None:
    scope = {"client": (PLAYER, 4711)}
    async with door.open(LimitSettings(login="1/minute")) as app:
        async with app.test_client().websocket("/live", scope_base=scope) as opened:
            assert await opened.receive() == PLAYER
        async with app.test_client().websocket("/live", scope_base=scope) as opened:
            with pytest.raises(WebsocketResponseError) as refused:
                await opened.receive()
    assert refused.value.response.status_code == 429
    assert "Retry-After" in refused.value.response.headers


async def test_the_edge_says_which_country_and_administrators_are_not_asked(door: Door) -> None:
    guard = GuardSettings(countries=CountrySettings("X-Country", allowed=("KR",)))
    async with door.open(LimitSettings(), guard) as app:
        for country, status in (("KR", 200), ("US", 403)):
            answer = await ask(app, "/whence", EDGE, X_Forwarded_For=PLAYER, X_Country=country)
            assert answer.status_code == status
        assert await code(answer) == (403, "country_blocked")
        assert await code(await ask(app, "/whence", X_Country="KR")) == (403, "country_blocked")
        assert (await ask(app, "/admin/anything")).status_code == 200
        assert (await ask(app, "/metrics")).status_code == 200
        gateway = await app.test_client().post("/told")
        assert gateway.status_code == 200, "payment gateways are known by their signatures"
        assert gateway.headers["RateLimit-Policy"] == '"webhook-address";q=6000;w=60'
