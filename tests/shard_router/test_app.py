import gc
import socket
from pathlib import Path

import httpx
import pytest
import trio
from attrs import evolve

from cardroom.local.servers import free_port
from cardroom.service.logs import Log
from cardroom.service.settings import PostgresSettings, RedisSettings
from shard_router.app import serve_router
from tests.shard_router.front import open_front, router_settings


async def test_stops_in_time_with_open_connections(
    database: PostgresSettings, redis_settings: RedisSettings, log: Log
) -> None:
    settings = router_settings(database, redis_settings)
    stopping = trio.Event()
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_router, settings, log, stopping)
        idle = await trio.open_tcp_stream(settings.http.host, settings.http.port)
        slow = await trio.open_tcp_stream(settings.http.host, settings.http.port)
        await slow.send_all(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{")
        async with httpx.AsyncClient(trust_env=False) as http:
            await http.get(f"http://127.0.0.1:{settings.http.port}/health/live")
            stopping.set()
            nursery.cancel_scope.deadline = trio.current_time() + 3.0
    assert not nursery.cancel_scope.cancelled_caught
    await idle.aclose()
    await slow.aclose()


@pytest.mark.filterwarnings("ignore:Unclosed <Memory:ResourceWarning")  # coredis, of each failed connection
async def test_reports_ready_within_a_limit_without_its_servers(
    tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    supervisor.bind(str(tmp_path / "notify"))
    supervisor.setblocking(False)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    away = PostgresSettings(dsn=f"postgresql://nobody@127.0.0.1:{free_port()}/nothing", connect_seconds=0.5)
    settings = evolve(
        router_settings(away, RedisSettings("127.0.0.1", free_port())), start_seconds=0.3, watch_seconds=5.0
    )
    with trio.socket.from_stdlib_socket(supervisor) as listening:
        async with open_front(settings, log) as front:
            assert (await front.get("/health/live")).status_code == 200
            assert (await front.get("/health/ready")).status_code == 503
            with trio.fail_after(5):
                assert await listening.recv(100) == b"READY=1"
    gc.collect()
