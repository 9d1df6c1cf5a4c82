"""A player's account over HTTP: register, log in, look at the lobby, ask for a seat's ticket."""

import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar

import httpx
import trio

from cardroom.client.errors import ConnectionLost, ProtocolBroken, RequestRefused
from cardroom.client.limits import ClientLimits
from cardroom.ids import TableId
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.lobby import (
    Credentials,
    Lobby,
    LobbyTable,
    LoggedIn,
    Registered,
    Registration,
    SeatPlace,
    TicketAnswer,
    WhereAmI,
)
from cardroom.wire.protection import ExclusionWish, LimitKind, LimitWish, Protection
from cardroom.wire.refusals import Refusal

T = TypeVar("T")

OnCall = Callable[[str, str, float], None]

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
"""A longer answer of the router is not read; a lobby of some thousand tables fits."""

_CODECS: Final[Mapping[type, Codec[Any]]] = {
    kind: Codec[Any](kind, Encoding.JSON, MAX_ANSWER_BYTES, {})
    for kind in (
        Registration,
        Registered,
        Credentials,
        LoggedIn,
        Lobby,
        WhereAmI,
        TicketAnswer,
        Protection,
        LimitWish,
        ExclusionWish,
    )
}

_PROTECTION: Final = "/api/v1/me/protection"


class Account:
    """One player at one router. Made by ``open_account``; every call may raise ``ClientError``.

    Accounts may share an HTTP client. ``on_call`` is told method, path and seconds of each answered call.
    """

    def __init__(self, http: httpx.AsyncClient, on_call: OnCall | None = None) -> None:
        self._http = http
        self._login: LoggedIn | None = None
        self._on_call = on_call

    @property
    def login(self) -> LoggedIn | None:
        """The login session, None before ``log_in`` and after ``log_out``."""
        return self._login

    async def register(self, nickname: str, email: str, password: str) -> Registered:
        """Open an account. Refused: malformed, name taken, e-mail taken."""
        body = _to_json(Registration(nickname=nickname, email=email, password=password))
        return await self._ask("POST", "/api/v1/auth/register", Registered, body)

    async def log_in(self, email: str, password: str) -> LoggedIn:
        """Start a login session, which the other calls use. Refused: wrong credentials."""
        body = _to_json(Credentials(email=email, password=password))
        self._login = await self._ask("POST", "/api/v1/auth/login", LoggedIn, body)
        return self._login

    async def log_out(self) -> None:
        """End the login session. May be repeated."""
        if self._login is not None:
            await self._send("POST", "/api/v1/auth/logout", None)
            self._login = None

    async def lobby(self) -> tuple[LobbyTable, ...]:
        """List all tables."""
        return (await self._ask("GET", "/api/v1/tables", Lobby, None)).tables

    async def ticket(self, table_id: TableId) -> TicketAnswer:
        """Ask where a table is played, and for the right to connect there once, within 30 s."""
        return await self._ask("POST", f"/api/v1/tables/{table_id}/ticket", TicketAnswer, None)

    async def seats(self) -> tuple[SeatPlace, ...]:
        """List every seat that the player holds."""
        return (await self._ask("GET", "/api/v1/me/seats", WhereAmI, None)).seats

    async def protection(self) -> Protection:
        """Give the limits that the house offers, as the player has set them, and the self-exclusion."""
        return await self._ask("GET", _PROTECTION, Protection, None)

    async def set_limit(self, kind: LimitKind, value: int | None) -> Protection:
        """Ask for a limit in whole won or minutes, None for none. Refused as ``LimitWish`` says."""
        path = f"{_PROTECTION}/limits/{kind.value}"
        return await self._ask("PUT", path, Protection, _to_json(LimitWish(value)))

    async def exclude_oneself(self, hours: int | None) -> Protection:
        """Ask not to be let play for so long, None for ever. Refused as ``ExclusionWish`` says."""
        path = f"{_PROTECTION}/exclusion"
        return await self._ask("PUT", path, Protection, _to_json(ExclusionWish(hours)))

    async def _ask(self, method: str, path: str, kind: type[T], body: bytes | None) -> T:
        answer = await self._send(method, path, body)
        try:
            message: T = _CODECS[kind].decode(answer)
        except Malformed as error:
            raise ProtocolBroken(f"{method} {path}: no {kind.__name__} in the answer") from error
        return message

    async def _send(self, method: str, path: str, body: bytes | None) -> bytes:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self._login is not None:
            headers["Authorization"] = f"Bearer {self._login.token}"
        asked_at = trio.current_time()
        with http_errors():
            response = await self._http.request(method, path, content=body, headers=headers)
        if self._on_call is not None:
            self._on_call(method, path, trio.current_time() - asked_at)
        if response.is_success:
            return response.content
        raise refusal_of(response)


@asynccontextmanager
async def open_account(router_url: str, limits: ClientLimits | None = None) -> AsyncIterator[Account]:
    """Give an account at a router; it connects when first used."""
    async with open_http(router_url, limits or ClientLimits()) as http:
        yield Account(http)


@asynccontextmanager
async def open_http(url: str, limits: ClientLimits) -> AsyncIterator[httpx.AsyncClient]:
    """Give an HTTP client for one server, with every limit set."""
    is_tls = url.startswith("https:")
    tls = ssl.create_default_context() if is_tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    timeout = httpx.Timeout(
        connect=limits.connect_seconds,
        write=limits.send_seconds,
        read=limits.answer_seconds,
        pool=limits.answer_seconds,
    )
    pool = httpx.Limits(
        max_connections=limits.http_connections,
        max_keepalive_connections=limits.http_connections,
        keepalive_expiry=limits.keep_alive_seconds,
    )
    async with httpx.AsyncClient(
        base_url=url, verify=tls, timeout=timeout, limits=pool, follow_redirects=False, trust_env=False
    ) as http:
        yield http


@contextmanager
def http_errors() -> Iterator[None]:
    """Translate the library's errors around one call into ``ConnectionLost``."""
    try:
        yield
    except httpx.HTTPError as error:
        raise ConnectionLost(str(error) or type(error).__name__) from error


def refusal_of(response: httpx.Response) -> RequestRefused | ProtocolBroken:
    """Read the refusal out of an answer that is not a success."""
    try:
        return RequestRefused(Refusal(response.json()["code"]))
    except (ValueError, KeyError, TypeError):
        return ProtocolBroken(f"{response.url.path}: status {response.status_code} without a known code")


def _to_json(message: Any) -> bytes:
    return _CODECS[type(message)].encode(message)
