"""Accounts: register, confirm, log in, log out, who am I."""

from typing import Final, assert_never

from attrs import frozen
from quart import Response, request
from quart_trio import QuartTrio

from cardroom.service.entry import admit_user, player_address
from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.limit_rules import Rule, limited
from cardroom.service.logs import Log
from cardroom.service.openapi import PLAYER, Page
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from cardroom.wire.accounts import MailedToken, SeeYourMail
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.lobby import Credentials, LoggedIn, Registered, Registration
from cardroom.wire.refusals import Refusal
from shard_router.api.http import MAX_REQUEST_BYTES, ComeBack, answer, require_login, shown_token
from shard_router.rules.registration import (
    NotAllowed,
    write_email,
    write_new_password,
    write_nickname,
    write_password,
)
from shard_router.store.accounts import Account, Accounts, Found, Taken
from shard_router.store.factors import FactorOff, SecondFactors, WrongCode
from shard_router.store.failures import Failures, Try
from shard_router.store.logins import AccountChanged, Logins, NewLogin, Origin
from shard_router.store.passwords import HashersBusy, Passwords
from shard_router.store.post import Post, RegistrationWaits
from shard_router.store.registrations import Registrations

_REGISTRATION: Final = Codec[Registration](Registration, Encoding.JSON, MAX_REQUEST_BYTES, {})
_CREDENTIALS: Final = Codec[Credentials](Credentials, Encoding.JSON, MAX_REQUEST_BYTES, {})
_MAILED_TOKEN: Final = Codec[MailedToken](MailedToken, Encoding.JSON, MAX_REQUEST_BYTES, {})
_REGISTERED: Final = Codec[Registered](Registered, Encoding.JSON, MAX_REQUEST_BYTES, {})
_LOGGED_IN: Final = Codec[LoggedIn](LoggedIn, Encoding.JSON, MAX_REQUEST_BYTES, {})
_SEE_YOUR_MAIL: Final = Codec[SeeYourMail](SeeYourMail, Encoding.JSON, MAX_REQUEST_BYTES, {})

LOGIN_REFUSALS: Final = (
    Refusal.EMAIL_NOT_CONFIRMED,
    Refusal.SECOND_FACTOR_NEEDED,
    Refusal.SECOND_FACTOR_WRONG,
    Refusal.USER_BLOCKED,
)
"""What only who shows the right password is told."""

MAIL_SECONDS: Final = 5
"""When to come back where as many mails wait as may."""


@frozen
class Desk:
    """What pages about accounts are served with. ``factors`` and ``post`` are None where not configured."""

    postgres: Postgres
    accounts: Accounts
    registrations: Registrations
    passwords: Passwords
    logins: Logins
    failures: Failures
    factors: SecondFactors | None
    post: Post | None
    confirms_email: bool
    log: Log

    def require_factors(self) -> SecondFactors:
        """Give what knows second factors; refused where this router has no key for them."""
        if self.factors is None:
            raise ComeBack(Refusal.UNAVAILABLE, MAIL_SECONDS)
        return self.factors

    def require_post(self) -> Post:
        """Give the post; refused where there is none or its line is full, before anything is looked up."""
        if self.post is None or self.post.is_full:
            raise ComeBack(Refusal.UNAVAILABLE if self.post is None else Refusal.BUSY, MAIL_SECONDS)
        return self.post

    def read_new_password(self, text: str) -> str:
        """Give a new password as it is hashed; refused: too short, too long."""
        try:
            return write_new_password(text)
        except NotAllowed as fault:
            raise RefusedRequest(400, Refusal.MALFORMED, str(fault)) from fault


