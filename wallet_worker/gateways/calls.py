"""Calls to gateways over HTTP: bounded in time and size, never repeated, on a connection of their own.

Connections are not kept. One that the other side has closed meanwhile would fail in the middle of a call,
and of a payout nobody could say whether it was taken.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx
import trio
from attrs import field, frozen

from cardroom.service.settings import BadSettings

MOST_ANSWER_BYTES: Final = 1024 * 1024
"""A longer answer is not read; some five thousand transactions of one address fit."""

_AT_ONCE: Final = 32
_LARGEST_PORT: Final = 65_535


class Unreached(Exception):
    """There was no connection: the call certainly did not arrive."""


class Unanswered(Exception):
    """The call may have arrived; no whole answer came back."""


@frozen
class Call:
    """What is asked: ``path`` begins at the gateway's address and is quoted already."""

    method: str
    path: str
    headers: dict[str, str] = field(factory=dict, repr=False)
    login: tuple[str, str] | None = field(default=None, repr=False)
    body: bytes | None = None


@frozen
class Answer:
    """What came back, whatever its status."""

    status: int
    body: bytes


@asynccontextmanager
async def open_gateway_http() -> AsyncIterator[httpx.AsyncClient]:
    """Give the client of all gateways. It follows nothing, keeps no cookies, and heeds no environment."""
    async with httpx.AsyncClient(
        verify=ssl.create_default_context(),
        limits=httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=0, keepalive_expiry=0.0),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    ) as http:
        yield http


@frozen
class Caller:
    """Calls one gateway, each time for at most ``seconds``."""

    http: httpx.AsyncClient
    url: str
    seconds: float

    def __attrs_post_init__(self) -> None:
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise BadSettings(f"gateways: {self.url} is no URL") from error
        is_server = url.scheme in ("http", "https") and url.host and (url.port or 0) <= _LARGEST_PORT
        if not is_server or url.query or url.fragment or url.userinfo:
            raise BadSettings(f"gateways: {self.url} is no address of a server")

    async def ask(self, call: Call) -> Answer:
        """Ask once. Raises ``Unreached`` or ``Unanswered``, and nothing else."""
        with trio.move_on_after(self.seconds):
            return await self._ask(call)
        raise Unanswered("no answer in time")

    async def _ask(self, call: Call) -> Answer:
        timeout = httpx.Timeout(self.seconds, connect=self.seconds / 2, pool=self.seconds / 2)
        request = self.http.build_request(
            call.method,
            self.url.rstrip("/") + call.path,
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **call.headers},
            content=call.body,
            timeout=timeout,
        )
        login = httpx.BasicAuth(*call.login) if call.login else None
        try:
            response = await self.http.send(request, auth=login, stream=True)
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.UnsupportedProtocol,
        ) as error:
            raise Unreached(type(error).__name__) from error
        except httpx.HTTPError as error:
            raise Unanswered(type(error).__name__) from error
        try:
            return Answer(response.status_code, await _read(response))
        except httpx.HTTPError as error:
            raise Unanswered(type(error).__name__) from error
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 1.0):
                await response.aclose()


async def _read(response: httpx.Response) -> bytes:
    """Read an answer as it came; one that was packed in spite of what we asked could grow without end."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Unanswered("a packed answer")
    body = bytearray()
    with trio.CancelScope() as reading:  # leaving the loop early would leave the library's generators open
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > MOST_ANSWER_BYTES:
                reading.cancel()
    if len(body) > MOST_ANSWER_BYTES:
        raise Unanswered("a longer answer than is read")
    return bytes(body)
