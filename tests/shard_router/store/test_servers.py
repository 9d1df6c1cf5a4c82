import gc
from pathlib import Path

import pytest
import trio
from structlog.testing import LogCapture

from cardroom.local.servers import free_port, valkey_server
from cardroom.service.postgres import Postgres
from cardroom.service.redis import open_redis
from cardroom.service.settings import RedisSettings
from shard_router.store.servers import ServerWatch
from tests.fakes.logs import captured_by


async def wait_for(watch: ServerWatch, expected: dict[str, bool]) -> None:
    with trio.fail_after(5):
        while watch.health() != expected:
            await trio.lowlevel.checkpoint()


@pytest.mark.filterwarnings("ignore:Unclosed <Memory:ResourceWarning")  # coredis, of each failed connection
async def test_each_change_is_seen_and_logged_once(pool: Postgres, tmp_path: Path) -> None:
    settings = RedisSettings("127.0.0.1", free_port())
    lines = LogCapture()
    async with open_redis(settings) as redis, trio.open_nursery() as nursery:
        watch = ServerWatch(pool, redis, 0.02, captured_by(lines))
        assert watch.health() == {"postgres": False, "redis": False}
        nursery.start_soon(watch.watch)
        await wait_for(watch, {"postgres": True, "redis": False})
        assert not watch.all_answered.is_set()
        with valkey_server(tmp_path, settings.port):
            with trio.fail_after(5):
                await watch.all_answered.wait()
        await wait_for(watch, {"postgres": True, "redis": False})
        nursery.cancel_scope.cancel()
    gc.collect()
    assert [(line["event"], line["server"]) for line in lines.entries] == [
        ("server.answers", "postgres"),
        ("server.answers", "redis"),
        ("server.away", "redis"),
    ]