@frozen
class Auth:
    """Knows players by their passwords, their codes and their tokens."""

    desk: Desk

    async def register(self, asked: Registration) -> Registered | SeeYourMail:
        """Add an account, or let it wait for the mail. Refused: malformed, nickname taken.

        Where addresses are confirmed, one that has an account gets the same answer after the same work; where
        not, it is refused.
        """
        try:
            nickname, email = write_nickname(asked.nickname), write_email(asked.email)
        except NotAllowed as fault:
            raise RefusedRequest(400, Refusal.MALFORMED, str(fault)) from fault
        password = self.desk.read_new_password(asked.password)
        if self.desk.confirms_email:
            return await self._wait_for_mail(nickname, email, password)
        password_hash = await self.desk.passwords.hash(password)
        match await self.desk.accounts.register(nickname, email, password_hash):
            case Taken.NICKNAME:
                raise RefusedRequest(409, Refusal.NAME_TAKEN)
            case Taken.EMAIL:
                raise RefusedRequest(409, Refusal.EMAIL_TAKEN)
            case int() as user_id:
                self.desk.log.info("account.registered", user_id=user_id)
                return Registered(user_id, nickname)
            case _ as unreachable:
                assert_never(unreachable)

    async def _wait_for_mail(self, nickname: str, email: str, password: str) -> SeeYourMail:
        post = self.desk.require_post()
        password_hash = await self.desk.passwords.hash(password)
        waiting = await self.desk.registrations.add(nickname, email, password_hash)
        if isinstance(waiting, Taken):
            raise RefusedRequest(409, Refusal.NAME_TAKEN)
        post.put(RegistrationWaits(nickname, email, waiting))
        return SeeYourMail()

    async def confirm(self, shown: MailedToken) -> Registered:
        """Make the account of a registration. Refused: token invalid; name taken (the token stays good)."""
        confirmed = await self.desk.registrations.confirm(shown.token)
        if confirmed is None:
            raise RefusedRequest(403, Refusal.TOKEN_INVALID)
        if isinstance(confirmed, Taken):
            raise RefusedRequest(409, Refusal.NAME_TAKEN)
        self.desk.log.info("account.registered", user_id=confirmed.user_id)
        return Registered(confirmed.user_id, confirmed.nickname)

    async def log_in(self, shown: Credentials, origin: Origin) -> LoggedIn:
        """Open a session, for frozen players too. An unknown e-mail costs the time of a wrong password.

        Refused: wrong credentials, login slowed, busy; with the right password: email not confirmed, second
        factor needed or wrong, and last, user blocked.
        """
        self.desk.passwords.require_time()
        email = _write_email_or_text(shown.email)
        attempt = await self.desk.failures.begin(email, origin.address)
        try:
            account = await self._check_password(email, shown.password, attempt, origin)
        except (HashersBusy, PostgresAway, PostgresRefused):
            await self.desk.failures.take_back(attempt)  # noqa: ASYNC120 (who is cancelled wants no answer)
            raise
        await self._check_code(account, shown.code, attempt)
        await admit_user(account.user_id)
        opened = await self._open(account, origin)
        await self.desk.failures.forgive(attempt)
        await self._renew_hash(account, write_password(shown.password))
        return LoggedIn(opened.token, account.user_id, account.nickname, opened.expires_unix_ms)

    async def _check_password(self, email: str, text: str, attempt: Try, origin: Origin) -> Account:
        """Find whose password this is.

        That of a registration that waits is looked at even where there is an account: otherwise whoever has
        registered an address could see from the answer whether it had one.
        """
        found = await self.desk.accounts.find(email) if "@" in email else Found()
        account, password = found.account, write_password(text)
        is_right = await self.desk.passwords.matches(account.password_hash if account else None, password)
        if account is not None and is_right:
            return account
        if (
            self.desk.confirms_email
            and found.waiting_hash is not None
            and await self.desk.passwords.matches(found.waiting_hash, password)
        ):
            await self.desk.failures.take_back(attempt)
            raise RefusedRequest(403, Refusal.EMAIL_NOT_CONFIRMED)
        await self.desk.failures.fail(attempt, origin.address)
        raise RefusedRequest(401, Refusal.WRONG_CREDENTIALS)

    async def _check_code(self, account: Account, code: str, attempt: Try) -> None:
        if not account.has_second_factor:
            return
        await self.desk.failures.take_back(attempt)
        if not code:
            raise RefusedRequest(403, Refusal.SECOND_FACTOR_NEEDED)
        await self.desk.failures.begin_code(account.user_id)
        try:
            await self.desk.require_factors().use(account.user_id, code)
        except (WrongCode, FactorOff) as fault:
            raise RefusedRequest(403, Refusal.SECOND_FACTOR_WRONG) from fault
        await self.desk.failures.forgive_code(account.user_id)

    async def _open(self, account: Account, origin: Origin) -> NewLogin:
        try:
            return await self.desk.logins.open(account, origin)
        except AccountChanged as changed:  # while the password was being checked
            raise RefusedRequest(401, Refusal.WRONG_CREDENTIALS) from changed

    async def _renew_hash(self, account: Account, password: str) -> None:
        """Bring a hash of another cost up to today's; at the next login if the hashers are busy now."""
        if self.desk.passwords.is_outdated(account.password_hash):
            try:
                password_hash = await self.desk.passwords.hash(password)
            except HashersBusy:
                self.desk.log.debug("account.hash_kept", user_id=account.user_id)
            else:
                await self.desk.accounts.replace_hash(account, password_hash)


