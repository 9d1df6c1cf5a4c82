"""Bodies that no column can hold, and servers that are away: refused with a code, never by accident."""

import json

import pytest
from quart_trio import QuartTrio

from cardroom.local.servers import free_port
from cardroom.service.http import make_app
from cardroom.service.logins import LoginLookup, LookupSettings, draw_token
from cardroom.service.postgres import PostgresRefused, open_postgres
from cardroom.service.protection import ProtectionSettings
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from tests.wallet_worker.house import LINK, LOG, House
from tests.wallet_worker.office import guarded_app, make_office, ordered
from wallet_worker.api.admin import admin_pages
from wallet_worker.api.bodies import add_away_answers
from wallet_worker.api.office import Office
from wallet_worker.api.wallet import wallet_pages
from wallet_worker.settings import OfficeSettings

TOKEN = {"Authorization": "Bearer right"}


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    return make_office(house, redis)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/admin/promotions", {"user_id": 2**63}, 400),
        ("/admin/promotions", {"user_id": 2**62}, 404),
        ("/admin/promotions", {"user_id": -1}, 404),
        ("/admin/promotions", {"idempotency_key": "a\0b"}, 400),
        ("/admin/promotions", {"reason": "\0"}, 400),
        ("/admin/promotions", {"reason": "\ud800"}, 400),
        ("/admin/tables", {"shard": 2**31}, 404),
        ("/admin/tables", {"shard": -1}, 404),
        ("/admin/tables", {"name": "a\0b"}, 400),
        ("/admin/tables", {"stake": "\0"}, 400),
    ],
)
async def test_what_no_column_can_hold_is_refused(
    app: QuartTrio, house: House, path: str, body: dict[str, object], status: int
) -> None:
    gift = {"user_id": house.players[0], "amount": 1, "reason": "r", "idempotency_key": "k"}
    table = ordered({"shard": house.shard, "name": "New", "stake": "low", "seat_count": 6})
    whole = (gift if "promotions" in path else table) | body
    answer = await app.test_client().post(path, data=json.dumps(whole), headers=TOKEN)
    assert answer.status_code == status
    await house.assert_sound()


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b'{"amount":' + b"1" * 3000 + b"}"])
async def test_what_is_no_body_is_refused(app: QuartTrio, data: bytes) -> None:
    answer = await app.test_client().post("/admin/promotions", data=data, headers=TOKEN)
    assert (answer.status_code, (await answer.get_json())["code"]) == (400, "malformed")


async def test_a_body_that_is_too_long_is_refused(app: QuartTrio) -> None:
    answer = await app.test_client().post("/admin/promotions", data=b" " * 5000, headers=TOKEN)
    assert (answer.status_code, (await answer.get_json())["code"]) == (413, "too_large")


async def test_the_balance_of_nobody(app: QuartTrio) -> None:
    answer = await app.test_client().get(f"/admin/users/{2**63}/balance", headers=TOKEN)
    assert answer.status_code == 404


async def test_a_server_that_is_away_is_answered_with_503() -> None:
    nowhere = PostgresSettings(dsn=f"postgresql://nobody@127.0.0.1:{free_port()}/none", connect_seconds=1.0)
    nobody = RedisSettings(host="127.0.0.1", port=free_port(), connect_seconds=0.5, call_seconds=0.5)
    async with open_postgres(nowhere, must_answer=False) as postgres, open_redis(nobody) as redis:
        app = guarded_app()
        add_away_answers(app, LOG)
        app.register_blueprint(admin_pages(Office(postgres, LINK, LOG)))
        logins = LoginLookup(redis, postgres, LookupSettings())
        app.register_blueprint(wallet_pages(postgres, logins, OfficeSettings(), ProtectionSettings()))
        player = {"Authorization": f"Bearer {draw_token()}"}
        for path, token in (("/admin/ledger/summary", TOKEN), ("/api/v1/wallet/balance", player)):
            answer = await app.test_client().get(path, headers=token)
            assert (answer.status_code, (await answer.get_json())["code"]) == (503, "unavailable")
            assert answer.headers["Retry-After"] == "2"


@pytest.mark.parametrize(
    ("state", "expected"),
    [("55P03", (503, "unavailable")), ("40P01", (503, "unavailable")), ("23514", (500, "internal"))],
)
async def test_who_waits_for_a_lock_in_vain_may_come_back(state: str, expected: tuple[int, str]) -> None:
    app = make_app("wallet", LOG)
    add_away_answers(app, LOG)

    @app.get("/refused")
    async def refused() -> str:
        raise PostgresRefused(state, None, "the database said so")

    answer = await app.test_client().get("/refused")
    assert (answer.status_code, (await answer.get_json())["code"]) == expected
    assert ("Retry-After" in answer.headers) == (expected[0] == 503)
