"""The wallet worker's pages over a card room; "admin" shows "right", "kim" shows "other"."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from quart_trio import QuartTrio

from cardroom.ids import UserId
from cardroom.service.admin_guard import guard_admin_pages
from cardroom.service.http import make_app
from cardroom.service.logins import LoginLookup, LookupSettings
from cardroom.service.logs import Log
from cardroom.service.redis import Redis
from cardroom.wire import keys
from tests.cardroom.service.people import open_book
from tests.fakes.conformity import watch_answers
from tests.wallet_worker.house import LINK, LOG, House
from tests.wallet_worker.terms import HERE
from wallet_worker.api.admin import admin_pages
from wallet_worker.api.bodies import add_away_answers
from wallet_worker.api.office import Office
from wallet_worker.api.roles import PAGES
from wallet_worker.api.wallet import wallet_pages


def make_office(house: House, redis: Redis) -> QuartTrio:
    office = Office(house.database, LINK, LOG)
    app = guarded_app()
    add_away_answers(app, LOG)
    app.register_blueprint(admin_pages(office))
    logins = LoginLookup(redis, house.database, LookupSettings())
    app.register_blueprint(wallet_pages(house.database, logins, office.settings, HERE))
    watch_answers(app)
    return app


def guarded_app(log: Log = LOG) -> QuartTrio:
    """Give an app without pages, that lets in under ``/admin`` as the real one does."""
    app = make_app("wallet", log)
    guard_admin_pages(app, open_book(), PAGES)
    return app


def ordered(given: Mapping[str, object], **changes: object) -> dict[str, object]:
    """Give a body with a reason, and a key of its own for whatever it says."""
    body = {
        name: value
        for name, value in ({**given} | changes).items()
        if name not in ("reason", "idempotency_key")
    }
    key = sha256(repr(sorted(body.items())).encode()).hexdigest()
    return {"reason": "for a test", "idempotency_key": key} | body


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
