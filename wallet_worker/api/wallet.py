"""What players ask of their wallet; they show the token of their login at the router."""

from hashlib import sha256
from typing import Any

from quart import Blueprint, Response, request

from cardroom.ids import UserId
from cardroom.service.http import RefusedRequest
from cardroom.service.postgres import Postgres
from cardroom.service.redis import Redis, redis_errors
from cardroom.wire import keys
from cardroom.wire.refusals import Refusal
from wallet_worker.api.transactions import export_transactions, list_transactions
from wallet_worker.settings import OfficeSettings
from wallet_worker.store.read_balance import read_balance

_MAX_TOKEN_LETTERS = 128


def wallet_pages(postgres: Postgres, redis: Redis, settings: OfficeSettings) -> Blueprint:
    """Serve ``/api/v1/wallet``."""
    pages = Blueprint("wallet", __name__, url_prefix="/api/v1/wallet")

    @pages.get("/balance")
    async def balance() -> dict[str, Any]:
        found = await read_balance(postgres, await _who_asks(redis))
        return {
            "krw_balance": found.wallet,
            "pending_withdrawal_krw": found.pending,
            "on_tables_krw": found.on_tables,
        }

    @pages.get("/transactions")
    async def transactions() -> dict[str, Any]:
        return await list_transactions(postgres, await _who_asks(redis))

    @pages.get("/transactions.csv")
    async def export() -> Response:
        return await export_transactions(postgres, await _who_asks(redis), settings.csv_seconds)

    return pages


async def _who_asks(redis: Redis) -> UserId:
    """Find the login session of the bearer token; refused without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and 0 < len(token) <= _MAX_TOKEN_LETTERS:
        with redis_errors():
            user_id = await redis.hget(keys.login(sha256(token.encode()).hexdigest()), "user_id")
        if user_id is not None:
            return UserId(int(user_id))
    raise RefusedRequest(401, Refusal.NOT_AUTHENTICATED)
