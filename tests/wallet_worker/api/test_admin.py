"""What administrators order: money for players, each once, with a code for what is refused."""

from hashlib import sha256

import pytest
from quart_trio import QuartTrio

from cardroom.service.logins import draw_token, hash_token
from cardroom.service.redis import Redis
from cardroom.wire import keys
from tests.wallet_worker.house import PURSE, House
from tests.wallet_worker.office import get, make_office, post


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    return make_office(house, redis)


def gift(house: House, **changes: object) -> dict[str, object]:
    body = {"user_id": house.players[0], "amount": 5_000, "reason": "welcome", "idempotency_key": "k1"}
    return body | changes


async def test_a_gift_is_given_once_per_key(app: QuartTrio, house: House) -> None:
    first = await post(app, "/admin/promotions", gift(house))
    assert first[0] == 201
    assert await post(app, "/admin/promotions", gift(house)) == first
    assert await house.wallet(0) == PURSE + 5_000
    status, document = await post(app, "/admin/promotions", gift(house, amount=6_000))
    assert (status, document["code"]) == (409, "command_reused")
    await house.assert_sound()


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
    app: QuartTrio, house: House, change: dict[str, object], status: int, code: str
) -> None:
    found, document = await post(app, "/admin/promotions", gift(house, idempotency_key="k2") | change)
    assert (found, document["code"]) == (status, code)
    assert [await house.wallet(player) for player in range(4)] == [PURSE] * 4


async def test_the_summary_is_the_owners_equation(app: QuartTrio, house: House) -> None:
    await house.seat(0, 20_000)
    status, summary = await get(app, "/admin/ledger/summary")
    assert status == 200
    assert summary["balanced"] is True
    assert summary["krw_total"] == summary["given"] == 4 * PURSE
    assert (summary["on_tables"], summary["wallets"]) == (20_000, 4 * PURSE - 20_000)
    assert summary["hands_settled"] == 0


@pytest.mark.parametrize("path", ["/admin/tables", "/admin/ledger/summary", "/admin/users/1/balance"])
async def test_nobody_asks_without_the_token(app: QuartTrio, path: str) -> None:
    assert (await get(app, path, token="wrong"))[0] == 401


async def test_a_player_sees_his_own_balance_with_his_login(
    app: QuartTrio, house: House, redis: Redis
) -> None:
    await house.seat(0, 20_000)
    login = {"user_id": str(house.players[0]), "nickname": "player-1"}
    await redis.hset(keys.login(sha256(b"a login token").hexdigest()), login)
    assert await get(app, "/api/v1/wallet/balance", token="a login token") == (
        200,
        {"krw_balance": PURSE - 20_000, "on_tables_krw": 20_000, "pending_withdrawal_krw": 0},
    )
    for other in ("another", "", "x" * 500):
        assert (await get(app, "/api/v1/wallet/balance", token=other))[0] == 401
    found = (await get(app, f"/admin/users/{house.players[0]}/balance"))[1]
    assert found["on_tables"] == 20_000


async def test_a_login_that_redis_has_lost_is_found_in_the_database(
    app: QuartTrio, house: House, redis: Redis
) -> None:
    token, ended = draw_token(), draw_token()
    for shown in (token, ended):
        await house.rows(
            "INSERT INTO session (token_hash, user_id, expires_at) VALUES ($1, $2, now() + interval '9 s')",
            hash_token(shown),
            house.players[1],
        )
    await house.rows("UPDATE session SET ended_at = now() WHERE token_hash = $1", hash_token(ended))
    assert (await get(app, "/api/v1/wallet/balance", token=ended))[0] == 401
    status, balance = await get(app, "/api/v1/wallet/balance", token=token)
    assert (status, balance["krw_balance"]) == (200, PURSE)
    assert 0 < await redis.pttl(keys.login(hash_token(token).hex())) <= 9_000
