"""A player's account: what is asked, and how answers are read."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from cardroom.client import (
    Account,
    ClientLimits,
    ConnectionLost,
    ProtocolBroken,
    RequestRefused,
    open_account,
)
from cardroom.client.account import open_http
from cardroom.ids import TableId
from cardroom.local.servers import free_port
from cardroom.wire.protection import Limit, LimitKind
from cardroom.wire.refusals import Refusal

LOGIN = {"token": "t0ken", "user_id": 4, "nickname": "me", "expires_unix_ms": 9}
TICKET = {"url": "ws://n", "ticket": "x", "table_id": 7, "expires_unix_ms": 9}

Answer = Callable[[httpx.Request], httpx.Response]


class Router:
    """A router that answers by path, and remembers what it was asked."""

    def __init__(self, answers: dict[str, Any], status: int = 200) -> None:
        self.answers = answers
        self.status = status
        self.asked: list[httpx.Request] = []

    def account(self) -> Account:
        transport = httpx.MockTransport(self._answer)
        return Account(httpx.AsyncClient(transport=transport, base_url="http://router"))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self.status, json=self.answers.get(request.url.path))


async def test_register_and_log_in_and_out() -> None:
    router = Router({"/api/v1/auth/register": {"user_id": 4, "nickname": "me"}, "/api/v1/auth/login": LOGIN})
    account = router.account()
    assert (await account.register("me", "me@x", "secret secret")).user_id == 4
    assert (await account.log_in("me@x", "secret secret")).token == "t0ken"
    tokens = [account.login]
    await account.log_out()
    await account.log_out()
    tokens.append(account.login)
    assert [login is None for login in tokens] == [False, True]
    assert json.loads(router.asked[0].content) == {
        "nickname": "me", "email": "me@x", "password": "secret secret"
    }  # fmt: skip
    assert router.asked[2].headers["Authorization"] == "Bearer t0ken"
    assert len(router.asked) == 3


async def test_lobby_seats_and_ticket() -> None:
    router = Router(
        {
            "/api/v1/tables": {"tables": []},
            "/api/v1/me/seats": {"seats": [{"table_id": 7, "seat": 2, "url": "ws://n"}]},
            "/api/v1/tables/7/ticket": TICKET,
        }
    )
    account = router.account()
    assert await account.lobby() == ()
    assert (await account.seats())[0].seat == 2
    assert (await account.ticket(TableId(7))).url == "ws://n"


async def test_protection() -> None:
    limit = {"kind": "loss_day", "value": 5, "next_value": None, "next_unix_ms": 9}
    shown = {"limits": [limit], "excluded_until_unix_ms": None, "loosen_seconds": 86_400}
    page = "/api/v1/me/protection"
    router = Router({page: shown, f"{page}/limits/loss_day": shown, f"{page}/exclusion": shown})
    account = router.account()
    protection = await account.protection()
    assert protection.limits == (Limit(LimitKind.LOSS_DAY, 5, None, 9),)
    assert await account.set_limit(LimitKind.LOSS_DAY, None) == protection
    assert await account.exclude_oneself(24) == protection
    assert [(one.method, one.content) for one in router.asked] == [
        ("GET", b""), ("PUT", b'{"value":null}'), ("PUT", b'{"hours":24}'),
    ]  # fmt: skip


async def test_a_refusal_is_raised_by_its_code() -> None:
    router = Router({"/api/v1/auth/login": {"code": "wrong_credentials"}}, status=401)
    with pytest.raises(RequestRefused) as refused:
        await router.account().log_in("me@x", "wrong")
    assert refused.value.code is Refusal.WRONG_CREDENTIALS


@pytest.mark.parametrize(("body", "status"), [({"tables": 5}, 200), ({"code": "?"}, 500), (None, 502)])
async def test_answers_that_the_protocol_does_not_know(body: Any, status: int) -> None:
    with pytest.raises(ProtocolBroken):
        await Router({"/api/v1/tables": body}, status).account().lobby()


async def test_nobody_listens() -> None:
    async with open_account(f"http://127.0.0.1:{free_port()}") as account:
        with pytest.raises(ConnectionLost):
            await account.lobby()


async def test_a_secure_address_checks_certificates() -> None:
    async with open_http("https://router.example", ClientLimits()) as http:
        assert http.base_url.scheme == "https"
