"""Money for players who have too little."""

import json

import httpx
import pytest

from cardroom.client import RequestRefused
from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.wire.lobby import LoggedIn
from loadtest.profile import Grant
from loadtest.purse import Purse

LOGIN = LoggedIn(token="his", user_id=UserId(4), nickname="me", expires_unix_ms=9)


async def fill(balance: str, status: int = 200) -> list[httpx.Request]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        body = {"krw_balance": balance} if request.method == "GET" else {"code": "not_authenticated"}
        return httpx.Response(200 if request.method == "GET" else status, json=body)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://wallet") as http:
        await Purse(http, Grant("http://wallet", "the office's", Krw(1_000_000), "r1")).fill(LOGIN)
    return asked


async def test_who_has_enough_is_given_nothing() -> None:
    (balance,) = await fill("1000000")
    assert balance.headers["Authorization"] == "Bearer his"


async def test_who_has_too_little_is_given_the_grant_once_in_a_run() -> None:
    _, gift = await fill("999999")
    assert gift.headers["Authorization"] == "Bearer the office's"
    body = json.loads(gift.content)
    assert (body["user_id"], body["amount"], body["idempotency_key"]) == (4, 1_000_000, "load-r1-4")


async def test_a_refusal_is_told() -> None:
    with pytest.raises(RequestRefused):
        await fill("0", status=401)
