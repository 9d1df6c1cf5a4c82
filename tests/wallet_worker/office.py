"""The wallet worker's pages over a card room, and who asks there: two administrators and players."""

from hashlib import sha256
from typing import Any, Final

from quart_trio import QuartTrio

from cardroom.ids import UserId
from cardroom.service.http import make_app
from cardroom.service.logins import LoginLookup, LookupSettings
from cardroom.service.redis import Redis
from cardroom.service.settings import Admin, Secret
from cardroom.wire import keys
from tests.fakes.conformity import watch_answers
from tests.wallet_worker.house import LINK, LOG, House
from tests.wallet_worker.terms import HERE
from wallet_worker.api.admin import admin_pages
from wallet_worker.api.bodies import add_away_answers
from wallet_worker.api.office import Office
from wallet_worker.api.wallet import wallet_pages

ADMINS: Final = (Admin("admin", Secret("right")), Admin("kim", Secret("other")))
"""The first shows "right", the second "other"."""


def make_office(house: House, redis: Redis) -> QuartTrio:
    office = Office(house.database, LINK, ADMINS, LOG)
    app = make_app("wallet", LOG)
    add_away_answers(app)
    app.register_blueprint(admin_pages(office))
    logins = LoginLookup(redis, house.database, LookupSettings())
    app.register_blueprint(wallet_pages(house.database, logins, office.settings, HERE))
    watch_answers(app)
    return app


async def post(app: QuartTrio, path: str, body: Any, token: str = "right") -> tuple[int, Any]:
    answer = await app.test_client().post(path, json=body, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, await answer.get_json()


async def get(app: QuartTrio, path: str, token: str = "right") -> tuple[int, Any]:
    answer = await app.test_client().get(path, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, await answer.get_json()


async def log_in(redis: Redis, user_id: UserId) -> str:
    """Let a player be logged in; gives the token."""
    token = f"login of {user_id}"
    await redis.hset(
        keys.login(sha256(token.encode()).hexdigest()),
        {"user_id": str(user_id), "nickname": f"player {user_id}"},
    )
    return token
