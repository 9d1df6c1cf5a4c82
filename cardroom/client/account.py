"""A player's account over HTTP: register, log in, look at the lobby, ask for a seat's ticket."""

import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import httpx
import trio

from cardroom.client.errors import ConnectionLost, ProtocolBroken, RequestRefused
from cardroom.client.limits import ClientLimits
from cardroom.ids import TableId
from cardroom.wire.accounts import (
    CodeShown,
    FactorOffer,
    FactorRemoval,
    FactorState,
    MailedToken,
    PasswordChange,
    PasswordReset,
    PasswordShown,
    RecoveryCodes,
    ResetRequest,
    SessionLine,
    SessionList,
)
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.lobby import (
    Credentials,
    Lobby,
    LobbyTable,
    LoggedIn,
    QuickSeat,
    Registered,
    Registration,
    SeatPlace,
    SeatWish,
    TableRoute,
    TicketAnswer,
    TicketRequest,
    WhereAmI,
)
from cardroom.wire.lobby_query import LobbyQuery
from cardroom.wire.protection import ExclusionWish, LimitKind, LimitWish, Protection
from cardroom.wire.refusals import Refusal

T = TypeVar("T")

OnCall = Callable[[str, str, float], None]

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
"""A longer answer of the router is not read; a lobby of some thousand tables fits."""

_ASKED: Final = (
    Registration, Credentials, MailedToken, PasswordChange, ResetRequest, PasswordReset, PasswordShown,
    CodeShown, FactorRemoval, TicketRequest, SeatWish, LimitWish, ExclusionWish,
)  # fmt: skip
_ANSWERED: Final = (
    Registered, LoggedIn, Lobby, LobbyTable, WhereAmI, TicketAnswer, TableRoute, QuickSeat, SessionList,
    FactorState, FactorOffer, RecoveryCodes, Protection,
)  # fmt: skip

