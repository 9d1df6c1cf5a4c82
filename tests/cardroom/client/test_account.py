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
TICKET = {"url": "ws://n", "ticket": "x", "table_id": 7, "expires_unix_ms": 9, "route": "n/1"}

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
    registered = await account.register("me", "me@x", "secret secret")
    assert registered is not None
    assert registered.user_id == 4
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
    assert (await account.where_am_i()).is_complete
    assert (await account.ticket(TableId(7))).url == "ws://n"
    assert router.asked[-1].content == b""
    await account.ticket(TableId(7), "n/1")
    assert json.loads(router.asked[-1].content) == {"route": "n/1"}


async def test_routes_and_quick_seats() -> None:
    route = {"table_id": 7, "route": "n/1", "node": "n", "epoch": 1, "url": "ws://n"}
    seat = {**TICKET, "seat": 3, "is_yours": False}
    router = Router({"/api/v1/tables/7/route": route, "/api/v1/quick-seat": seat})
    account = router.account()
    assert (await account.route(TableId(7))).route == "n/1"
    assert (await account.quick_seat("low", 6)).seat == 3
    assert json.loads(router.asked[-1].content) == {"stake": "low", "seats": 6}


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)]
)
async def test_a_refusal_says_when_to_come_back_and_where(header: str, seconds: int | None) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        body = {"code": "route_stale", "route": "n/2"}
        return httpx.Response(409, json=body, headers={"Retry-After": header})

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://router")
    with pytest.raises(RequestRefused) as refused:
        await Account(http).lobby()
    assert (refused.value.retry_seconds, refused.value.route) == (seconds, "n/2")


SESSION = {
    "session_id": "6f1c1a52-7c3b-4c39-9b2e-3f1f0c8a7d10", "created_unix_ms": 1, "seen_unix_ms": 2,
    "expires_unix_ms": 3, "address": "192.0.2.1", "user_agent": "phone", "is_current": True,
}  # fmt: skip
STATE = {"is_on": True, "recovery_codes": 10, "stepped_up_until_unix_ms": 5}


async def test_an_account_that_begins_by_a_mail() -> None:
    router = Router({"/api/v1/auth/register": {"status": "see_your_mail"}}, status=202)
    assert await router.account().register("me", "me@x", "secret secret") is None
    router = Router({"/api/v1/auth/confirm": {"user_id": 4, "nickname": "me"}}, status=201)
    assert (await router.account().confirm("mailed")).user_id == 4


async def test_password_and_sessions() -> None:
    router = Router({"/api/v1/auth/login": LOGIN, "/api/v1/me/sessions": {"sessions": [SESSION]}})
    account = router.account()
    await account.log_in("me@x", "secret secret", "123456")
    (session,) = await account.sessions()
    await account.end_session(session.session_id)
    await account.change_password("secret secret", "another one")
    await account.ask_for_reset("me@x")
    await account.reset_password("mailed", "another one")
    await account.log_out_everywhere()
    assert account.login is None
    asked = [(one.method, one.url.path.removeprefix("/api/v1/")) for one in router.asked]
    assert asked[2:] == [
        ("DELETE", f"me/sessions/{SESSION['session_id']}"), ("POST", "auth/password"),
        ("POST", "auth/reset-request"), ("POST", "auth/reset"), ("POST", "auth/logout-everywhere"),
    ]  # fmt: skip
    assert json.loads(router.asked[0].content)["code"] == "123456"


async def test_the_second_factor() -> None:
    router = Router(
        {
            "/api/v1/me/second-factor/confirm": {"codes": ["ABCD"]},
            "/api/v1/auth/step-up": STATE,
            "/api/v1/me/second-factor/remove": None,
        }
    )
    account = router.account()
    assert await account.confirm_second_factor("123456") == ("ABCD",)
    assert (await account.step_up("123456")).recovery_codes == 10
    await account.remove_second_factor("secret secret", "123456")
    router.answers["/api/v1/me/second-factor"] = STATE
    assert (await account.second_factor()).is_on
    router.answers["/api/v1/me/second-factor"] = {"secret": "AAAA", "uri": "otpauth://totp/me"}
    assert (await account.offer_second_factor("secret secret")).secret == "AAAA"


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
