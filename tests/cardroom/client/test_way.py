"""Tables that move while somebody asks for the way: routes are followed, waits are kept, both with an end."""

import json
from collections.abc import Callable, Sequence

import httpx
import pytest
import trio
import trio.testing

from cardroom.client import Account, RequestRefused, find_seat, way_to
from cardroom.ids import TableId
from cardroom.wire.refusals import Refusal

TICKET = {"url": "ws://n", "ticket": "x", "table_id": 7, "expires_unix_ms": 9, "route": "n/1"}
SEAT = {**TICKET, "seat": 3, "is_yours": False}


class Router:
    """A router that gives its answers in turn, the last one again and again."""

    def __init__(self, *answers: Callable[[], httpx.Response]) -> None:
        self._answers = list(answers)
        self.bodies: list[bytes] = []

    def account(self) -> Account:
        transport = httpx.MockTransport(self._answer)
        return Account(httpx.AsyncClient(transport=transport, base_url="http://router"))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(request.content)
        return (self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])()


def given(body: object) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(200, json=body)


def away(code: str = "table_unavailable", seconds: int = 3) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(503, json={"code": code}, headers={"Retry-After": str(seconds)})


def stale(route: str) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(409, json={"code": "route_stale", "route": route})


def routes(router: Router) -> Sequence[str]:
    return [json.loads(body)["route"] if body else "" for body in router.bodies]


async def test_a_stale_route_is_followed() -> None:
    router = Router(stale("n/2"), given(TICKET))
    assert (await way_to(router.account(), TableId(7), "n/1")).url == "ws://n"
    assert routes(router) == ["n/1", "n/2"]


async def test_a_table_that_moves_on_and_on_is_asked_for_without_a_route_at_last() -> None:
    router = Router(stale("n/2"), stale("n/3"), stale("n/4"), given(TICKET))
    await way_to(router.account(), TableId(7), "n/1")
    assert routes(router) == ["n/1", "n/2", "n/3", ""]


async def test_a_node_that_is_gone_is_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    router = Router(away(), away(seconds=0), given(TICKET))
    began = trio.current_time()
    await way_to(router.account(), TableId(7))
    assert 4.0 <= trio.current_time() - began <= 6.0
    assert len(router.bodies) == 3


async def test_patience_has_an_end(autojump_clock: trio.testing.MockClock) -> None:
    router = Router(away(seconds=10_000))
    began = trio.current_time()
    with pytest.raises(RequestRefused) as refused:
        await way_to(router.account(), TableId(7), patience_seconds=60.0)
    assert refused.value.code is Refusal.TABLE_UNAVAILABLE
    assert trio.current_time() - began <= 60.0
    assert 4 <= len(router.bodies) <= 6


@pytest.mark.parametrize("status", [403, 503])
async def test_other_refusals_are_raised_at_once(status: int) -> None:
    router = Router(lambda: httpx.Response(status, json={"code": "frozen"}))
    with pytest.raises(RequestRefused):
        await way_to(router.account(), TableId(7))
    assert len(router.bodies) == 1


async def test_a_seat_is_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    router = Router(away("no_seat"), given(SEAT))
    assert (await find_seat(router.account(), "low", 6)).seat == 3
    with pytest.raises(RequestRefused):
        await find_seat(Router(away("no_seat")).account(), "low", patience_seconds=1.0)
