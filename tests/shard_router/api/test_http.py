import gc
import os
import signal
import socket
from pathlib import Path

import httpx
import pytest
import trio
from attrs import evolve

from cardroom.local.servers import free_port, postgres_server, valkey_server
from cardroom.service.logs import Log
from cardroom.service.postgres import PostgresRefused
from cardroom.service.settings import PostgresSettings, RedisSettings
from shard_router.api.http import make_router_app
from tests.shard_router.front import PASSWORD, Front, open_front, refusal, router_settings

LOGIN = "/api/v1/auth/login"
NOBODY = {"email": "nobody@example.com", "password": PASSWORD}


async def wait_until_status(front: Front, path: str, status: int) -> httpx.Response:
    with trio.fail_after(10):
        while (answer := await front.get(path)).status_code != status:
            await trio.lowlevel.checkpoint()
    return answer


async def test_unknown_pages_and_methods(front: Front) -> None:
    assert refusal(await front.get("/nowhere")) == (404, "not_found")
    assert refusal(await front.get("/api/v1/auth/login")) == (405, "method_not_allowed")
    assert (await front.http.options("/api/v1/tables")).status_code == 200
    assert (await front.http.head("/api/v1/tables")).status_code == 200


async def test_health_pages(front: Front) -> None:
    assert (await front.get("/health/live")).status_code == 200
    await wait_until_status(front, "/health/ready", 200)
    parts = (await front.get("/health")).json()
    assert parts == {"status": "ok", "parts": {"postgres": True, "redis": True}}


async def test_requests_are_measured_by_rule(front: Front) -> None:
    await front.post("/api/v1/tables/123456/ticket")
    await front.get("/api/v1/tables")
    await front.get("/nowhere/nobody-s-page")
    text = (await front.get("/metrics")).text
    assert (
        'holdem_router_request_seconds_count{method="POST",'
        'route="/api/v1/tables/<number>/ticket",status="401"}' in text
    )
    assert 'route="none",status="404"' in text
    assert 'route="/api/v1/tables",status="200"' in text
    assert "123456" not in text
    assert "nobody-s-page" not in text


async def test_metrics_do_not_grow_with_invented_methods(front: Front) -> None:
    await front.http.request("BREW", "/api/v1/tables")
    assert "BREW" not in (await front.get("/metrics")).text


@pytest.mark.filterwarnings("ignore:Unclosed <Memory:ResourceWarning")  # coredis, of each failed connection
async def test_redis_away_is_unavailable_and_comes_back(
    database: PostgresSettings, tmp_path: Path, log: Log
) -> None:
    redis = RedisSettings("127.0.0.1", free_port(), connect_seconds=1.0, call_seconds=0.5)
    async with open_front(router_settings(database, redis), log) as front:
        answer = await front.get("/api/v1/tables")
        assert refusal(answer) == (503, "unavailable")
        assert "Retry-After" in answer.headers
        assert (await front.get("/health/ready")).status_code == 503
        with valkey_server(tmp_path, redis.port) as server:
            token = await front.log_in()
            assert (await front.get("/api/v1/tables")).status_code == 200
            await wait_until_status(front, "/health/ready", 200)
            os.kill(server.pid, signal.SIGSTOP)  # hangs, as a machine does that swaps
            hung = await front.get("/api/v1/me", token)
            os.kill(server.pid, signal.SIGCONT)
            assert hung.status_code == 200, "PostgreSQL knows the session"
        assert (await front.get("/api/v1/me", token)).status_code == 200
        assert refusal(await front.get("/api/v1/me", "made up")) == (401, "not_authenticated")
        for path in ("/api/v1/me/seats", "/api/v1/tables"):
            last = await front.get(path, token)
            assert (last.status_code, "Warning" in last.headers) == (200, True), (
                "the last lobby that was known"
            )
        assert refusal(await front.post("/api/v1/auth/logout", token=token)) == (503, "unavailable")
        ticket = await front.post("/api/v1/tables/1/ticket", token=token)
        assert refusal(ticket) == (503, "table_unavailable"), "nobody knows whether there is such a table"
        body = {"email": "alice@example.com", "password": PASSWORD}
        assert refusal(await front.post(LOGIN, body)) == (503, "unavailable")
        await wait_until_status(front, "/health/ready", 503)
        with valkey_server(tmp_path, redis.port):
            assert (await front.get("/api/v1/me", token)).status_code == 200
    gc.collect()


async def test_postgres_away_is_unavailable_and_comes_back(
    database: PostgresSettings, redis_settings: RedisSettings, tmp_path: Path, log: Log
) -> None:
    with postgres_server(tmp_path) as server:
        dsn = server.dsn
    away = evolve(database, dsn=dsn, connect_seconds=1.0)
    async with open_front(router_settings(away, redis_settings), log) as front:
        answer = await front.post(LOGIN, NOBODY)
        assert refusal(answer) == (503, "unavailable")
        assert "Retry-After" in answer.headers
        assert refusal(await front.register()) == (503, "unavailable")
        assert (await front.get("/api/v1/tables")).status_code == 200
        with postgres_server(tmp_path):
            await wait_until_status(front, "/health/ready", 200)
        await wait_until_status(front, "/health/ready", 503)
        assert refusal(await front.post(LOGIN, NOBODY)) == (503, "unavailable")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("57P02", (503, "unavailable")),
        ("25006", (503, "unavailable")),
        ("53300", (503, "unavailable")),
        ("55P03", (503, "unavailable")),
        ("42703", (500, "internal")),
    ],
)
async def test_what_the_database_refuses(log: Log, state: str, expected: tuple[int, str]) -> None:
    app = make_router_app(log)

    @app.get("/ask")
    async def ask() -> str:
        raise PostgresRefused(state, None, "no")

    answer = await app.test_client().get("/ask")
    body = await answer.get_json()
    assert (answer.status_code, body["code"]) == expected


async def test_client_that_hangs_up_harms_nobody(front: Front) -> None:
    bind = front.settings.http
    for _ in range(20):
        with socket.create_connection((bind.host, bind.port)) as client:
            client.sendall(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n{")
        with socket.create_connection((bind.host, bind.port)) as client:
            client.sendall(b"\x16\x03\x01 garbage \r\n\r\n")
    assert (await front.get("/health/live")).status_code == 200
