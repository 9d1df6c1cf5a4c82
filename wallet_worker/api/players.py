"""Which player asks: by the bearer token of a login at the router."""

from quart import request

from cardroom.ids import UserId
from cardroom.service.entry import admit_user
from cardroom.service.http import RefusedRequest
from cardroom.service.logins import Login, LoginLookup
from cardroom.wire.refusals import Refusal


async def find_login(logins: LoginLookup) -> Login:
    """Find the login session of the bearer token; refused without one, or a blocked player's."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    login = await logins.find(token.strip()) if scheme.lower() == "bearer" else None
    if login is None:
        raise RefusedRequest(401, Refusal.NOT_AUTHENTICATED)
    await admit_user(login.user_id)
    return login


async def who_asks(logins: LoginLookup) -> UserId:
    """Give the player of the bearer token; refused as in ``find_login``."""
    return (await find_login(logins)).user_id
