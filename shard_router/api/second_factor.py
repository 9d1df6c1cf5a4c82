"""The second factor: enrol, confirm, step up, take away."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from quart import Response
from quart_trio import QuartTrio

from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.limit_rules import Rule, limited
from cardroom.service.logins import Login
from cardroom.service.openapi import PLAYER, Page
from cardroom.wire.accounts import (
    CodeShown,
    FactorOffer,
    FactorRemoval,
    FactorState,
    PasswordShown,
    RecoveryCodes,
)
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.refusals import Refusal
from shard_router.api.auth import Desk
from shard_router.api.http import MAX_REQUEST_BYTES, answer, require_login
from shard_router.api.passwords import require_password
from shard_router.rules.codes import write_uri
from shard_router.rules.letters import second_factor_changed
from shard_router.store.factors import FactorOff, FactorOn, WrongCode
from shard_router.store.post import Notice

_PASSWORD: Final = Codec[PasswordShown](PasswordShown, Encoding.JSON, MAX_REQUEST_BYTES, {})
_CODE: Final = Codec[CodeShown](CodeShown, Encoding.JSON, MAX_REQUEST_BYTES, {})
_REMOVAL: Final = Codec[FactorRemoval](FactorRemoval, Encoding.JSON, MAX_REQUEST_BYTES, {})
_OFFER: Final = Codec[FactorOffer](FactorOffer, Encoding.JSON, MAX_REQUEST_BYTES, {})
_RECOVERY: Final = Codec[RecoveryCodes](RecoveryCodes, Encoding.JSON, MAX_REQUEST_BYTES, {})
_STATE: Final = Codec[FactorState](FactorState, Encoding.JSON, MAX_REQUEST_BYTES, {})

_ON_REFUSALS: Final[Mapping[int, tuple[Refusal, ...]]] = {
    403: (Refusal.WRONG_CREDENTIALS,),
    409: (Refusal.SECOND_FACTOR_ON,),
    429: (Refusal.LOGIN_SLOWED,),
}
_CODE_REFUSALS: Final[Mapping[int, tuple[Refusal, ...]]] = {
    403: (Refusal.WRONG_CREDENTIALS, Refusal.SECOND_FACTOR_WRONG),
    409: (Refusal.SECOND_FACTOR_OFF, Refusal.SECOND_FACTOR_ON),
    429: (Refusal.LOGIN_SLOWED,),
}

ISSUER: Final = "Hold'em"
"""What authenticators call the house."""


@contextmanager
def factor_refusals() -> Iterator[None]:
    """Tell players what is wrong with a code or a second factor."""
    try:
        yield
    except WrongCode as fault:
        raise RefusedRequest(403, Refusal.SECOND_FACTOR_WRONG) from fault
    except FactorOn as fault:
        raise RefusedRequest(409, Refusal.SECOND_FACTOR_ON) from fault
    except FactorOff as fault:
        raise RefusedRequest(409, Refusal.SECOND_FACTOR_OFF) from fault


async def offer_factor(desk: Desk, login: Login, shown: PasswordShown) -> FactorOffer:
    """Draw a secret. Refused: wrong credentials, login slowed, second factor on."""
    factors = desk.require_factors()
    await require_password(desk, login, shown.password)
    with factor_refusals():
        secret = await factors.offer(login.user_id)
    return FactorOffer(secret, write_uri(secret, login.nickname, ISSUER))


async def confirm_factor(desk: Desk, login: Login, shown: CodeShown) -> RecoveryCodes:
    """Let the secret count. Refused: second factor wrong, on, off (none was drawn), login slowed."""
    await desk.failures.begin_code(login.user_id)
    with factor_refusals():
        codes = await desk.require_factors().confirm(login.user_id, shown.code)
    await desk.failures.forgive_code(login.user_id)
    await _tell(desk, login, is_on=True)
    return RecoveryCodes(codes)


async def step_up(desk: Desk, login: Login, shown: CodeShown) -> FactorState:
    """Let a code count for a while in this session. Refused: second factor wrong, off, login slowed."""
    await desk.failures.begin_code(login.user_id)
    with factor_refusals():
        stepped_up = await desk.require_factors().step_up(login, shown.code)
    await desk.failures.forgive_code(login.user_id)
    if stepped_up is None:
        raise RefusedRequest(401, Refusal.NOT_AUTHENTICATED)
    return await read_state(desk, stepped_up)


async def remove_factor(desk: Desk, login: Login, shown: FactorRemoval) -> None:
    """Take it away. Refused: wrong credentials, second factor wrong, off, login slowed."""
    factors = desk.require_factors()
    await require_password(desk, login, shown.password)
    await desk.failures.begin_code(login.user_id)
    with factor_refusals():
        await factors.remove(login.user_id, shown.code)
    await desk.failures.forgive_code(login.user_id)
    await _tell(desk, login, is_on=False)


async def read_state(desk: Desk, login: Login) -> FactorState:
    """Say how the second factor stands for this session."""
    codes = 0
    if login.has_second_factor and desk.factors is not None:
        codes = await desk.factors.count_recovery_codes(login.user_id)
    return FactorState(login.has_second_factor, codes, login.stepped_up_until_ms)


async def _tell(desk: Desk, login: Login, *, is_on: bool) -> None:
    desk.log.info("account.second_factor", user_id=login.user_id, is_on=is_on)
    account = await desk.accounts.find_by_id(login.user_id) if desk.post is not None else None
    if account is not None and desk.post is not None:
        desk.post.put(Notice(account.email, second_factor_changed(account.nickname, is_on=is_on)))


def add_second_factor_pages(app: QuartTrio, desk: Desk) -> None:
    """Serve ``/api/v1/me/second-factor`` and ``/api/v1/auth/step-up``."""

    @app.get("/api/v1/me/second-factor")
    @Page(tag="account", who=PLAYER, answers={200: FactorState})
    async def factor_state() -> Response:
        """Say whether there is a second factor, and how this session stands."""
        return answer(_STATE, await read_state(desk, await require_login(desk.logins)))

    @app.post("/api/v1/me/second-factor")
    @limited(Rule.STEP_UP)
    @Page(tag="account", who=PLAYER, takes=PasswordShown, answers={201: FactorOffer}, refuses=_ON_REFUSALS)
    async def offer_secret() -> Response:
        """Draw a secret for an authenticator; it counts once it is confirmed."""
        login = await require_login(desk.logins)
        return answer(_OFFER, await offer_factor(desk, login, await read_body(_PASSWORD)), 201)

    @app.post("/api/v1/me/second-factor/confirm")
    @limited(Rule.STEP_UP)
    @Page(tag="account", who=PLAYER, takes=CodeShown, answers={200: RecoveryCodes}, refuses=_CODE_REFUSALS)
    async def confirm_secret() -> Response:
        """Let the secret count, by a code of it; gives recovery codes, this once."""
        login = await require_login(desk.logins)
        return answer(_RECOVERY, await confirm_factor(desk, login, await read_body(_CODE)))

    @app.post("/api/v1/me/second-factor/remove")
    @limited(Rule.STEP_UP)
    @Page(tag="account", who=PLAYER, takes=FactorRemoval, answers={204: None}, refuses=_CODE_REFUSALS)
    async def remove_secret() -> Response:
        """Take the second factor away, by password and code."""
        login = await require_login(desk.logins)
        await remove_factor(desk, login, await read_body(_REMOVAL))
        return Response(b"", status=204)

    @app.post("/api/v1/auth/step-up")
    @limited(Rule.STEP_UP)
    @Page(tag="account", who=PLAYER, takes=CodeShown, answers={200: FactorState}, refuses=_CODE_REFUSALS)
    async def show_code() -> Response:
        """Show a code, which counts in this session for some minutes."""
        login = await require_login(desk.logins)
        return answer(_STATE, await step_up(desk, login, await read_body(_CODE)))
