"""Passwords: change, ask for a reset by mail, reset."""

from typing import Final

from quart import Response
from quart_trio import QuartTrio

from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.limit_rules import Rule, limited
from cardroom.service.logins import Login
from cardroom.service.openapi import PLAYER, Page
from cardroom.wire.accounts import PasswordChange, PasswordReset, ResetRequest, SeeYourMail
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.refusals import Refusal
from shard_router.api.auth import Desk
from shard_router.api.http import MAX_REQUEST_BYTES, answer, require_login
from shard_router.rules.letters import password_changed
from shard_router.rules.registration import NotAllowed, write_email, write_password
from shard_router.store.accounts import Account, change_hash
from shard_router.store.post import Notice, ResetAsked

_CHANGE: Final = Codec[PasswordChange](PasswordChange, Encoding.JSON, MAX_REQUEST_BYTES, {})
_REQUEST: Final = Codec[ResetRequest](ResetRequest, Encoding.JSON, MAX_REQUEST_BYTES, {})
_RESET: Final = Codec[PasswordReset](PasswordReset, Encoding.JSON, MAX_REQUEST_BYTES, {})
_SEE_YOUR_MAIL: Final = Codec[SeeYourMail](SeeYourMail, Encoding.JSON, MAX_REQUEST_BYTES, {})


async def require_password(desk: Desk, login: Login, text: str) -> Account:
    """Give the account of who is logged in, by its password. Refused: wrong credentials, login slowed."""
    desk.passwords.require_time()
    await desk.failures.begin_password(login.user_id)
    account = await desk.accounts.find_by_id(login.user_id)
    if account is None or not await desk.passwords.matches(account.password_hash, write_password(text)):
        raise RefusedRequest(403, Refusal.WRONG_CREDENTIALS)
    await desk.failures.forgive_password(login.user_id)
    return account


async def change_password(desk: Desk, login: Login, asked: PasswordChange) -> None:
    """Set a new password, end all other sessions and all tokens that were mailed to set one.

    Refused: malformed, wrong credentials, login slowed.
    """
    password = desk.read_new_password(asked.new_password)
    account = await require_password(desk, login, asked.old_password)
    password_hash = await desk.passwords.hash(password)
    async with desk.postgres.transaction() as transaction:
        if not await change_hash(transaction, account, password_hash):
            raise RefusedRequest(403, Refusal.WRONG_CREDENTIALS)  # changed meanwhile
        await desk.logins.end_all(transaction, login.user_id, but=login.session_id)
        await desk.registrations.drop_resets(transaction, login.user_id)
    desk.log.info("account.password_changed", user_id=login.user_id)
    _notify(desk, account)


async def ask_for_reset(desk: Desk, asked: ResetRequest) -> SeeYourMail:
    """Let a mail follow, if the address has an account; who asks is never told. Refused: malformed, busy."""
    post = desk.require_post()
    try:
        email = write_email(asked.email)
    except NotAllowed as fault:
        raise RefusedRequest(400, Refusal.MALFORMED, str(fault)) from fault
    post.put(ResetAsked(email))
    return SeeYourMail()


async def reset_password(desk: Desk, shown: PasswordReset) -> None:
    """Set a new password by a mailed token and end all sessions. Refused: malformed, token invalid, busy."""
    password = desk.read_new_password(shown.password)
    if not await desk.registrations.is_reset(shown.token):
        raise RefusedRequest(403, Refusal.TOKEN_INVALID)
    password_hash = await desk.passwords.hash(password)
    account = await desk.registrations.reset(shown.token, password_hash, desk.logins)
    if account is None:
        raise RefusedRequest(403, Refusal.TOKEN_INVALID)  # used meanwhile
    desk.log.info("account.password_reset", user_id=account.user_id)
    _notify(desk, account)


def _notify(desk: Desk, account: Account) -> None:
    if desk.post is not None:
        desk.post.put(Notice(account.email, password_changed(account.nickname)))


def add_password_pages(app: QuartTrio, desk: Desk) -> None:
    """Serve ``/api/v1/auth/{password,reset-request,reset}``."""

    @app.post("/api/v1/auth/password")
    @limited(Rule.STEP_UP)
    @Page(
        tag="account",
        who=PLAYER,
        takes=PasswordChange,
        answers={204: None},
        refuses={403: (Refusal.WRONG_CREDENTIALS,), 429: (Refusal.LOGIN_SLOWED,)},
    )
    async def replace_password() -> Response:
        """Change the password, which ends all other sessions."""
        login = await require_login(desk.logins)
        await change_password(desk, login, await read_body(_CHANGE))
        return Response(b"", status=204)

    @app.post("/api/v1/auth/reset-request")
    @limited(Rule.RESET)
    @Page(tag="account", takes=ResetRequest, answers={202: SeeYourMail})
    async def request_reset() -> Response:
        """Ask for a mail to set a new password; the answer is the same for every address."""
        return answer(_SEE_YOUR_MAIL, await ask_for_reset(desk, await read_body(_REQUEST)), 202)

    @app.post("/api/v1/auth/reset")
    @limited(Rule.CONFIRM)
    @Page(tag="account", takes=PasswordReset, answers={204: None}, refuses={403: (Refusal.TOKEN_INVALID,)})
    async def carry_out_reset() -> Response:
        """Set a new password by the token that was mailed, which ends all sessions."""
        await reset_password(desk, await read_body(_RESET))
        return Response(b"", status=204)
