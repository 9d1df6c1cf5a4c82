"""What administrators order: money for players, tables; each once, with a code for what is refused."""

from hashlib import sha256
from typing import Any

import pytest
from quart_trio import QuartTrio

from cardroom.service.http import make_app
from cardroom.service.logs import open_log
from cardroom.service.redis import Redis
from cardroom.service.settings import LogSettings, Secret
from cardroom.wire import keys
from tests.wallet_worker.counter import LINK, PURSE, Counter, buy_in
from wallet_worker.api.admin import admin_pages
from wallet_worker.api.bodies import add_away_answers
from wallet_worker.api.wallet import wallet_pages

LOG = open_log(LogSettings(level="error"), "tests")
TOKEN = {"Authorization": "Bearer right"}


@pytest.fixture
def app(counter: Counter, redis: Redis) -> QuartTrio:
    app = make_app("wallet", LOG)
    add_away_answers(app)
    app.register_blueprint(admin_pages(counter.ledger, LINK, Secret("right"), LOG))
    app.register_blueprint(wallet_pages(counter.ledger, redis))
    return app


async def post(app: QuartTrio, path: str, body: Any) -> tuple[int, Any]:
    answer = await app.test_client().post(path, json=body, headers=TOKEN)
    return answer.status_code, await answer.get_json()


async def get(app: QuartTrio, path: str, token: str = "right") -> tuple[int, Any]:
    answer = await app.test_client().get(path, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, await answer.get_json()


GIFT = {"user_id": 1, "amount": 5_000, "reason": "welcome", "idempotency_key": "k1"}


async def test_a_gift_is_given_once_per_key(app: QuartTrio, counter: Counter) -> None:
    first = await post(app, "/admin/promotions", GIFT)
    assert first[0] == 201
    assert await post(app, "/admin/promotions", GIFT) == first
    assert (await counter.balances())["wallet 1"] == PURSE + 5_000
    status, document = await post(app, "/admin/promotions", GIFT | {"amount": 6_000})
    assert (status, document["code"]) == (409, "command_reused")
    assert (await counter.verify()).is_sound


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"user_id": 99}, 404, "not_found"),
        ({"amount": 0}, 400, "amount_too_small"),
        ({"amount": -1}, 400, "amount_too_small"),
        ({"amount": 10**16}, 400, "amount_too_large"),
        ({"amount": "5"}, 400, "malformed"),
        ({"amount": 5.5}, 400, "malformed"),
        ({"idempotency_key": ""}, 400, "malformed"),
        ({"idempotency_key": "k" * 129}, 400, "malformed"),
        ({"reason": ""}, 400, "malformed"),
        ({"extra": 1}, 400, "malformed"),
    ],
)
async def test_a_gift_is_refused_with_a_code(
    app: QuartTrio, counter: Counter, change: dict[str, object], status: int, code: str
) -> None:
    before = await counter.balances()
    found, document = await post(app, "/admin/promotions", GIFT | {"idempotency_key": "k2"} | change)
    assert (found, document["code"]) == (status, code)
    assert await counter.balances() == before


TABLE = {"shard": 0, "name": "Seoul", "stake": "low", "seat_count": 6}


async def test_a_table_is_made_once_per_shard_and_name(app: QuartTrio) -> None:
    first = await post(app, "/admin/tables", TABLE)
    assert first == (201, {"table_id": first[1]["table_id"]})
    assert await post(app, "/admin/tables", TABLE) == first
    status, document = await post(app, "/admin/tables", TABLE | {"stake": "high"})
    assert (status, document["code"]) == (409, "name_taken")
    status, listed = await get(app, "/admin/tables")
    assert [table["name"] for table in listed["tables"]] == ["Han", "Geum", "Seoul"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"shard": 77}, 404, "not_found"),
        ({"seat_count": 1}, 400, "malformed"),
        ({"seat_count": 10}, 400, "malformed"),
        ({"name": ""}, 400, "malformed"),
        ({"name": "x" * 65}, 400, "malformed"),
        ({"stake": 5}, 400, "malformed"),
    ],
)
async def test_a_table_is_refused_with_a_code(
    app: QuartTrio, change: dict[str, object], status: int, code: str
) -> None:
    found, document = await post(app, "/admin/tables", TABLE | change)
    assert (found, document["code"]) == (status, code)


async def test_the_summary_is_the_owners_equation(app: QuartTrio, counter: Counter) -> None:
    await counter.give(buy_in(1, 0))
    status, summary = await get(app, "/admin/ledger/summary")
    assert status == 200
    assert summary["balanced"] is True
    assert summary["krw_total"] == summary["given"] == 4 * PURSE
    assert (summary["on_tables"], summary["wallets"]) == (200_000, 4 * PURSE - 200_000)
    assert summary["hands_settled"] == 0


@pytest.mark.parametrize("path", ["/admin/tables", "/admin/ledger/summary", "/admin/users/1/balance"])
async def test_nobody_asks_without_the_token(app: QuartTrio, path: str) -> None:
    assert (await get(app, path, token="wrong"))[0] == 401


async def test_a_player_sees_his_own_balance_with_his_login(
    app: QuartTrio, counter: Counter, redis: Redis
) -> None:
    await counter.give(buy_in(2, 0))
    await redis.hset(
        keys.login(sha256(b"a login token").hexdigest()), {"user_id": "2", "nickname": "player-2"}
    )
    assert await get(app, "/api/v1/wallet/balance", token="a login token") == (
        200,
        {"krw_balance": PURSE - 200_000, "on_tables_krw": 200_000, "pending_withdrawal_krw": 0},
    )
    for other in ("another", "", "x" * 500):
        assert (await get(app, "/api/v1/wallet/balance", token=other))[0] == 401
    assert (await get(app, "/admin/users/2/balance"))[1]["on_tables"] == 200_000
