"""A crowd gets money by script; test_load.py lets it have accounts, too, on real servers."""

import json

import httpx
import pytest

from cardroom.client import RequestRefused
from cardroom.ids import UserId
from cardroom.local.crowding import grant_all
from cardroom.local.plan import BotPlan
from cardroom.money import Krw

BOTS = BotPlan(grant=Krw(500))
USERS = [UserId(number) for number in range(1, 41)]


async def test_each_player_is_given_money_once() -> None:
    asked: list[dict[str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer admin"
        asked.append(json.loads(request.content))
        return httpx.Response(201, json={})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://house") as http:
        await grant_all(http, "admin", USERS, BOTS, "r1")
    assert sorted(body["user_id"] for body in asked) == USERS  # type: ignore[type-var]
    assert {body["amount"] for body in asked} == {500}
    assert len({body["idempotency_key"] for body in asked}) == len(USERS)


async def test_a_refusal_ends_it() -> None:
    refused = httpx.Response(401, json={"code": "not_authenticated"})
    transport = httpx.MockTransport(lambda _: refused)
    async with httpx.AsyncClient(transport=transport, base_url="http://house") as http:
        with pytest.RaisesGroup(*[RequestRefused] * 6):
            await grant_all(http, "wrong", USERS, BOTS, "r1")