def request_origin() -> Origin:
    """Say where the request comes from, as its player will see it in the list of sessions."""
    agent = "".join(letter for letter in request.headers.get("User-Agent", "") if letter.isprintable())
    return Origin(player_address(), agent)


def _write_email_or_text(text: str) -> str:
    """Give what is asked for as it is stored; what is no address slows down as one does."""
    try:
        return write_email(text)
    except NotAllowed:
        return text.replace("@", " ")


def add_auth_pages(app: QuartTrio, desk: Desk) -> None:
    """Serve ``/api/v1/auth/{register,confirm,login,logout}`` and ``/api/v1/me``."""
    auth = Auth(desk)
    _add_registration(app, auth)

    @app.post("/api/v1/auth/login")
    @limited(Rule.LOGIN)
    @Page(
        tag="account",
        takes=Credentials,
        answers={200: LoggedIn},
        refuses={401: (Refusal.WRONG_CREDENTIALS,), 403: LOGIN_REFUSALS, 429: (Refusal.LOGIN_SLOWED,)},
    )
    async def log_in() -> Response:
        """Open a session; an address without an account costs the time of a wrong password."""
        return answer(_LOGGED_IN, await auth.log_in(await read_body(_CREDENTIALS), request_origin()))

    @app.post("/api/v1/auth/logout")
    @Page(tag="account", who=PLAYER, answers={204: None})
    async def log_out() -> Response:
        """End the session whose token is shown."""
        await require_login(desk.logins)
        await desk.logins.close(shown_token())
        return Response(b"", status=204)

    @app.get("/api/v1/me")
    @Page(tag="account", who=PLAYER, answers={200: Registered})
    async def me() -> Response:
        """Say who is logged in."""
        login = await require_login(desk.logins)
        return answer(_REGISTERED, Registered(login.user_id, login.nickname))


def _add_registration(app: QuartTrio, auth: Auth) -> None:
    @app.post("/api/v1/auth/register")
    @limited(Rule.REGISTER)
    @Page(
        tag="account",
        takes=Registration,
        answers={201: Registered, 202: SeeYourMail},
        refuses={409: (Refusal.NAME_TAKEN, Refusal.EMAIL_TAKEN)},
    )
    async def register() -> Response:
        """Open an account, at once or by a mail that confirms the address, as the house has it."""
        done = await auth.register(await read_body(_REGISTRATION))
        if isinstance(done, SeeYourMail):
            return answer(_SEE_YOUR_MAIL, done, 202)
        return answer(_REGISTERED, done, 201)

    @app.post("/api/v1/auth/confirm")
    @limited(Rule.CONFIRM)
    @Page(
        tag="account",
        takes=MailedToken,
        answers={201: Registered},
        refuses={403: (Refusal.TOKEN_INVALID,), 409: (Refusal.NAME_TAKEN,)},
    )
    async def confirm_address() -> Response:
        """Open the account of a registration by the token that was mailed."""
        return answer(_REGISTERED, await auth.confirm(await read_body(_MAILED_TOKEN)), 201)
