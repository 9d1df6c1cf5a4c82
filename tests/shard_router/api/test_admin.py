"""The router's port for administrators: theirs alone, and the public one has none of it."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
from attrs import evolve

from cardroom.local.credentials import make_admins, read_credential
from cardroom.local.servers import free_port
from cardroom.service.admins import read_entries
from cardroom.service.logs import Log
from cardroom.service.settings import Bind, PostgresSettings, RedisSettings
from tests.shard_router.front import bearer, open_front, refusal, router_settings


async def test_administrators_have_a_port_of_their_own(
    database: PostgresSettings, redis_settings: RedisSettings, log: Log, tmp_path: Path
) -> None:
    file = tmp_path / "admins.toml"
    make_admins(tmp_path, file)
    assert len(read_entries(file, datetime.now(UTC))) == 5
    own = Bind("127.0.0.1", free_port())
    settings = evolve(router_settings(database, redis_settings), admin=own, admins_file=file)
    token = bearer(read_credential(tmp_path, "viewer_token"))
    url = f"http://{own.host}:{own.port}"
    async with open_front(settings, log) as front, httpx.AsyncClient(trust_env=False, timeout=10) as admin:
        assert (await admin.get(f"{url}/health/live")).status_code == 200
        assert refusal(await admin.get(f"{url}/admin/nowhere")) == (401, "not_authenticated")
        assert refusal(await admin.get(f"{url}/admin/nowhere", headers=token)) == (404, "not_found")
        assert refusal(await admin.get(f"{url}/api/v1/tables", headers=token)) == (404, "not_found")
        for page in ("/admin/users", "/admin/openapi.json", "/admin"):
            assert refusal(await front.http.get(page, headers=token)) == (404, "not_found")