_CODECS: Final[Mapping[type, Codec[Any]]] = {
    kind: Codec[Any](kind, Encoding.JSON, MAX_ANSWER_BYTES, {}) for kind in (*_ASKED, *_ANSWERED)
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

    async def register(self, nickname: str, email: str, password: str) -> Registered | None:
        """Open an account; None where it begins by a mail, whose token ``confirm`` takes.

        Refused: malformed, name taken; e-mail taken only where there is no such mail.
        """
        body = _to_json(Registration(nickname=nickname, email=email, password=password))
        response = await self._request("POST", "/api/v1/auth/register", body)
        if response.status_code == httpx.codes.ACCEPTED:
            return None
        return _read("/api/v1/auth/register", Registered, response.content)

    async def confirm(self, token: str) -> Registered:
        """Open the account by the token that was mailed. Refused: token invalid, name taken."""
        return await self._ask("POST", "/api/v1/auth/confirm", Registered, _to_json(MailedToken(token)))

    async def log_in(self, email: str, password: str, code: str = "") -> LoggedIn:
        """Start a login session, which the other calls use; ``code`` where there is a second factor.

        Refused: wrong credentials, login slowed, e-mail not confirmed, second factor needed or wrong.
        """
        body = _to_json(Credentials(email=email, password=password, code=code))
        self._login = await self._ask("POST", "/api/v1/auth/login", LoggedIn, body)
        return self._login

    async def log_out(self) -> None:
        """End the login session. May be repeated."""
        if self._login is not None:
            await self._send("POST", "/api/v1/auth/logout", None)
            self._login = None

    async def log_out_everywhere(self) -> None:
        """End all sessions of the player, this one too."""
        await self._send("POST", "/api/v1/auth/logout-everywhere", None)
        self._login = None

    async def change_password(self, old: str, new: str) -> None:
        """Change the password, which ends all other sessions. Refused: wrong credentials, malformed."""
        await self._send("POST", "/api/v1/auth/password", _to_json(PasswordChange(old, new)))

    async def ask_for_reset(self, email: str) -> None:
        """Ask for a mail to set a new password; nobody is told whether the address has an account."""
        await self._send("POST", "/api/v1/auth/reset-request", _to_json(ResetRequest(email)))

    async def reset_password(self, token: str, password: str) -> None:
        """Set a new password by the token that was mailed. Refused: token invalid, malformed."""
        await self._send("POST", "/api/v1/auth/reset", _to_json(PasswordReset(token, password)))

    async def sessions(self) -> tuple[SessionLine, ...]:
        """List the player's open sessions, the newest first."""
        return (await self._ask("GET", "/api/v1/me/sessions", SessionList, None)).sessions

    async def end_session(self, session_id: UUID) -> None:
        """End one of the player's sessions. Refused: not found."""
        await self._send("DELETE", f"/api/v1/me/sessions/{session_id}", None)

    async def second_factor(self) -> FactorState:
        """Say whether there is a second factor, and how this session stands."""
        return await self._ask("GET", "/api/v1/me/second-factor", FactorState, None)

    async def offer_second_factor(self, password: str) -> FactorOffer:
        """Draw a secret for an authenticator. Refused: wrong credentials, second factor on."""
        body = _to_json(PasswordShown(password))
        return await self._ask("POST", "/api/v1/me/second-factor", FactorOffer, body)

    async def confirm_second_factor(self, code: str) -> tuple[str, ...]:
        """Let the secret count; gives recovery codes, this once. Refused: second factor wrong, on, off."""
        body = _to_json(CodeShown(code))
        return (await self._ask("POST", "/api/v1/me/second-factor/confirm", RecoveryCodes, body)).codes

    async def remove_second_factor(self, password: str, code: str) -> None:
        """Take the second factor away. Refused: wrong credentials, second factor wrong, off."""
        await self._send("POST", "/api/v1/me/second-factor/remove", _to_json(FactorRemoval(password, code)))

    async def step_up(self, code: str) -> FactorState:
        """Show a code, for what needs one soon after. Refused: second factor wrong, off."""
        return await self._ask("POST", "/api/v1/auth/step-up", FactorState, _to_json(CodeShown(code)))

    async def lobby(self, query: LobbyQuery | None = None) -> tuple[LobbyTable, ...]:
        """List tables, all of them unless a query says which. Refused: malformed."""
        wish = urlencode(query.parameters()) if query is not None else ""
        path = "/api/v1/tables" + (f"?{wish}" if wish else "")
        return (await self._ask("GET", path, Lobby, None)).tables

    async def table(self, table_id: TableId) -> LobbyTable:
        """Give one public table's line. Refused: no such table, table unavailable."""
        return await self._ask("GET", f"/api/v1/tables/{table_id}", LobbyTable, None)

    async def ticket(self, table_id: TableId, route: str = "") -> TicketAnswer:
        """Ask where a table is played, and for the right to connect there once, within 30 s.

        Refused: no such table, table unavailable (come back), frozen, self-excluded; and with a ``route``:
        it is another one now. ``way_to`` deals with the table that moves.
        """
        body = _to_json(TicketRequest(route)) if route else None
        return await self._ask("POST", f"/api/v1/tables/{table_id}/ticket", TicketAnswer, body)

    async def route(self, table_id: TableId) -> TableRoute:
        """Ask where a table is played. Refused: no such table, table unavailable (come back)."""
        return await self._ask("GET", f"/api/v1/tables/{table_id}/route", TableRoute, None)

    async def quick_seat(self, stake: str, seats: int = 0) -> QuickSeat:
        """Ask for a seat at any table of a game, of so many seats or any; ``connect`` takes the answer.

        Refused: no such stake, no seat (come back), table unavailable (come back), frozen, self-excluded,
        play frozen.
        """
        return await self._ask("POST", "/api/v1/quick-seat", QuickSeat, _to_json(SeatWish(stake, seats)))

    async def seats(self) -> tuple[SeatPlace, ...]:
        """List every seat that the player holds, as far as is known: see ``where_am_i``."""
        return (await self.where_am_i()).seats

    async def where_am_i(self) -> WhereAmI:
        """List every seat that the player holds, and say whether there may be more."""
        return await self._ask("GET", "/api/v1/me/seats", WhereAmI, None)

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
        return _read(path, kind, await self._send(method, path, body))

    async def _send(self, method: str, path: str, body: bytes | None) -> bytes:
        return (await self._request(method, path, body)).content

    async def _request(self, method: str, path: str, body: bytes | None) -> httpx.Response:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self._login is not None:
            headers["Authorization"] = f"Bearer {self._login.token}"
        asked_at = trio.current_time()
        with http_errors():
            response = await self._http.request(method, path, content=body, headers=headers)
        if self._on_call is not None:
            self._on_call(method, path, trio.current_time() - asked_at)
        if response.is_success:
            return response
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
        body, after = response.json(), response.headers.get("Retry-After", "")
        seconds = int(after) if after.isascii() and after.isdigit() else None
        return RequestRefused(Refusal(body["code"]), seconds, str(body.get("route", "")))
    except (ValueError, KeyError, TypeError):
        return ProtocolBroken(f"{response.url.path}: status {response.status_code} without a known code")


def _read(path: str, kind: type[T], answer: bytes) -> T:
    try:
        message: T = _CODECS[kind].decode(answer)
    except Malformed as error:
        raise ProtocolBroken(f"{path}: no {kind.__name__} in the answer") from error
    return message


def _to_json(message: Any) -> bytes:
    return _CODECS[type(message)].encode(message)
