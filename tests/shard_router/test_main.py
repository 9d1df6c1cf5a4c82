import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import trio

from cardroom.local.servers import free_port
from cardroom.service.settings import PostgresSettings, RedisSettings

ROOT = Path(__file__).parents[2]


def write_settings(folder: Path, redis: RedisSettings, port: int, more: str = "") -> Path:
    path = folder / "router.toml"
    path.write_text(
        f"""
shards = [0, 1]
ticket_key = {{ credential = "ticket_key" }}
{more}
[http]
host = "127.0.0.1"
port = {port}
[redis]
host = "{redis.host}"
port = {redis.port}
[postgres]
dsn = {{ credential = "router_dsn" }}
[hashing]
memory_kib = 64
time_cost = 1
""",
        encoding="utf-8",
    )
    return path


def command(path: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "shard_router", "--config", str(path), *more]


def environment(database: PostgresSettings, **more: str) -> dict[str, str]:
    own = {"HOLDEM_TICKET_KEY": "k" * 32, "HOLDEM_ROUTER_DSN": database.dsn, "PYTHONPATH": str(ROOT)}
    return {**os.environ, **own, **more}


async def run(line: list[str], env: dict[str, str]) -> "subprocess.CompletedProcess[bytes]":
    with trio.fail_after(15):
        return await trio.run_process(line, env=env, check=False, capture_stdout=True, capture_stderr=True)


async def test_serves_until_sigterm(
    database: PostgresSettings, redis_settings: RedisSettings, tmp_path: Path
) -> None:
    port = free_port()
    path = write_settings(tmp_path, redis_settings, port)
    with trio.socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        await supervisor.bind(str(tmp_path / "notify"))
        env = environment(database, NOTIFY_SOCKET=str(tmp_path / "notify"))
        process = await trio.lowlevel.open_process(command(path), env=env, stderr=subprocess.PIPE)
        try:
            with trio.fail_after(15):
                assert await supervisor.recv(100) == b"READY=1"
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
                assert (await http.get("/health/ready")).status_code == 200
                assert (await http.get("/api/v1/tables")).json() == {"tables": []}
                process.send_signal(signal.SIGTERM)
                with trio.fail_after(3):
                    assert await process.wait() == 0
            assert await supervisor.recv(100) == b"STOPPING=1"
        finally:
            if process.returncode is None:
                process.kill()
            assert process.stderr is not None
            await process.stderr.aclose()


async def test_check(database: PostgresSettings, redis_settings: RedisSettings, tmp_path: Path) -> None:
    path = write_settings(tmp_path, redis_settings, 1)
    done = await run(command(path, "--check"), environment(database))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("more", ["surprise = 1", 'log = { level = "loud" }'])
async def test_bad_settings(
    database: PostgresSettings, redis_settings: RedisSettings, tmp_path: Path, more: str
) -> None:
    path = write_settings(tmp_path, redis_settings, 1, more)
    done = await run(command(path, "--check"), environment(database))
    assert done.returncode == 78
    assert b"router.toml" in done.stderr
    assert b"Traceback" not in done.stderr


async def test_address_taken(
    database: PostgresSettings, redis_settings: RedisSettings, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        path = write_settings(tmp_path, redis_settings, port)
        done = await run(command(path), environment(database))
    assert done.returncode == 1
    assert b"router.cannot_listen" in done.stderr
    assert str(port).encode() in done.stderr
    assert b"Traceback" not in done.stderr
