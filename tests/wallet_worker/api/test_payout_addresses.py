"""Players' pages of the addresses that coins may go to."""

from typing import Any

import pytest
from quart_trio import QuartTrio

from cardroom.service.redis import Redis
from tests.wallet_worker.api.test_withdrawals import body as withdrawal
from tests.wallet_worker.api.test_withdrawals import make_pages, step_up
from tests.wallet_worker.house import House
from tests.wallet_worker.office import get, log_in, post
from tests.wallet_worker.outside import ADDRESS
from tests.wallet_worker.withdrawing import ETH_ADDRESS, open_desk

ADDRESSES = "/api/v1/wallet/addresses"


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    return make_pages(house, redis, open_desk(house, addresses=2))


@pytest.fixture
async def token(house: House, redis: Redis) -> str:
    return await log_in(redis, house.players[0])


def body(**changes: Any) -> dict[str, Any]:
    return {"coin": "BTC", "address": ADDRESS, "is_own": True} | changes


async def remove(app: QuartTrio, number: int, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return (await app.test_client().delete(f"{ADDRESSES}/{number}", headers=headers)).status_code


async def test_an_address_is_listed_shown_and_taken_off(app: QuartTrio, token: str) -> None:
    said = body(
        coin="ETH",
        address=ETH_ADDRESS.lower(),
        is_own=False,
        label="desk",
        beneficiary="Kim Minji",
        exchange="Upbit",
    )
    status, added = await post(app, ADDRESSES, said, token)
    assert status == 201
    assert added == said | {
        "id": added["id"],
        "address": ETH_ADDRESS,
        "added_at": added["added_at"],
        "usable_at": added["usable_at"],
    }
    assert await get(app, ADDRESSES, token) == (200, {"addresses": [added]})
    status, problem = await post(app, ADDRESSES, said, token)
    assert (status, problem["code"]) == (409, "address_listed")
    assert [await remove(app, added["id"], token) for _ in range(2)] == [204, 204]
    assert await get(app, ADDRESSES, token) == (200, {"addresses": []})


async def test_a_withdrawal_under_way_goes_on_when_its_address_is_taken_off(
    app: QuartTrio, token: str
) -> None:
    _, added = await post(app, ADDRESSES, body(), token)
    _, taken = await post(app, "/api/v1/wallet/withdraw", withdrawal(), token)
    assert await remove(app, added["id"], token) == 204
    _, shown = await get(app, f"/api/v1/wallet/withdrawals/{taken['withdrawal']}", token)
    assert (shown["state"], shown["address"]) == ("waiting", ADDRESS)
    _, problem = await post(app, "/api/v1/wallet/withdraw", withdrawal(idempotency_key="w2"), token)
    assert problem["code"] == "address_not_listed"


async def test_who_has_a_second_factor_shows_it_to_list_an_address(
    app: QuartTrio, redis: Redis, token: str
) -> None:
    await step_up(redis, token, -1)
    status, problem = await post(app, ADDRESSES, body(), token)
    assert (status, problem["code"]) == (403, "step_up_needed")
    await step_up(redis, token, 60)
    assert (await post(app, ADDRESSES, body(), token))[0] == 201


async def test_nobody_sees_or_removes_anothers(
    app: QuartTrio, house: House, redis: Redis, token: str
) -> None:
    _, added = await post(app, ADDRESSES, body(), token)
    other = await log_in(redis, house.players[1])
    assert (await get(app, ADDRESSES, other))[1] == {"addresses": []}
    assert [await remove(app, number, other) for number in (added["id"], 2**63)] == [404, 404]
    assert [await remove(app, added["id"], "nobody's"), (await get(app, ADDRESSES, "nobody's"))[0]] == [
        401,
        401,
    ]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"coin": "DOGE"}, 404, "no_such_coin"),
        ({"coin": "ETH"}, 400, "wrong_address"),
        ({"address": "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"}, 400, "wrong_address"),
        ({"address": ADDRESS + "\0"}, 400, "malformed"),
        ({"label": "x" * 65}, 400, "malformed"),
        ({"beneficiary": " "}, 400, "malformed"),
        ({"beneficiary": "x" * 129}, 400, "malformed"),
        ({"exchange": ""}, 400, "malformed"),
        ({"exchange": "a\0b"}, 400, "malformed"),
        ({"is_own": None}, 400, "malformed"),
        ({"usable_at": 0}, 400, "malformed"),
    ],
)
async def test_refusals_have_their_codes(
    app: QuartTrio, token: str, changes: dict[str, Any], status: int, code: str
) -> None:
    answered, problem = await post(app, ADDRESSES, body(**changes), token)
    assert (answered, problem["code"]) == (status, code)
    assert (await get(app, ADDRESSES, token))[1] == {"addresses": []}


async def test_a_list_has_an_end(app: QuartTrio, token: str) -> None:
    for address in (ADDRESS, "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"):
        assert (await post(app, ADDRESSES, body(address=address), token))[0] == 201
    status, problem = await post(app, ADDRESSES, body(coin="ETH", address=ETH_ADDRESS), token)
    assert (status, problem["code"]) == (409, "withdrawal_limit")
