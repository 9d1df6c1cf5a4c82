"""Accounts: register, log in, log out, who am I."""

from typing import Final, assert_never

from attrs import frozen
from quart import Response
from quart_trio import QuartTrio

from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.logins import Login
from cardroom.service.logs import Log
from cardroom.service.openapi import PLAYER, Page
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.lobby import Credentials, LoggedIn, Registered, Registration
from cardroom.wire.refusals import Refusal
from shard_router.api.http import MAX_REQUEST_BYTES, answer, require_login, shown_token
from shard_router.rules.registration import (
    NotAllowed,
    write_email,
    write_new_password,
    write_nickname,
    write_password,
)
from shard_router.store.accounts import Account, Accounts, Taken
from shard_router.store.logins import Logins
from shard_router.store.passwords import HashersBusy, Passwords

_REGISTRATION: Final = Codec[Registration](Registration, Encoding.JSON, MAX_REQUEST_BYTES, {})
_CREDENTIALS: Final = Codec[Credentials](Credentials, Encoding.JSON, MAX_REQUEST_BYTES, {})
_REGISTERED: Final = Codec[Registered](Registered, Encoding.JSON, MAX_REQUEST_BYTES, {})
_LOGGED_IN: Final = Codec[LoggedIn](LoggedIn, Encoding.JSON, MAX_REQUEST_BYTES, {})


@frozen
class Auth:
    """Knows players by their passwords and their tokens."""

    accounts: Accounts
    passwords: Passwords
    logins: Logins
    log: Log

    async def register(self, asked: Registration) -> Registered:
        """Add an account. Refused: malformed, nickname or e-mail taken."""
        try:
            nickname, email = write_nickname(asked.nickname), write_email(asked.email)
            password = write_new_password(asked.password)
        except NotAllowed as fault:
            raise RefusedRequest(400, Refusal.MALFORMED, str(fault)) from fault
        password_hash = await self.passwords.hash(password)
        match await self.accounts.register(nickname, email, password_hash):
            case Taken.NICKNAME:
                raise RefusedRequest(409, Refusal.NAME_TAKEN)
            case Taken.EMAIL:
                raise RefusedRequest(409, Refusal.EMAIL_TAKEN)
            case int() as user_id:
                self.log.info("account.registered", user_id=user_id)
                return Registered(user_id, nickname)
            case _ as unreachable:
                assert_never(unreachable)

    async def log_in(self, shown: Credentials) -> LoggedIn:
        """Open a session, for frozen players too. An unknown e-mail costs the time of a wrong password."""
        account = await self._find(shown.email)
        password = write_password(shown.password)
        is_right = await self.passwords.matches(account.password_hash if account else None, password)
        if account is None or not is_right:
            raise RefusedRequest(401, Refusal.WRONG_CREDENTIALS)
        await self._renew_hash(account, password)
        opened = await self.logins.open(Login(account.user_id, account.nickname))
        return LoggedIn(opened.token, account.user_id, account.nickname, opened.expires_unix_ms)

    async def _find(self, email: str) -> Account | None:
        try:
            return await self.accounts.find(write_email(email))
        except NotAllowed:
            return None

    async def _renew_hash(self, account: Account, password: str) -> None:
        """Bring a hash of another cost up to today's; at the next login if the hashers are busy now."""
        if self.passwords.is_outdated(account.password_hash):
            try:
                await self.accounts.replace_hash(account, await self.passwords.hash(password))
            except HashersBusy:
                self.log.debug("account.hash_kept", user_id=account.user_id)


def add_auth_pages(app: QuartTrio, auth: Auth) -> None:
    """Serve ``/api/v1/auth/*`` and ``/api/v1/me``."""

    @app.post("/api/v1/auth/register")
    @Page(
        tag="account",
        takes=Registration,
        answers={201: Registered},
        refuses={409: (Refusal.NAME_TAKEN, Refusal.EMAIL_TAKEN)},
    )
    async def register() -> Response:
        """Open an account; log in to use it."""
        return answer(_REGISTERED, await auth.register(await read_body(_REGISTRATION)), 201)

    @app.post("/api/v1/auth/login")
    @Page(
        tag="account",
        takes=Credentials,
        answers={200: LoggedIn},
        refuses={401: (Refusal.WRONG_CREDENTIALS,)},
    )
    async def log_in() -> Response:
        """Open a session; an address without an account costs the time of a wrong password."""
        return answer(_LOGGED_IN, await auth.log_in(await read_body(_CREDENTIALS)))

    @app.post("/api/v1/auth/logout")
    @Page(tag="account", who=PLAYER, answers={204: None})
    async def log_out() -> Response:
        """End the session whose token is shown."""
        await require_login(auth.logins)
        await auth.logins.close(shown_token())
        return Response(b"", status=204)

    @app.get("/api/v1/me")
    @Page(tag="account", who=PLAYER, answers={200: Registered})
    async def me() -> Response:
        """Say who is logged in."""
        login = await require_login(auth.logins)
        return answer(_REGISTERED, Registered(login.user_id, login.nickname))
